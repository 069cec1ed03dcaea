"""Compiling terms to closures: an expression is parsed once and then costs about a microsecond each time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.language.expression_syntax import parse_term
from engine.language.operations import FILTERS, OPERATORS, TESTS, Absent, item, joined, negate, part, present
from engine.language.terms import (
    Choice,
    Constant,
    Filtered,
    Item,
    Listed,
    Negative,
    Operation,
    Opposite,
    Part,
    Read,
    Term,
    Tested,
    reads,
)
from engine.language.values import Expression, Scope

Run = Callable[[Scope], Any]
_NOTHING: Final[Mapping[str, Any]] = {}


def compile_expression(source: str) -> Expression:
    """Return the expression that *source* (without its ``=``) writes; ExpressionInvalid where it writes none.

    >>> compile_expression("inputs.amount + 1").evaluate({"inputs": {"amount": 2}})
    3
    """
    term = parse_term(source)
    return Expression(
        source=source, reads=frozenset(read.path for read in reads(term)), term=term, run=_checked(_compile(term))
    )


def _checked(run: Run) -> Run:
    def checked(scope: Scope) -> Any:
        found = run(scope)
        return present(found) if found.__class__ is Absent else found

    return checked


def _compile(term: Term) -> Run:  # noqa: C901, PLR0911 - one line for each kind of term
    match term:
        case Constant(value=value):
            return lambda _scope: value
        case Read(path=path):
            return _read(path)
        case Part(of=of, name=name):
            inner = _compile(of)
            return lambda scope: part(inner(scope), name, name)
        case Item(of=of, index=index):
            inner, chosen = _compile(of), _compile(index)
            return lambda scope: item(inner(scope), chosen(scope))
        case Listed(items=items):
            runs = tuple(_compile(entry) for entry in items)
            return lambda scope: [present(run(scope)) for run in runs]
        case Opposite(of=of):
            inner = _compile(of)
            return lambda scope: not present(inner(scope))
        case Negative(of=of):
            inner = _compile(of)
            return lambda scope: negate(inner(scope))
        case Operation():
            return _operation(term)
        case Choice(test=test, then=then, otherwise=otherwise):
            asked, yes, no = _compile(test), _compile(then), _compile(otherwise)
            return lambda scope: yes(scope) if present(asked(scope)) else no(scope)
        case Filtered():
            return _filtered(term)
        case Tested(of=of, name=name):
            inner, test_of = _compile(of), TESTS[name]
            return lambda scope: test_of(inner(scope))


def _read(path: tuple[str, ...]) -> Run:
    root, *inner, last = path
    whole = ".".join(path)
    if root == "steps":
        return _read_step(inner[0], [*inner[1:], last], whole)

    def run_short(scope: Scope) -> Any:
        value: Any = scope.get(root, _NOTHING)
        if value.__class__ is dict and last in value:
            return value[last]
        return part(value, last, whole)

    def run(scope: Scope) -> Any:
        value: Any = scope.get(root, _NOTHING)
        for name in inner:
            value = part(value, name, whole)
        return part(value, last, whole)

    return run if inner else run_short


def _read_step(node: str, names: list[str], whole: str) -> Run:
    # A node that was not visited has produced nothing: what it would have produced is absent, like any optional.
    def run(scope: Scope) -> Any:
        value: Any = scope.get("steps", _NOTHING).get(node, _NOTHING)
        for name in names:
            value = part(value, name, whole)
        return value

    return run


def _operation(term: Operation) -> Run:
    left, right = _compile(term.left), _compile(term.right)
    if term.operator == "and":
        return lambda scope: right(scope) if present(chosen := left(scope)) else chosen
    if term.operator == "or":
        return lambda scope: chosen if present(chosen := left(scope)) else right(scope)
    operator = OPERATORS[term.operator]
    if isinstance(term.right, Constant):
        value = term.right.value
        return lambda scope: operator(left(scope), value)
    return lambda scope: operator(left(scope), right(scope))


def _default(inner: Run, fallback: Run) -> Run:
    def run(scope: Scope) -> Any:
        # Both are computed, as a filter's arguments always are.
        found, instead = inner(scope), fallback(scope)
        return instead if found.__class__ is Absent else found

    return run


def _filtered(term: Filtered) -> Run:
    inner = _compile(term.of)
    if term.name == "default" and term.argument is not None:
        return _default(inner, _compile(term.argument))
    if term.name == "join":
        separator = _compile(term.argument) if term.argument is not None else lambda _scope: ""
        return lambda scope: joined(inner(scope), separator(scope))
    run = FILTERS[term.name]
    return lambda scope: run(inner(scope))
