"""Every outcome has a route, every route an outcome, and every end gives what it promises."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from engine.language.checks.names import FAULT_KINDS
from engine.language.diagnostics import Diagnostic, nearest
from engine.language.document import CallDraft, TaskDraft
from engine.language.graph import EndNode, PromptNode, WaitNode
from engine.language.study import Study


def check_outcomes(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every outcome, route or end that lacks its other half."""
    for name, node in study.document.nodes.items():
        match node:
            case TaskDraft() | CallDraft() | WaitNode():
                yield from _routed(study, name, node)
            case PromptNode():
                yield from _prompt(study, name, node)
            case EndNode():
                yield from _end(study, name, node)
            case _:
                pass
        if isinstance(node, TaskDraft):
            yield from _faults(study, name, node)
    yield from _unreached(study)


def _routed(study: Study, name: str, node: TaskDraft | CallDraft | WaitNode) -> Iterator[Diagnostic]:
    outcomes = study.outcomes_of(node)
    if outcomes is None:
        return
    allowed = (*outcomes, "fault") if not isinstance(node, WaitNode) else tuple(outcomes)
    yield from _missing(study, name, [outcome for outcome in outcomes if outcome not in node.routes], "outcome")
    for outcome in node.routes:
        if outcome not in allowed:
            span = study.document.spots.key("nodes", name, "routes", outcome)
            yield study.report(
                "LH402", span, f"'{name}' never has the outcome '{outcome}'", hint=nearest(outcome, allowed)
            )


def _missing(study: Study, name: str, missing: Collection[str], what: str) -> Iterator[Diagnostic]:
    if missing:
        listed = ", ".join(f"'{outcome}'" for outcome in missing)
        message = f"'{name}' has no route for the {what}{'s' if len(missing) > 1 else ''} {listed}"
        span = study.document.spots.key("nodes", name, "routes")
        yield study.report("LH401", span, message, hint=f"add routes: {{{next(iter(missing))}: NODE}}")


def _prompt(study: Study, name: str, node: PromptNode) -> Iterator[Diagnostic]:
    spots = study.document.spots
    if not node.routes and node.timeout is None:
        message = f"nobody can leave '{name}': it has no actions"
        yield study.report("LH408", spots.key("nodes", name), message, hint="add routes: {submit: NODE}")
        return
    if node.fields and not node.submits:
        span = spots.key("nodes", name, "submits")
        message = f"'{name}' asks for fields, and no action submits them"
        yield study.report("LH403", span, message, hint=f"write submits: [{next(iter(node.routes), 'submit')}]")
    elif node.fields or node.submits != ("submit",):
        missing = [action for action in node.submits if action not in node.routes]
        yield from _missing(study, name, missing, "submitting action")


def _end(study: Study, name: str, node: EndNode) -> Iterator[Diagnostic]:
    promised = study.document.outcomes.get(node.outcome)
    if promised is None:
        return
    spots = study.document.spots
    for given in node.fields:
        if given not in promised:
            span = spots.key("nodes", name, "with", given)
            hint = nearest(given, promised, "" if promised else "it has no fields")
            yield study.report("LH405", span, f"the outcome '{node.outcome}' has no field '{given}'", hint=hint)
    missing = [field for field, declaration in promised.items() if declaration.required and field not in node.fields]
    if missing:
        listed = ", ".join(f"'{field}' ({promised[field].type})" for field in missing)
        message = f"the outcome '{node.outcome}' promises {listed}"
        yield study.report("LH404", spots.value("nodes", name, "end"), message, hint=f"add with: {{{missing[0]}: …}}")


def _faults(study: Study, name: str, node: TaskDraft) -> Iterator[Diagnostic]:
    contract, spots = study.contracts.get(node.executor), study.document.spots
    if node.retry and contract is not None and not contract.repeatable:
        message = f"'{node.executor}' might do its work twice: its contract does not say that repeating it is safe"
        yield study.report(
            "LH410", spots.key("nodes", name, "retry"), message, hint="delete 'retry' and catch the fault"
        )
    seen: set[str] = set()
    for index, catch in enumerate(node.catch):
        errors = set(catch.errors or FAULT_KINDS)
        if errors <= seen:
            span = spots.key("nodes", name, "catch", index, "errors" if catch.errors else "to")
            yield study.report("LH409", span, "earlier entries catch this already", hint="put the general entry last")
        seen |= errors
    if "fault" in node.routes and set(FAULT_KINDS) <= seen:
        span = spots.key("nodes", name, "routes", "fault")
        yield study.report(
            "LH409", span, "'catch' has every fault already", hint="delete this route or the general entry"
        )


def _unreached(study: Study) -> Iterator[Diagnostic]:
    document = study.document
    given = {node.outcome for node in document.nodes.values() if isinstance(node, EndNode)}
    misspelt = given - document.outcomes.keys()
    given |= {near for name in misspelt for near in get_close_matches(name, document.outcomes, 1)}
    if document.broken:
        return
    for outcome in document.outcomes:
        if outcome not in given:
            span = document.spots.key("outcomes", outcome)
            message = f"no end gives the outcome '{outcome}'"
            yield study.report("LH407", span, message, hint=f"add a node with 'end: {outcome}', or delete it")
