"""Checks an executor's answer against its contract, as the engine does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from engine import Commit, Contract, Done
from engine.storage import Unit

# The fakes keep what they are told in memory: what they get as a unit is only passed through.
NO_UNIT = cast("Unit", object())
_NATIVE = {"string": str, "id": str, "integer": int, "time": datetime, "duration": timedelta}


def settled(contract: Contract, answer: object) -> tuple[str, Mapping[str, Any]]:
    """Return outcome and fields, after what the engine would do with *answer*; the fields must be the declared ones."""
    done = answer.act(NO_UNIT) if isinstance(answer, Commit) else answer
    assert isinstance(done, Done)
    declared = contract.outcomes[done.outcome]
    assert set(done.fields) == set(declared), f"outcome {done.outcome} declares {set(declared)}"
    for name, value in done.fields.items():
        kind = str(declared[name].type)
        if kind.startswith("list of "):
            assert isinstance(value, list)
            assert all(isinstance(part, _NATIVE[kind.removeprefix("list of ")]) for part in value)
        else:
            assert isinstance(value, _NATIVE[kind])
    return done.outcome, done.fields
