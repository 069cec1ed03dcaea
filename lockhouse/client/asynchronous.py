"""The client for programs that await."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
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


class AsyncCibaClient:
    """Asks people for approval at the provider *issuer*, as the client that *authentication* proves.

    With *signing_key* each request is signed; with *notifications* the provider tells by ping or push, and whatever
    receives that is given to ``receive``. *long_poll* lets the provider hold a poll back until there is news.
    *id_token_alg* allows ID tokens with this algorithm only. *transport* stands in for the network. Use it in
    ``async with``, or call ``close``.
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
        transport: httpx2.AsyncBaseTransport | None = None,
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
        self._http = httpx2.AsyncClient(trust_env=False, follow_redirects=False, transport=transport)

    async def ask(self, request: ApprovalRequest, *, key: str | None = None) -> Asked:
        """Have a person asked. The same *key* and request once more are the same question, also in another process.

        Raises RequestRefused, ClientRefused, PersonNotAsked, UserCodeRefused; AnswerLost where no answer comes.
        """
        return await self._hold(self._asking.ask(request, key))

    async def wait(self, asked: Asked, *, seconds: float | None = None) -> Outcome:
        """Return how it ended, with tokens that are verified; raise StillPending after *seconds*, if they are given.

        It keeps the provider's pace, and may be called again, also in another process: after AnswerLost within a
        minute the same tokens come once more.
        """
        return await self._hold(self._asking.wait(asked, seconds))

    async def poll(self, asked: Asked) -> Outcome | Pending:
        """Ask once how it stands, for programs with a loop of their own: Pending says when to come back."""
        return await self._hold(self._asking.poll(asked))

    async def cancel(self, asked: Asked) -> None:
        """Take the request back. Raises RequestRefused (``invalid_grant``) where it is decided already."""
        await self._hold(self._asking.cancel(asked))

    async def status(self, asked: Asked) -> str:
        """Return how the request stands, without collecting tokens; it counts in the pace of polls."""
        return await self._hold(self._asking.status(asked))

    async def receive(self, authorization: str | None, told: Mapping[str, Any]) -> int:
        """Take a ping or a push, and return the HTTP status to answer it with: 204, 400, 401 or 503.

        *authorization* is its header, *told* its JSON. Tokens that are pushed are verified before.
        """
        return await self._hold(self._asking.receive(authorization, told))

    async def refresh(
        self, refresh_token: str, *, scope: str | None = None, resource: Sequence[str] = (), subject: str | None = None
    ) -> Refreshed:
        """Return new tokens, for *scope* or *resource* only where given; *subject* is who they must be about.

        Raises RequestRefused (``invalid_grant``) where the approval stands no more: ask the person again.
        """
        return await self._hold(self._tokens.refresh(refresh_token, scope, resource, subject))

    async def revoke(self, token: str) -> None:
        """Give an access or refresh token back; one that is gone already stays so."""
        await self._hold(self._tokens.revoke(token))

    async def introspect(self, token: str) -> Introspection:
        """Return whether *token* stands, and what it allows: for its own client, or the API that it is meant for."""
        return await self._hold(self._tokens.introspect(token))

    async def userinfo(self, access_token: str, *, subject: str) -> Mapping[str, Any]:
        """Return what the scopes allow to know of *subject*; raise TokenInvalid where it is told of somebody else."""
        return await self._hold(self._tokens.userinfo(access_token, subject))

    async def _hold(self, steps: Steps[T]) -> T:
        """Do what the conversation *steps* asks for, and return its result."""
        done: Heard | Rested | None = None
        try:
            while True:
                step = next(steps) if done is None else steps.send(done)
                done = await (self._send(step) if isinstance(step, Call) else self._rest(step))
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            steps.close()

    async def _send(self, call: Call) -> Heard:
        limits = httpx2.Timeout(call.seconds, connect=min(call.seconds, LONGEST_CONNECT))
        try:
            answer = await self._http.request(
                call.method, call.url, content=call.body, headers=dict(call.headers), timeout=limits
            )
        except httpx2.RequestError as error:
            return Lost(cause=type(error).__name__)
        return Answer(status=answer.status_code, headers=answer.headers, content=answer.content)

    async def _rest(self, pause: Rest) -> Rested:
        if pause.bell is None:
            await asyncio.sleep(pause.seconds)
            return Rested()
        rung, loop = asyncio.Event(), asyncio.get_running_loop()
        ring = partial(loop.call_soon_threadsafe, rung.set)
        pause.bell.hang(ring)
        try:
            async with asyncio.timeout(pause.seconds):
                await rung.wait()
        except TimeoutError:
            pass
        finally:
            pause.bell.unhang(ring)
        return Rested()

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
