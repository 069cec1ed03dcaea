"""A flow that answers a request must not outlive it: nothing may be approved after the request has run out."""

from __future__ import annotations

from collections.abc import Iterator

from engine.contracts import Scalar
from engine.language.diagnostics import Diagnostic
from engine.language.inference import Inference
from engine.language.study import Study
from engine.language.terms import Choice, Filtered, Operation, Read, Term
from engine.language.values import Expression

_ENDPOINT = Scalar("endpoint")
_TIME = Scalar("time")


def check_deadline(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic where a flow that answers a request may go on after the request's end."""
    answering = _answering(study)
    if answering is None:
        return
    document = study.document
    times = [name for name, declared in document.inputs.items() if declared.type == _TIME]
    hint = f"write deadline: {{at: =inputs.{times[0] if times else 'expires_at'}, to: NODE}}"
    if document.deadline is None:
        if not document.broken:
            message = f"'{answering}' answers a request, and this flow has no deadline: it may outlive the request"
            yield study.report("LH853", document.spots.key("flow"), message, hint=hint)
        return
    at = document.deadline.at
    if not isinstance(at, Expression) or not _no_later(study, at.term):
        message = "this may lie after the end of the request that the flow answers"
        yield study.report("LH853", document.spots.value("deadline", "at"), message, hint=hint)


def _answering(study: Study) -> str | None:
    """Return the first node that hands something to an endpoint."""
    return next(
        (
            placed.node
            for placed in study.values
            if placed.role == "argument" and placed.expected is not None and placed.expected.type == _ENDPOINT
        ),
        None,
    )


def _no_later(study: Study, term: Term) -> bool:
    """Return whether a time is one that the flow was given, or surely before it."""
    match term:
        case Read(path=(("inputs" | "execution"), *_)):
            return Inference(study).type_of(term) in (_TIME, None) and term.path != ("execution", "started_at")
        case Choice(then=then, otherwise=otherwise):
            return _no_later(study, then) and _no_later(study, otherwise)
        case Filtered(of=of, name="default", argument=argument) if argument is not None:
            return _no_later(study, of) and _no_later(study, argument)
        case Operation():
            return False  # a duration may be negative: neither + nor - is sure to bring it forward
        case _:
            return False
