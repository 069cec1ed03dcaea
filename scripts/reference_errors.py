"""The page on errors, read from the code: what a client is told, what the flow API says, what the engine raises."""

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import engine
from engine.contracts import AuthorError, CallerError, ExecutorFault, FlowError, OperatorError, TransientError
from protocols.oauth2.errors import OAuthError

ROOT = Path(__file__).resolve().parent.parent
# What makes an error: the error's name if the function stands for one, and where its text is among the arguments.
OAUTH = {
    "OAuthError": (None, 1),
    "invalid_request": ("invalid_request", 0),
    "_invalid_proof": ("invalid_dpop_proof", 0),
}
WHOSE = {
    AuthorError: "The author of a flow changes the flow",
    CallerError: "The caller asks for something else",
    OperatorError: "The operator changes the deployment",
    TransientError: "The same call may succeed later",
    ExecutorFault: "What an executor raises; a flow may retry or catch it",
}

HEAD = """# Errors

Codes stay; texts may become better. No text holds what somebody sent.

## What a client reads

The body has `error` and `error_description` (RFC 6749, CIBA Core sections 11 and 13). `…` is filled in."""


def errors_page() -> str:
    """Return every error with its code, its status and its words."""
    return "\n\n".join([HEAD, *_oauth(), *_problems(), *_raised()])


def _oauth() -> Iterator[str]:
    texts: dict[str, set[str]] = defaultdict(set)
    for call, name in calls("protocols", "lockhouse"):
        if name in OAUTH:
            fixed, place = OAUTH[name]
            error = fixed or text_of(call.args[0] if call.args else None)
            if error:
                texts[error].add(text_of(call.args[place] if len(call.args) > place else None))
    for error in sorted(texts):
        said = sorted(text for text in texts[error] if text)
        yield f"### `{error}` ({OAuthError(error).status})\n\n" + "\n".join(f"- {text}" for text in said or ["no text"])


def _problems() -> Iterator[str]:
    rows = set()
    for call, name in calls("engine/http"):
        match call.args:
            case [ast.Constant(value=int() as status), ast.Constant(value=str() as problem), text] if name == "Problem":
                rows.add(f"| {status} | `{problem}` | {text_of(text)} |")
            case _:
                continue
    yield "## What the flow API says\n\nProblems as RFC 9457 shapes them; `code` is the stable part."
    yield "\n".join(["| status | code | text |", "| --- | --- | --- |", *sorted(rows)])


def _raised() -> Iterator[str]:
    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        if not {"migrations", "testing"} & set(module.name.split(".")):
            importlib.import_module(module.name)
    yield "## What the engine raises\n\nGrouped by who can do something about it. `code` is an attribute of the class."
    for group, turn in WHOSE.items():
        rows = [f"| `{one.code}` | `{one.__name__}` | {about(one)} |" for one in sorted(below(group), key=_code)]
        yield f"### {turn}\n\n" + "\n".join(["| code | class | meaning |", "| --- | --- | --- |", *rows])


def _code(kind: type[FlowError]) -> tuple[str, str]:
    return kind.code, kind.__name__


def below(kind: type[FlowError]) -> set[type[FlowError]]:
    """Return every public class below *kind*."""
    found = {one for direct in kind.__subclasses__() for one in (direct, *below(direct))}
    return {one for one in found if not one.__name__.startswith("_") and one.__module__.startswith("engine.")}


def about(kind: type[object]) -> str:
    """Return the first sentence of what *kind* says of itself, as one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split()).replace("|", "\\|")


def calls(*folders: str) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call of a plain name below *folders*, with the name."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield node, node.func.id


def text_of(node: ast.expr | None) -> str:
    """Return a text that stands in the code, with `…` for what is filled in; nothing for what is computed.

    >>> text_of(ast.parse("f'at most {n} bytes'", mode="eval").body)
    'at most … bytes'
    """
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return ""
