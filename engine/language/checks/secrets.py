"""Passwords and codes go from the prompt to the one task that takes them; secret values stay among secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.contracts import Declaration, ListOf, RecordOf, ValueType
from engine.language.diagnostics import Diagnostic
from engine.language.document import BrokenDraft, TaskDraft
from engine.language.graph import PromptNode
from engine.language.inference import declared_along
from engine.language.study import PlacedValue, Study, expressions
from engine.language.terms import Read, reads
from engine.language.values import Expression, Literal
from engine.language.yaml_tree import Path


def check_secrets(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every secret that would be kept, shown or sent on a detour."""
    yield from _kept(study)
    leaving = list(_places(study))
    yield from leaving
    yield from _detours(study, untaken=not leaving)
    yield from _retries(study)


def _places(study: Study) -> Iterator[Diagnostic]:
    for placed in study.values:
        if placed.role == "argument" and placed.expected is None:
            continue  # nobody knows yet what the task takes; the unknown name itself is reported
        yield from _written_down(study, placed)
        for path, expression in expressions(placed):
            yield from _leaving(study, placed, path, expression)


def _kept(study: Study) -> Iterator[Diagnostic]:
    document = study.document
    groups: list[tuple[Path, str, Mapping[str, Declaration]]] = [
        (("inputs",), "an input", document.inputs),
        (("vars",), "a variable", document.variables),
        *((("outcomes", name), "an outcome", fields) for name, fields in document.outcomes.items()),
        *((("signals", name, "payload"), "a signal", signal.payload) for name, signal in document.signals.items()),
    ]
    for path, what, declarations in groups:
        for name, declaration in declarations.items():
            if declaration.held:
                message = f"{what} is stored, and a {declaration.type} is never stored"
                hint = "ask for it in a prompt that leads to the task that takes it"
                yield study.report("LH803", document.spots.key(*path, name), message, hint=hint)


def _written_down(study: Study, placed: PlacedValue) -> Iterator[Diagnostic]:
    if placed.expected is not None and placed.expected.held and isinstance(placed.value, Literal):
        span = study.document.spots.value(*placed.path)
        message = f"a {placed.expected.type} never stands in a flow"
        yield study.report("LH801", span, message, hint="ask for it in a prompt")


def _leaving(study: Study, placed: PlacedValue, path: Path, expression: Expression) -> Iterator[Diagnostic]:
    for read in reads(expression.term):
        along = list(declared_along(study, read.path))
        if not (along and (along[-1].held or _hides(along))):
            continue
        span = study.document.spots.inside(path, read.at, len(".".join(read.path)))
        if along[-1].held:
            if not _goes_whole_into_a_secret(study, placed, read):
                message = f"'{'.'.join(read.path)}' is a {along[-1].type}, and this is no place for one"
                hint = "hand it, as it is, to the task that checks it"
                yield study.report("LH801", span, message, hint=hint)
        elif not _may_take_secret(placed, along):
            message = f"'{'.'.join(read.path)}' is secret, and would be shown or stored openly here"
            yield study.report("LH805", span, message, hint="leave it out, or declare the receiver 'secret: true'")


def _goes_whole_into_a_secret(study: Study, placed: PlacedValue, read: Read) -> bool:
    whole = isinstance(placed.value, Expression) and placed.value.term == read
    to_task = placed.node is not None and isinstance(study.document.nodes[placed.node], TaskDraft)
    held = placed.expected is None or placed.expected.held  # what nobody knows may well take it
    return placed.role == "argument" and to_task and whole and held


def _hides(along: Sequence[Declaration]) -> bool:
    """Return whether a value is secret, lies in a secret one or has a secret part."""
    return any(declaration.secret for declaration in along) or has_secret_part(along[-1].type)


def _may_take_secret(placed: PlacedValue, along: Sequence[Declaration]) -> bool:
    if placed.role == "when":
        return True
    if placed.expected is None or placed.role in {"choose", "default"}:
        return False
    whole = not any(declaration.secret for declaration in along)
    return placed.expected.takes_secrets or (whole and placed.expected.type == along[-1].type)


def has_secret_part(value_type: ValueType) -> bool:
    """Return whether a record, or a list of records, has a part that is declared secret."""
    match value_type:
        case ListOf(item):
            return has_secret_part(item)
        case RecordOf(fields):
            return any(part.secret or has_secret_part(part.type) for part in fields.values())
        case _:
            return False


def _detours(study: Study, *, untaken: bool) -> Iterator[Diagnostic]:
    for name, node in study.document.nodes.items():
        if isinstance(node, PromptNode):
            held = [field for field, asked in node.fields.items() if asked.declaration.held]
            if held:
                yield from _detours_of(study, name, node, held, untaken=untaken)


def _detours_of(study: Study, name: str, node: PromptNode, held: list[str], *, untaken: bool) -> Iterator[Diagnostic]:
    spots = study.document.spots
    readers = {field: _readers(study, ("steps", name, field)) for field in held}
    for field, found in readers.items():
        if not found and untaken and not any(isinstance(other, BrokenDraft) for other in study.document.nodes.values()):
            span = spots.key("nodes", name, "fields", field)
            message = f"nobody takes '{field}'"
            yield study.report("LH802", span, message, hint=f"hand it to a task: with: {{…: =steps.{name}.{field}}}")
        for placed in found[1:]:
            if placed.node != found[0].node:
                message = f"'{field}' is taken by '{found[0].node}' already, and lives only until then"
                yield study.report("LH802", spots.value(*placed.path), message, hint="hand it to one task only")
    takers = {found[0].node for found in readers.values() if found}
    for action in node.submits:
        target = node.routes.get(action)
        if target is not None and target.to in study.document.nodes and takers and takers != {target.to}:
            span = spots.target("nodes", name, "routes", action)
            listed = " and ".join(f"'{taker}'" for taker in sorted(str(taker) for taker in takers))
            message = f"this must lead directly to {listed}, which takes '{held[0]}'"
            yield study.report("LH802", span, message, hint="what is to come before it comes before the prompt")


def _readers(study: Study, path: tuple[str, ...]) -> list[PlacedValue]:
    return [
        placed
        for placed in study.values
        if isinstance(placed.value, Expression)
        and isinstance(placed.value.term, Read)
        and placed.value.term.path == path
        and _goes_whole_into_a_secret(study, placed, placed.value.term)
    ]


def _retries(study: Study) -> Iterator[Diagnostic]:
    for name, node in study.document.nodes.items():
        if isinstance(node, TaskDraft) and node.retry and node.retry.backoff:
            contract = study.contracts.get(node.executor)
            if contract is not None and contract.takes_secrets:
                span = study.document.spots.key("nodes", name, "retry", "backoff")
                message = (
                    f"'{node.executor}' takes a secret, which lives in memory only: it is retried at once or never"
                )
                yield study.report("LH804", span, message, hint="delete 'backoff'")
