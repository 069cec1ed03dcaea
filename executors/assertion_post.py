"""Signs a proven approval and hands it to a callback; ciba.md "Assertion and callback".

A callback in this process is applied inside the transaction that records the result, so that the approval and the
flow's next state are one commit. One elsewhere gets an HTTP POST, retried by the node. What the receiver checks,
and what an approval means to it, is the receiver's affair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine import Commit, Context, Contract, Done, Fault, Transient

if TYPE_CHECKING:
    from engine.storage import Unit  # a check of flows needs the contracts, and no database

LIFE: Final = timedelta(seconds=60)
_LATER: Final = frozenset({408, 425, 429})


class AssertionSigner(Protocol):
    """Whoever holds the assertion key, which signs nothing else."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return *claims* as a compact JWS with ``typ: lockhouse-assertion+jwt`` in its header."""
        ...


class CallbackAnswer(Protocol):
    """What a local callback says."""

    @property
    def accepted(self) -> bool:
        """Whether the approval was applied, now or at an earlier time under the same jti."""
        ...

    @property
    def reason(self) -> str:
        """Why not; for logs and for the flow."""
        ...


class Callback(Protocol):
    """The callbacks in this process."""

    def receive(self, unit: Unit, name: str, assertion: str, now: datetime) -> CallbackAnswer:
        """Verify *assertion* and apply it to *unit*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A receiver's answer, whatever its status."""

    status: int
    body: bytes = field(repr=False)


class AssertionCourier(Protocol):
    """Whatever posts to callbacks elsewhere."""

    async def post(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        """Post *form*; Transient where no answer came, Refused where this address may never be called."""
        ...


class AssertionPost:
    """The executor ``assertion_post``. *local* holds the callbacks in this process, *remote* others' addresses."""

    contract = Contract.declare(
        name="assertion_post",
        summary="Hands a proven approval, signed, to the callback that the protocol layer registered.",
        effect="external",
        takes_key=True,
        inputs={
            "callback": "endpoint",
            "correlation": "id",
            "subject": "id",
            "methods": "list of string",
            "granted": "list of string",
            "authenticated_at": "time",
        },
        outcomes={"accepted": {}, "refused": {"reason": "string"}},
        requires={
            "subject": "authentication",
            "methods": "authentication",
            "authenticated_at": "authentication",
            "granted": "consent",
        },
        faults={
            "callback_unknown": "no callback is registered under this name",
            "callback_unreachable": "the callback did not answer; worth another try",
            "callback_unreadable": "the callback's answer is not what was agreed on",
        },
    )

    def __init__(
        self,
        *,
        issuer: str,
        signer: AssertionSigner,
        local: Mapping[str, Callback],
        remote: Mapping[str, str] | None = None,
        courier: AssertionCourier | None = None,
    ) -> None:
        self._issuer = issuer
        self._signer = signer
        self._local = dict(local)
        self._remote = dict(remote or {})
        if self._remote and courier is None:
            raise ValueError("remote callbacks need a courier: give `courier`, or no `remote`")
        self._courier = courier

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Commit | Done:
        """Sign, and hand over: in the recording transaction, or by HTTP at once."""
        name: str = inputs["callback"]
        if name not in self._local and name not in self._remote:
            raise Fault("callback_unknown", f"no callback is named {name!r}; register it where executors are made")
        assertion = self._signer.sign(claims_of(self._issuer, context, inputs))
        if (callback := self._local.get(name)) is not None:
            return Commit(lambda unit: _answered(callback.receive(unit, name, assertion, context.now)))
        return await self._post(self._remote[name], assertion)

    async def _post(self, url: str, assertion: str) -> Done:
        assert self._courier is not None  # noqa: S101 - the constructor saw to it
        answer = await self._courier.post(url, {"assertion": assertion})
        return read_answer(answer)


def claims_of(issuer: str, context: Context, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the assertion says. Its ``jti`` is the task's key: a repeat says the same thing again."""
    now = int(context.now.timestamp())
    return {
        "iss": issuer,
        "aud": inputs["callback"],
        "sub": inputs["subject"],
        "jti": context.key,
        "iat": now,
        "exp": now + int(LIFE.total_seconds()),
        "auth_time": int(inputs["authenticated_at"].timestamp()),
        "execution": context.execution,
        "flow": context.flow,
        "flow_digest": context.digest,
        "correlation": inputs["correlation"],
        "methods": list(inputs["methods"]),
        "granted": list(inputs["granted"]),
    }


def read_answer(answer: HttpAnswer) -> Done:
    """Return what a remote receiver decided.

    >>> read_answer(HttpAnswer(status=409, body=b'{"accepted": false, "reason": "decided"}')).outcome
    'refused'
    """
    if answer.status >= 500 or answer.status in _LATER:
        raise Transient("callback_unreachable", f"the callback answered with status {answer.status}")
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("accepted"), bool):
        raise Fault("callback_unreadable", f"expected JSON with `accepted`, found something else ({answer.status})")
    accepted = told["accepted"] and 200 <= answer.status < 300
    reason = told.get("reason")
    return _outcome(accepted, reason if isinstance(reason, str) and reason else f"http_{answer.status}")


def _answered(answer: CallbackAnswer) -> Done:
    return _outcome(answer.accepted, answer.reason)


def _outcome(accepted: bool, reason: str) -> Done:
    return Done("accepted") if accepted else Done("refused", {"reason": reason or "not_accepted"})
