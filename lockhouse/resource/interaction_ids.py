"""``x-fapi-interaction-id`` on each answer of an API, as FAPI asks it of protected resources."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protocols.oauth2.interactions import INTERACTION_HEADER, interaction_id

__all__ = ["InteractionIds"]


class InteractionIds:
    """ASGI middleware: the client's id comes back if it is a UUID, a new one else (FAPI 1.0 part 1, section 6.2.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = interaction_id(Headers(scope=scope).getlist(INTERACTION_HEADER))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[INTERACTION_HEADER] = named
            await send(message)

        await self._app(scope, receive, sending)
