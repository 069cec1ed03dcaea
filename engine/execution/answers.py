"""Checking what a person submits at a prompt: every bad field is named at once, and nothing is stored of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.contracts import Declaration, FieldProblem, ListOf, check_value, decode_value
from engine.execution.state import Handle
from engine.language.graph import PromptField, PromptNode
from engine.language.values import ExpressionFailed, Scope, evaluate


def read_answer(
    node: PromptNode, action: str, values: Mapping[str, Any], scope: Scope
) -> tuple[dict[str, Any], tuple[FieldProblem, ...]]:
    """Return what ``steps.NODE`` holds after *action*, and what is wrong with *values*.

    An action that does not submit takes no values: those that a form sends along are ignored. A default is what a
    person sees first; it never stands in for an answer that is missing.
    """
    taken: dict[str, Any] = {"action": action}
    if action not in node.submits:
        return taken, ()
    problems = [
        FieldProblem(field=name, code="unknown", message="no field has this name")
        for name in values
        if name not in node.fields
    ]
    for name, asked in node.fields.items():
        if _is_absent(name, asked, values):
            if not asked.declaration.optional:
                problems.append(FieldProblem(field=name, code="required", message="this must be given"))
            continue
        given = values[name]
        problems += (found := _check(name, asked, given, scope))
        if not found:
            taken[name] = given if isinstance(given, Handle) else decode_value(asked.declaration, given)
    return taken, tuple(problems)


def choices(asked: PromptField, scope: Scope) -> tuple[Mapping[str, Any], ...] | None:
    """Return what the field lets a person choose from, as records with at least ``name``; None where it is free.

    A ``choose`` that cannot be computed offers nothing.
    """
    if asked.choose is None:
        return None
    try:
        offered = evaluate(asked.choose, scope)
    except ExpressionFailed:
        return ()
    if not isinstance(offered, Sequence) or isinstance(offered, str):
        return ()
    records = (each if isinstance(each, Mapping) else {"name": each} for each in offered)
    return tuple(record for record in records if "name" in record)


def _is_absent(name: str, asked: PromptField, values: Mapping[str, Any]) -> bool:
    # An empty text is no answer: a browser sends one for every field that was left alone.
    return name not in values or (values[name] == "" and asked.declaration.min != 0)


def _check(name: str, asked: PromptField, given: Any, scope: Scope) -> tuple[FieldProblem, ...]:
    if isinstance(given, Handle) and asked.declaration.held:
        return ()
    if problems := check_value(asked.declaration, given, field=name):
        return problems
    offered = choices(asked, scope)
    return () if offered is None else _check_choice(name, asked.declaration, given, offered)


def _check_choice(
    name: str, declaration: Declaration, given: Any, offered: Sequence[Mapping[str, Any]]
) -> tuple[FieldProblem, ...]:
    known = [record["name"] for record in offered]
    chosen = list(given) if isinstance(declaration.type, ListOf) else [given]
    if any(each not in known for each in chosen):
        return (FieldProblem(field=name, code="choice", message="this is not one of the choices"),)
    if any(each in chosen[:index] for index, each in enumerate(chosen)):
        return (FieldProblem(field=name, code="choice", message="the same choice was taken twice"),)
    if left_out := sorted(str(each["name"]) for each in offered if each.get("required") and each["name"] not in chosen):
        return (
            FieldProblem(
                field=name,
                code="choice_required",
                message=f"these cannot be left out: {', '.join(left_out)}",
                params={"choices": left_out},
            ),
        )
    return ()
