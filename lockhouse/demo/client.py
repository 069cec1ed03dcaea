"""The client of the demo: a shop that uses our client library, and shows what went over the wire."""

from dataclasses import dataclass, field

import httpx2

from lockhouse.client import CibaClient, ClientSecretBasic

__all__ = ["Exchange", "Recorder", "open_shop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, read to their ends."""

    method: str
    path: str
    sent: str = field(repr=False)
    status: int
    received: bytes = field(repr=False)


class Recorder(httpx2.BaseTransport):
    """The network, of which the `last` form that was posted and its answer are kept for showing."""

    def __init__(self) -> None:
        self._network = httpx2.HTTPTransport()
        self.last: Exchange | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request on."""
        answer = self._network.handle_request(request)
        if request.method == "POST":
            self.last = Exchange(
                method=request.method,
                path=request.url.path,
                sent=request.read().decode(),
                status=answer.status_code,
                received=answer.read(),
            )
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._network.close()


def open_shop(*, issuer: str, client_id: str, secret: str, recorder: Recorder) -> CibaClient:
    """Return the shop's client."""
    return CibaClient(issuer, ClientSecretBasic(client_id, secret), transport=recorder)
