"""Names that nothing bears: executors, nodes, signals, outcomes, and whatever an expression reads."""

from collections.abc import Iterable, Iterator

from engine.contracts import RecordOf, Scalar
from engine.language.diagnostics import Diagnostic, nearest
from engine.language.document import TaskDraft
from engine.language.graph import EndNode, WaitNode
from engine.language.inference import declared_along
from engine.language.study import Study, expressions, placed_targets
from engine.language.terms import EXECUTION_NAMES, Read, reads
from engine.language.values import Expression
from engine.language.yaml_tree import Path

FAULT_KINDS = ("transient", "refused", "fault")
# the code, which name of the path, the message, what could have been meant
Wrong = tuple[str, int, str, Iterable[str]]
ENGINE_FAULTS = (
    "abandoned",
    "answer_too_long",
    "arguments_invalid",
    "contract_broken",
    "deferred_timeout",
    "executor_failed",
    "executor_missing",
    "expression_failed",
    "outcome_invalid",
    "secret_lost",
    "step_budget",
    "timeout",
    "unknown_flow",
    "unknown_sender",
    "unrouted_outcome",
    "value_absent",
)


def check_names(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every name that is not there."""
    yield from _targets(study)
    yield from _nodes(study)
    yield from _settings(study)
    yield from _for_versions(study)
    for placed in study.values:
        for path, expression in expressions(placed):
            yield from _reads(study, path, expression)


def _targets(study: Study) -> Iterator[Diagnostic]:
    document, nodes = study.document, study.document.nodes
    if document.start and document.start not in nodes:
        span = document.spots.value("start")
        yield study.report("LH303", span, f"there is no node '{document.start}'", hint=nearest(document.start, nodes))
    if document.deadline and document.deadline.to not in nodes:
        to, span = document.deadline.to, document.spots.value("deadline", "to")
        yield study.report("LH303", span, f"there is no node '{to}'", hint=nearest(to, nodes))
    for placed in placed_targets(document):
        if (to := placed.target.to) not in nodes:
            span = document.spots.target(*placed.path)
            yield study.report("LH303", span, f"there is no node '{to}'", hint=nearest(to, nodes))


def _nodes(study: Study) -> Iterator[Diagnostic]:
    document, spots = study.document, study.document.spots
    for name, node in document.nodes.items():
        match node:
            case TaskDraft():
                yield from _task(study, name, node)
            case WaitNode(signal=signal) if signal not in document.signals:
                span = spots.value("nodes", name, "wait")
                hint = nearest(signal, document.signals, "declare it under 'signals'")
                yield study.report("LH306", span, f"there is no signal '{signal}'", hint=hint)
            case EndNode(outcome=outcome) if outcome not in document.outcomes:
                span = spots.value("nodes", name, "end")
                hint = nearest(outcome, document.outcomes, "declare it under 'outcomes'")
                yield study.report("LH307", span, f"there is no outcome '{outcome}'", hint=hint)
            case _:
                pass


def _task(study: Study, name: str, node: TaskDraft) -> Iterator[Diagnostic]:
    spots = study.document.spots
    contract = study.contracts.get(node.executor)
    if contract is None:
        span = spots.value("nodes", name, "task")
        hint = nearest(node.executor, study.contracts, "no executor is installed")
        yield study.report("LH301", span, f"there is no executor '{node.executor}'", hint=hint)
        return
    known = (*FAULT_KINDS, *ENGINE_FAULTS, *contract.faults)
    named: list[tuple[Path, tuple[str, ...]]] = [
        (("nodes", name, "catch", index, "errors"), catch.errors) for index, catch in enumerate(node.catch)
    ]
    if node.retry:
        named.append((("nodes", name, "retry", "errors"), node.retry.errors))
    for path, errors in named:
        for index, error in enumerate(errors):
            if error not in known:
                span = spots.value(*path, index)
                message = f"'{node.executor}' has no fault '{error}'"
                own = (*FAULT_KINDS, *contract.faults)
                hint = nearest(error, known, f"write one of {', '.join(own)}")
                yield study.report("LH308", span, message, hint=hint)


def _settings(study: Study) -> Iterator[Diagnostic]:
    document = study.document
    for placed in placed_targets(document):
        for name in placed.target.set:
            if name not in document.variables:
                span = document.spots.key(*placed.path, "set", name)
                hint = nearest(name, document.variables, f"declare it: vars: {{{name}: …}}")
                yield study.report("LH312", span, f"there is no variable '{name}'", hint=hint)


def _for_versions(study: Study) -> Iterator[Diagnostic]:
    """Check what ``keep`` and ``migrate`` name: values and nodes of this version."""
    document, spots = study.document, study.document.spots
    for index, kept in enumerate(document.keep):
        wrong = _wrong(study, Read(tuple(kept.split(".")), 0))
        if wrong is not None:
            code, depth, message, known = wrong
            yield study.report(code, spots.value("keep", index), message, hint=nearest(kept.split(".")[depth], known))
    for old, new in document.migrate.nodes.items() if document.migrate else ():
        if new not in document.nodes:
            span = spots.value("migrate", "nodes", old)
            yield study.report("LH303", span, f"there is no node '{new}'", hint=nearest(new, document.nodes))


def _reads(study: Study, path: Path, expression: Expression) -> Iterator[Diagnostic]:
    for read in reads(expression.term):
        wrong = _wrong(study, read)
        if wrong is not None:
            code, depth, message, known = wrong
            at, length = _segment(expression.source, read, depth)
            span = study.document.spots.inside(path, at, length)
            yield study.report(code, span, message, hint=nearest(read.path[depth], known))


def _segment(source: str, read: Read, depth: int) -> tuple[int, int]:
    """Return where a name of the path stands in the source; the whole path where it is written with brackets."""
    before = ".".join(read.path[:depth]) + "."
    if source.startswith(before + read.path[depth], read.at):
        return read.at + len(before), len(read.path[depth])
    return read.at, len(read.path[0])


def _wrong(study: Study, read: Read) -> Wrong | None:
    document, path = study.document, read.path
    root, name = path[0], path[1]
    known, code, message = {
        "inputs": (tuple(document.inputs), "LH311", f"there is no input '{name}'"),
        "vars": (tuple(document.variables), "LH312", f"there is no variable '{name}'"),
        "execution": (EXECUTION_NAMES, "LH315", f"an execution has no '{name}'"),
        "steps": (tuple(document.nodes), "LH313", f"there is no node '{name}'"),
    }[root]
    if name not in known:
        return code, 1, message, known
    if root == "steps":
        produced = study.produced(name)
        if produced is None:
            return None
        if path[2] not in produced:
            return "LH314", 2, f"node '{name}' produces no '{path[2]}'", produced
    return _wrong_part(study, path)


def _wrong_part(study: Study, path: tuple[str, ...]) -> Wrong | None:
    first = 2 if path[0] == "steps" else 1
    along = list(declared_along(study, path))
    reached = first + len(along)
    if not along or reached >= len(path) or along[-1].type == Scalar("json"):
        return None
    whole, name = along[-1].type, path[reached]
    if isinstance(whole, RecordOf):
        return "LH316", reached, f"{whole} has no part '{name}'", whole.fields
    if whole == Scalar("message"):
        return None
    return "LH316", reached, f"a value of type {whole} has no parts", ()
