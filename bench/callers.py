"""Clients of the load that wait: one kept connection each, and no more than HTTP/1.1 as the server speaks it."""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.people import client_secret

# What a server answers that has too much to do, and how many seconds later it is asked again.
BUSY, LATER = 503, 2
CIBA = "urn:openid:params:grant-type:ciba"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and when by the clock that all processes of a machine share."""

    status: int
    body: Mapping[str, Any]
    at: float


class Caller:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port

    @classmethod
    async def to(cls, port: int) -> "Caller":
        """Connect."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 14)
        return cls(reader, writer, port)

    async def post(self, path: str, fields: Mapping[str, str], *, client: int, prefer: str = "") -> Answer:
        """Send *fields* as client *client*, and return the answer."""
        body = urlencode(fields)
        proof = base64.b64encode(f"client{client}:{client_secret(client)}".encode()).decode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            f"Authorization: Basic {proof}",
            *([f"Prefer: {prefer}"] if prefer else []),
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return await self._read()

    async def begin(self, client: int, person: int, **more: str) -> str:
        """Send a backchannel request and return its auth_req_id."""
        hint = f"person{person}@example.org"
        fields = {"scope": "openid", "login_hint": hint, "binding_message": f"Order {person}", **more}
        answer = await self.post("/oauth2/bc-authorize", fields, client=client)
        return str(answer.body["auth_req_id"])

    async def poll(self, client: int, auth_req_id: str, *, wait: int = 0) -> Answer:
        """Ask the token endpoint once; with *wait* the answer may be held back."""
        fields = {"grant_type": CIBA, "auth_req_id": auth_req_id}
        return await self.post("/oauth2/token", fields, client=client, prefer=f"wait={wait}" if wait else "")

    async def approve(self, auth_req_id: str) -> float:
        """Have the request approved, and return when that was committed."""
        answer = await self.post("/bench/approve", {"auth_req_id": auth_req_id}, client=0)
        while answer.status == BUSY:
            await asyncio.sleep(LATER)
            answer = await self.post("/bench/approve", {"auth_req_id": auth_req_id}, client=0)
        assert answer.body.get("accepted"), answer
        return float(answer.body["at"])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _read(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        at = time.monotonic()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = json.loads(await self._reader.readexactly(length))
        return Answer(status=int(head.split(" ", 2)[1]), body=body, at=at)
