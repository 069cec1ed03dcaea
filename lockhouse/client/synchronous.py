"""The client for programs that do not await."""

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from lockhouse.client.approval_request import ApprovalRequest
from lockhouse.client.asking import Asking
from lockhouse.client.authentication import Authentication
from lockhouse.client.clock import Clock
from lockhouse.client.connection import Connection
from lockhouse.client.exchange import LONGEST_CONNECT, Answer, Call, Heard, Lost, Rest, Rested, Steps
from lockhouse.client.notifications import Notifications
from lockhouse.client.patience import Patience
from lockhouse.client.results import Asked, Introspection, Outcome, Pending, Refreshed
from lockhouse.client.signing import PrivateKey
from lockhouse.client.token_calls import TokenCalls

T = TypeVar("T")


class CibaClient:
    """Asks people for approval at the provider *issuer*, as the client that *authentication* proves.

    With *signing_key* each request is signed; with *notifications* the provider tells by ping or push, and whatever
    receives that is given to ``receive``. *long_poll* lets the provider hold a poll back until there is news.
    *id_token_alg* allows ID tokens with this algorithm only. *transport* stands in for the network. Use it in
    ``with``, or call ``close``.
    """

    def __init__(
        self,
        issuer: str,
        authentication: Authentication,
        *,
        signing_key: PrivateKey | None = None,
        notifications: Notifications | None = None,
        long_poll: bool = True,
        id_token_alg: str | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        connection = Connection(
            issuer,
            authentication,
            patience=patience or Patience(),
            clock=clock or Clock(),
            id_token_alg=id_token_alg,
        )
        self._asking = Asking(connection, signing_key=signing_key, notifications=notifications, long_poll=long_poll)
        self._tokens = TokenCalls(connection)
        self._http = httpx2.Client(trust_env=False, follow_redirects=False, transport=transport)

    def ask(self, request: ApprovalRequest, *, key: str | None = None) -> Asked:
        """Have a person asked. The same *key* and request once more are the same question, also in another process.

        Raises RequestRefused, ClientRefused, PersonNotAsked, UserCodeRefused; AnswerLost where no answer comes.
        """
        return self._hold(self._asking.ask(request, key))

    def wait(self, asked: Asked, *, seconds: float | None = None) -> Outcome:
        """Return how it ended, with tokens that are verified; raise StillPending after *seconds*, if they are given.

        It keeps the provider's pace, and may be called again, also in another process: after AnswerLost within a
        minute the same tokens come once more.
        """
        return self._hold(self._asking.wait(asked, seconds))

    def poll(self, asked: Asked) -> Outcome | Pending:
        """Ask once how it stands, for programs with a loop of their own: Pending says when to come back."""
        return self._hold(self._asking.poll(asked))

    def cancel(self, asked: Asked) -> None:
        """Take the request back. Raises RequestRefused (``invalid_grant``) where it is decided already."""
        self._hold(self._asking.cancel(asked))

    def status(self, asked: Asked) -> str:
        """Return how the request stands, without collecting tokens; it counts in the pace of polls."""
        return self._hold(self._asking.status(asked))

    def receive(self, authorization: str | None, told: Mapping[str, Any]) -> int:
        """Take a ping or a push, and return the HTTP status to answer it with: 204, 400, 401 or 503.

        *authorization* is its header, *told* its JSON. Tokens that are pushed are verified before.
        """
        return self._hold(self._asking.receive(authorization, told))

    def refresh(
        self, refresh_token: str, *, scope: str | None = None, resource: Sequence[str] = (), subject: str | None = None
    ) -> Refreshed:
        """Return new tokens, for *scope* or *resource* only where given; *subject* is who they must be about.

        Raises RequestRefused (``invalid_grant``) where the approval stands no more: ask the person again.
        """
        return self._hold(self._tokens.refresh(refresh_token, scope, resource, subject))

    def revoke(self, token: str) -> None:
        """Give an access or refresh token back; one that is gone already stays so."""
        self._hold(self._tokens.revoke(token))

    def introspect(self, token: str) -> Introspection:
        """Return whether *token* stands, and what it allows: for its own client, or the API that it is meant for."""
        return self._hold(self._tokens.introspect(token))

    def userinfo(self, access_token: str, *, subject: str) -> Mapping[str, Any]:
        """Return what the scopes allow to know of *subject*; raise TokenInvalid where it is told of somebody else."""
        return self._hold(self._tokens.userinfo(access_token, subject))

    def _hold(self, steps: Steps[T]) -> T:
        """Do what the conversation *steps* asks for, and return its result."""
        done: Heard | Rested | None = None
        try:
            while True:
                step = next(steps) if done is None else steps.send(done)
                done = self._send(step) if isinstance(step, Call) else self._rest(step)
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            steps.close()

    def _send(self, call: Call) -> Heard:
        limits = httpx2.Timeout(call.seconds, connect=min(call.seconds, LONGEST_CONNECT))
        try:
            answer = self._http.request(
                call.method, call.url, content=call.body, headers=dict(call.headers), timeout=limits
            )
        except httpx2.RequestError as error:
            return Lost(cause=type(error).__name__)
        return Answer(status=answer.status_code, headers=answer.headers, content=answer.content)

    def _rest(self, pause: Rest) -> Rested:
        rung = threading.Event()
        if pause.bell is None:
            rung.wait(pause.seconds)
            return Rested()
        pause.bell.hang(rung.set)
        try:
            rung.wait(pause.seconds)
        finally:
            pause.bell.unhang(rung.set)
        return Rested()

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
