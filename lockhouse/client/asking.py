"""The conversations about one request: ask, wait, poll once, take back; and what a notification means."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lockhouse.client.approval_request import ApprovalRequest
from lockhouse.client.connection import Connection
from lockhouse.client.errors import AnswerLost, CibaClientError, ProviderInvalid, StillPending, TokenInvalid
from lockhouse.client.exchange import Answer, Steps, rest
from lockhouse.client.notifications import Line, News, Notifications, auth_req_id_in
from lockhouse.client.polling import Decision, Granted, Over, PollAt, Wait, begin, hear, hold
from lockhouse.client.results import Approved, Asked, Denied, Expired, Failed, Outcome, Pending
from lockhouse.client.signing import PrivateKey
from lockhouse.client.token_answers import is_number, read_tokens

__all__ = ["Asking"]

GRANT: Final = "urn:openid:params:grant-type:ciba"
# A ping may be lost, or reach another process of ours: now and then we look for ourselves.
_BESIDE_PINGS: Final = 30.0
_GRACE_FOR_PUSH: Final = 60.0
# CIBA Core section 7.3: what a client assumes where no interval is told.
_USUAL_INTERVAL: Final = 5.0
_KEY: Final = re.compile(r"[\x20-\x7e]{1,128}", re.ASCII)


class Asking:
    """What one client does about its requests, as conversations for a shell to hold."""

    def __init__(
        self,
        connection: Connection,
        *,
        signing_key: PrivateKey | None,
        notifications: Notifications | None,
        long_poll: bool,
    ) -> None:
        self._connection, self._signing_key = connection, signing_key
        self._notifications, self._long_poll = notifications, long_poll

    def ask(self, request: ApprovalRequest, key: str | None) -> Steps[Asked]:
        """Have somebody asked (CIBA Core section 7.1); the same *key* and request once more are the same question."""
        key = str(uuid.uuid4()) if key is None else key
        if not _KEY.fullmatch(key):
            raise ValueError("expected a key of 1 to 128 printable characters")
        token = None if self._notifications is None else self._notifications.token(key)
        # Before the provider knows the token: a ping may overtake the answer.
        line = self._line(key)
        try:
            answer = yield from self._sent(request, token, key)
            asked = _asked(answer, now=self._connection.clock.now(), key=key, message=request.binding_message)
        except CibaClientError:
            self._close(key)
            raise
        if line is not None:
            line.auth_req_id, line.expires_at = asked.auth_req_id, asked.expires_at
        return asked

    def wait(self, asked: Asked, seconds: float | None) -> Steps[Outcome]:
        """Return how it ended; raise StillPending where *seconds* pass before."""
        clock, line = self._connection.clock, self._line(asked.key)
        until = None if seconds is None else clock.steady() + seconds
        # Once tokens are out, nothing should stand between them and the caller: the keys are fetched before.
        yield from self._connection.keys()
        if self._notifications is not None and self._notifications.mode == "push":
            outcome = yield from self._await_push(asked, line, until)
        else:
            outcome = yield from self._await_tokens(asked, line, until)
        self._close(asked.key)
        return outcome

    def poll(self, asked: Asked) -> Steps[Outcome | Pending]:
        """Ask the token endpoint once, without being held back."""
        now = self._connection.clock.steady()
        decision = yield from self._poll(asked, self._begin(asked).sending(now), held=0)
        if isinstance(decision, PollAt):
            after = max(decision.at - self._connection.clock.steady(), 0.0)
            return Pending(asked=self._paced(asked, decision.wait, decision.at), seconds=after)
        return (yield from self._settle(asked, decision))

    def cancel(self, asked: Asked) -> Steps[None]:
        """Take the request back; one that is cancelled already stays so. Raises Refused where it is decided."""
        provider = yield from self._connection.provider()
        yield from self._connection.post(provider.cancel, [("auth_req_id", asked.auth_req_id)])

    def status(self, asked: Asked) -> Steps[str]:
        """Return the status that the provider tells, without any token."""
        provider = yield from self._connection.provider()
        answer = yield from self._connection.post(provider.status, [("auth_req_id", asked.auth_req_id)])
        return str(answer.told().get("status", ""))

    def receive(self, authorization: str | None, told: Mapping[str, Any]) -> Steps[int]:
        """Return the HTTP status for a notification, and wake whoever waits for it (CIBA Core sections 10.2, 10.3)."""
        line = None if self._notifications is None else self._notifications.find(authorization)
        if line is None or self._notifications is None:
            return 401
        auth_req_id = auth_req_id_in(told)
        if auth_req_id is None or line.auth_req_id not in {None, auth_req_id}:
            return 400
        outcome: Outcome | None = None
        if self._notifications.mode == "push":
            try:
                outcome = yield from self._pushed(auth_req_id, told)
            except AnswerLost:
                return 503  # the provider's keys cannot be read: the same push once more may fare better
            except CibaClientError:
                return 400
        line.bring(News(auth_req_id=auth_req_id, outcome=outcome))
        return 204

    def _await_tokens(self, asked: Asked, line: Line | None, until: float | None) -> Steps[Outcome]:
        clock, state = self._connection.clock, self._begin(asked)
        at = self._first(asked, state, line)
        while True:
            news = yield from self._rest(at, until, line, asked)
            if not news and until is not None and at > until:
                raise StillPending(self._paced(asked, state, at))
            now = clock.steady()
            left = hold(state, now) if until is None else min(hold(state, now), max(0, int(until - now)))
            decision = yield from self._poll(
                asked, state.sending(now), held=left if self._long_poll and line is None else 0
            )
            if not isinstance(decision, PollAt):
                return (yield from self._settle(asked, decision))
            state, at = decision.wait, decision.at

    def _rest(self, at: float, until: float | None, line: Line | None, asked: Asked) -> Steps[bool]:
        """Rest until *at*, *until* or a ping, and say whether there was one."""
        clock = self._connection.clock
        yield from rest(min(at, at if until is None else until) - clock.steady(), line)
        return line is not None and line.take(asked.auth_req_id) is not None

    def _await_push(self, asked: Asked, line: Line | None, until: float | None) -> Steps[Outcome]:
        if line is None:
            raise ValueError("expected a request that was asked by a client with push notifications, found another")
        clock = self._connection.clock
        ends = clock.steady() + (asked.expires_at - clock.now()) + _GRACE_FOR_PUSH
        while True:
            last = ends if until is None else min(ends, until)
            yield from rest(last - clock.steady(), line)
            news = line.take(asked.auth_req_id)
            if news is not None and news.outcome is not None:
                return news.outcome
            if clock.steady() >= ends:
                return Expired(description="nothing was pushed in time")
            if clock.steady() >= last:
                raise StillPending(asked)

    def _begin(self, asked: Asked) -> Wait:
        clock = self._connection.clock
        left = asked.expires_at - clock.now()
        pause = _BESIDE_PINGS if self._notifications is not None else 0.0
        return begin(interval=asked.interval, left=left, now=clock.steady(), pause=pause)

    def _first(self, asked: Asked, state: Wait, line: Line | None) -> float:
        """Return when to poll first: at once where the answer is held back, else after what one waits between polls."""
        clock = self._connection.clock
        now = clock.steady()
        if asked.poll_at:
            return now + max(asked.poll_at - clock.now(), 0.0)
        pause = state.pause if line is not None else 0.0 if self._long_poll else state.interval
        return max(now, min(now + pause, state.expires))

    def _paced(self, asked: Asked, state: Wait, at: float) -> Asked:
        """Return *asked* with the pace that polling has come to, for whoever goes on."""
        clock = self._connection.clock
        return replace(asked, interval=state.interval, poll_at=clock.now() + at - clock.steady())

    def _poll(self, asked: Asked, state: Wait, *, held: int) -> Steps[Decision]:
        provider = yield from self._connection.provider()
        headers = {"Idempotency-Key": asked.key, **({"Prefer": f"wait={held}"} if held else {})}
        parameters = [("grant_type", GRANT), ("auth_req_id", asked.auth_req_id)]
        heard = yield from self._connection.post_once(provider.token, parameters, headers=headers, held=held)
        return hear(state, heard, now=self._connection.clock.steady())

    def _settle(self, asked: Asked, decision: Granted | Over) -> Steps[Outcome]:
        if isinstance(decision, Granted):
            return (yield from self._approved(decision.told, asked.auth_req_id, pushed=False))
        if decision.lost:
            raise AnswerLost("the token endpoint did not answer any more: nobody knows how the request ended")
        return decision.outcome

    def _approved(self, told: Mapping[str, Any], auth_req_id: str, *, pushed: bool) -> Steps[Approved]:
        tokens = read_tokens(told, now=self._connection.clock.now())
        if tokens.id_token is None:
            raise TokenInvalid("expected an ID token in the provider's answer, found none")
        claims = yield from self._connection.verify(
            tokens.id_token,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            auth_req_id=auth_req_id,
            pushed=pushed,
        )
        return Approved(tokens=tokens, claims=claims)

    def _pushed(self, auth_req_id: str, told: Mapping[str, Any]) -> Steps[Outcome]:
        """Return the outcome that a push tells (CIBA Core sections 10.3.1 and 12)."""
        code, description = told.get("error"), str(told.get("error_description", ""))
        match code:
            case None:
                return (yield from self._approved(told, auth_req_id, pushed=True))
            case "access_denied":
                return Denied(description=description)
            case "expired_token":
                return Expired(description=description)
            case _:
                return Failed(code=str(code), description=description)

    def _parameters(self, request: ApprovalRequest, token: str | None) -> tuple[tuple[str, str], ...]:
        if self._signing_key is None:
            return request.parameters(token)
        connection = self._connection
        signed = request.signed(
            self._signing_key,
            client_id=connection.client_id,
            issuer=connection.issuer,
            now=connection.clock.now(),
            notification_token=token,
        )
        return (("request", signed),)

    def _sent(self, request: ApprovalRequest, token: str | None, key: str) -> Steps[Answer]:
        provider = yield from self._connection.provider()
        # Whatever is tried again is the same request object: only the client's proof is made anew.
        parameters = self._parameters(request, token)
        return (yield from self._connection.post(provider.backchannel, parameters, headers={"Idempotency-Key": key}))

    def _close(self, key: str) -> None:
        if self._notifications is not None:
            self._notifications.close(key)

    def _line(self, key: str) -> Line | None:
        if self._notifications is None:
            return None
        return self._notifications.open(key, now=self._connection.clock.now())


def _asked(answer: Answer, *, now: float, key: str, message: str | None) -> Asked:
    told = answer.told()
    auth_req_id, life, interval = told.get("auth_req_id"), told.get("expires_in"), told.get("interval")
    if not isinstance(auth_req_id, str) or not is_number(life) or life <= 0:
        raise ProviderInvalid(
            "expected auth_req_id and expires_in in the provider's answer, found none that are usable"
        )
    return Asked(
        auth_req_id=auth_req_id,
        expires_at=now + life,
        interval=max(float(interval), 1.0) if is_number(interval) else _USUAL_INTERVAL,
        key=key,
        binding_message=message,
    )
