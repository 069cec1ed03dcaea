"""What tasks and calls are given: flows that exist, no recursion, every input and no other."""

from collections.abc import Iterator

from engine.language.diagnostics import Diagnostic, nearest
from engine.language.document import CallDraft, FlowDocument, TaskDraft
from engine.language.study import Study


def check_calls(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every unknown flow, recursion, missing or surplus argument."""
    for name, node in study.document.nodes.items():
        if isinstance(node, CallDraft):
            yield from _callee(study, name, node)
        if isinstance(node, TaskDraft | CallDraft):
            yield from _arguments(study, name, node)


def _callee(study: Study, name: str, node: CallDraft) -> Iterator[Diagnostic]:
    span = study.document.spots.value("nodes", name, "call")
    called = f"{node.flow}@{node.major}"
    callee = study.callees.get(called)
    if callee is None:
        majors = sorted(other for other in study.callees if other.startswith(f"{node.flow}@"))
        hint = (
            f"there is {', '.join(majors)}"
            if majors
            else nearest(called, study.callees, "no other flow is checked with it")
        )
        yield study.report("LH302", span, f"there is no flow '{called}'", hint=hint)
    elif (chain := _chain_back(study, callee, (study.document.reference,))) is not None:
        message = f"this flow would call itself: {' → '.join(chain)}"
        yield study.report("LH317", span, message, hint="a flow cannot contain itself; use a route back and max_visits")


def _chain_back(study: Study, document: FlowDocument, chain: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the calls that lead from *document* back to the first of *chain*, if any do."""
    longer = (*chain, document.reference)
    if document.reference == chain[0]:
        return longer
    if document.reference in chain:
        return None
    called = {f"{node.flow}@{node.major}" for node in document.nodes.values() if isinstance(node, CallDraft)}
    found = (_chain_back(study, study.callees[name], longer) for name in sorted(called) if name in study.callees)
    return next((back for back in found if back is not None), None)


def _arguments(study: Study, name: str, node: TaskDraft | CallDraft) -> Iterator[Diagnostic]:
    wanted = study.inputs_of(node)
    if wanted is None:
        return
    spots, kind = study.document.spots, "task" if isinstance(node, TaskDraft) else "call"
    whose = f"'{node.executor}'" if isinstance(node, TaskDraft) else f"'{node.flow}@{node.major}'"
    for given in node.arguments:
        if given not in wanted:
            span = spots.key("nodes", name, "with", given)
            yield study.report(
                "LH304",
                span,
                f"{whose} takes no '{given}'",
                hint=nearest(given, wanted, "" if wanted else "it takes nothing"),
            )
    missing = [key for key, declaration in wanted.items() if declaration.required and key not in node.arguments]
    if missing:
        span = spots.value("nodes", name, kind)
        listed = ", ".join(f"'{key}' ({wanted[key].type})" for key in missing)
        yield study.report("LH305", span, f"{whose} needs {listed}", hint=f"add with: {{{missing[0]}: …}}")
