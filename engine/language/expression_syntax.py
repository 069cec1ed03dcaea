"""From the source of an expression to terms: Jinja2's own parser, then the whitelist."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, cast

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from engine.language.expression_tokens import ENVIRONMENT, tokens
from engine.language.terms import (
    FILTERS,
    ROOTS,
    TESTS,
    Choice,
    Constant,
    ExpressionInvalid,
    Filtered,
    Item,
    Listed,
    Negative,
    Operation,
    Operator,
    Opposite,
    Part,
    Read,
    Term,
    Tested,
    reads,
)

_JOINING: Final[Mapping[type[nodes.BinExpr], Operator]] = {
    nodes.And: "and",
    nodes.Or: "or",
    nodes.Add: "add",
    nodes.Sub: "sub",
}
_LEAST: Final[Mapping[str, int]] = {"inputs": 2, "vars": 2, "execution": 2, "steps": 3}
_SHAPES: Final[Mapping[str, str]] = {
    "inputs": "inputs.NAME",
    "vars": "vars.NAME",
    "execution": "execution.NAME",
    "steps": "steps.NODE.NAME",
}


def parse_term(source: str) -> Term:
    """Return *source* as a term; ExpressionInvalid, with the place in *source*, where it is not one of ours."""
    term = _convert(_jinja_node(source))
    _refuse_bare_roots(term)
    return term


def _jinja_node(source: str) -> nodes.Expr:
    parser = Parser(ENVIRONMENT, "", state="variable")
    parser.stream = TokenStream(iter(tokens(source)), None, None)
    end = len(source.rstrip())
    try:
        parsed = parser.parse_expression()
        rest = parser.stream.current
    except TemplateSyntaxError as error:
        at = min(max(error.lineno - 1, 0), end)
        if parser.stream.current.type == "eof":
            raise ExpressionInvalid("LH231", "the expression stops too early", at=end) from error
        raise ExpressionInvalid("LH231", f"this cannot be read: {error.message}", at=at) from error
    if rest.type != "eof":
        raise ExpressionInvalid(
            "LH231",
            f"the expression ends before '{rest.value}'",
            at=rest.lineno - 1,
            length=len(str(rest.value)),
            hint="is an operator missing?",
        )
    return parsed


def _convert(node: nodes.Node) -> Term:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of node is the whitelist
    at = node.lineno - 1
    match node:
        case nodes.Const(value=value):
            return Constant(value, at)
        case nodes.Name() | nodes.Getattr():
            return _path(node)
        case nodes.Getitem(node=of, arg=index):
            return _item(of, index, at)
        case nodes.List(items=items):
            return Listed(tuple(_convert(item) for item in items), at)
        case nodes.Not(node=of):
            return Opposite(_convert(of), at)
        case nodes.Neg(node=of):
            return Negative(_convert(of), at)
        case nodes.Compare():
            return _comparison(node, at)
        case nodes.CondExpr():
            return _choice(node, at)
        case nodes.Filter():
            return _filtered(node, at)
        case nodes.Test():
            return _tested(node, at)
        case nodes.And() | nodes.Or() | nodes.Add() | nodes.Sub():
            return Operation(_JOINING[type(node)], _convert(node.left), _convert(node.right), at)
        case nodes.Call():
            raise ExpressionInvalid(
                "LH232", "nothing can be called in an expression", at=at, hint=f"filters are {', '.join(FILTERS)}"
            )
        case nodes.Tuple():
            raise ExpressionInvalid("LH232", "a list is written in square brackets", at=at)
        case _:
            raise ExpressionInvalid("LH232", f"{type(node).__name__} is not available in expressions", at=at)


def _path(node: nodes.Name | nodes.Getattr) -> Term:
    if isinstance(node, nodes.Name):
        if node.name not in ROOTS:
            raise _unknown_root(node.name, node.lineno - 1)
        return Read((node.name,), node.lineno - 1)
    return _longer(_convert(node.node), node.attr, node.lineno - 1)


def _longer(of: Term, name: str, at: int) -> Term:
    return Read((*of.path, name), of.at) if isinstance(of, Read) else Part(of, name, at)


def _unknown_root(name: str, at: int) -> ExpressionInvalid:
    near = get_close_matches(name, ROOTS, 1)
    hint = (
        f"did you mean '{near[0]}'?"
        if near
        else f"a text is written in quotes: '{name}'; values are {', '.join(_SHAPES.values())}"
    )
    return ExpressionInvalid("LH310", f"there is nothing called '{name}'", at=at, length=len(name), hint=hint)


def _item(of: nodes.Expr, index: nodes.Expr, at: int) -> Term:
    base = _convert(of)
    if isinstance(index, nodes.Slice | nodes.Tuple):
        raise ExpressionInvalid("LH232", "one entry is chosen by [0]; parts of lists cannot be cut out", at=at)
    chosen = _convert(index)
    if isinstance(chosen, Constant) and isinstance(chosen.value, str):
        if chosen.value.startswith("_"):
            raise ExpressionInvalid(
                "LH234", f"'{chosen.value}' begins with an underscore", at=chosen.at, length=len(chosen.value) + 2
            )
        return _longer(base, chosen.value, at)
    return Item(base, chosen, at)


def _comparison(node: nodes.Compare, at: int) -> Term:
    if len(node.ops) > 1:
        raise ExpressionInvalid(
            "LH232", "comparisons cannot be chained", at=node.ops[1].expr.lineno - 1, hint="write 'a < b and b < c'"
        )
    # Jinja2's parser gives the place after the comparison; the left side is where a reader looks.
    left = _convert(node.expr)
    return Operation(cast("Operator", node.ops[0].op), left, _convert(node.ops[0].expr), _leftmost(left, at))


def _leftmost(term: Term, at: int) -> int:
    return min(term.at, at)


def _choice(node: nodes.CondExpr, at: int) -> Term:
    if node.expr2 is None:
        raise ExpressionInvalid("LH232", "this 'if' has no 'else'", at=at, hint="write 'x if condition else y'")
    return Choice(_convert(node.test), _convert(node.expr1), _convert(node.expr2), at)


def _filtered(node: nodes.Filter, at: int) -> Term:
    if node.name not in FILTERS:
        raise _unknown("LH320", "filter", node.name, FILTERS, at)
    arguments = _arguments(node, at)
    allowed = 1 if node.name in {"default", "join"} else 0
    least = 1 if node.name == "default" else 0
    if not least <= len(arguments) <= allowed:
        wanted = ("no argument", "one argument")[allowed]
        raise ExpressionInvalid("LH232", f"the filter '{node.name}' takes {wanted}", at=at, length=len(node.name))
    of = cast("nodes.Node", node.node)  # only a {% filter %} block has none, and we parse no blocks
    return Filtered(_convert(of), node.name, arguments[0] if arguments else None, at)


def _tested(node: nodes.Test, at: int) -> Term:
    if node.name not in TESTS:
        raise _unknown("LH321", "test", node.name, TESTS, at)
    if _arguments(node, at):
        raise ExpressionInvalid("LH232", f"the test '{node.name}' takes no argument", at=at)
    return Tested(_convert(node.node), node.name, at)


def _arguments(node: nodes.Filter | nodes.Test, at: int) -> list[Term]:
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise ExpressionInvalid("LH232", "arguments are given by position, without names or stars", at=at)
    return [_convert(argument) for argument in node.args]


def _unknown(rule: str, kind: str, name: str, known: tuple[str, ...], at: int) -> ExpressionInvalid:
    near = get_close_matches(name, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
    return ExpressionInvalid(rule, f"there is no {kind} '{name}'", at=at, length=len(name), hint=hint)


def _refuse_bare_roots(term: Term) -> None:
    for read in reads(term):
        if len(read.path) < _LEAST[read.path[0]]:
            raise ExpressionInvalid(
                "LH235",
                f"'{'.'.join(read.path)}' alone is not a value",
                at=read.at,
                length=len(".".join(read.path)),
                hint=f"write {_SHAPES[read.path[0]]}",
            )
