"""Answers, faults and errors of the contracts hold no secret where somebody may look."""

import inspect

from engine import contracts
from engine.contracts import (
    Done,
    FieldProblem,
    FlowError,
    InvalidFields,
    Message,
    Refused,
    Transient,
    UnknownFlow,
    errors,
)


def test_values_stay_out_of_reprs() -> None:
    message = Message(sender="email", payload={"body": "hunter2"}, delivered_fields={"x": "hunter2"})
    assert "hunter2" not in repr(message)
    assert "hunter2" not in repr(Done("done", {"x": "hunter2"}, send=(message,)))


def test_a_fault_has_a_kind_and_a_reason() -> None:
    fault = Transient("mail_away", "no connection")
    assert (fault.kind, fault.reason, str(fault)) == ("transient", "mail_away", "mail_away: no connection")
    assert (Refused("no").kind, str(Refused("no"))) == ("refused", "no")


def test_every_public_error_has_a_code_of_its_own() -> None:
    found = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, FlowError)]
    codes = [kind.code for kind in found]
    assert len(codes) > 15
    assert len(set(codes)) == len(codes)


def test_errors_say_what_was_found_and_what_is_there() -> None:
    assert str(UnknownFlow("logn", ["login"])) == "there is no flow 'logn'; loaded flows: login"
    problem = FieldProblem(field="a", code="required", message="this must be given")
    assert str(InvalidFields([problem])) == "a: this must be given"


def test_the_door_exports_what_it_says() -> None:
    assert list(contracts.__all__) == sorted(
        contracts.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    assert all(hasattr(contracts, name) for name in contracts.__all__)
