"""Checks of where we listen and of our public address: it resolves, somebody answers, and that is us."""

import asyncio
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import httpx2

from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.serve import AddressInUse, bind
from lockhouse.settings import Settings

__all__ = ["check_address", "check_listening"]

_ADDRESS, _LISTENING = "public address", "listening"
_PATIENCE = 5.0
_METADATA, _KEYS = "/.well-known/openid-configuration", "/oauth2/jwks"
_START = "start it with `lockhouse serve`, and look again"


class _NotUs(Exception):
    """Somebody else answers."""


async def check_listening(settings: Settings, kids: Collection[str] | None) -> tuple[Finding, bool]:
    """Say whether our server runs here, or whether it could; return whether it does, too."""
    host, port = settings.listen.host, settings.port
    place = f"{host} port {port}"
    # Asked for every address, we ask at this one: nobody else need be reachable.
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    base = f"http://{f'[{near}]' if ':' in near else near}:{port}"
    try:
        await _ask(base, issuer=settings.issuer, kids=kids)
    except _NotUs as error:
        says = f"another program answers on {place}: {error}"
        return fail(_LISTENING, says, "stop it, or choose another listen.port"), False
    except httpx2.HTTPError:
        return await asyncio.to_thread(_could_listen, host, port), False
    return ok(_LISTENING, f"the server runs on {place}"), True


def _could_listen(host: str, port: int) -> Finding:
    try:
        bind(host, port).close()
    except AddressInUse as error:
        return fail(_LISTENING, str(error), "free the port, or correct listen.host and listen.port")
    return warn(_LISTENING, f"the server does not run; {host} port {port} is free for it", _START)


async def check_address(settings: Settings, kids: Collection[str] | None, *, runs: bool) -> Finding:
    """Follow our public address as a client does."""
    parts = urlsplit(settings.issuer)
    host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        says = f"{host} does not resolve to an address"
        return fail(_ADDRESS, says, "correct the issuer, or make the name known in the DNS")
    try:
        await _ask(settings.issuer, issuer=settings.issuer, kids=kids)
    except _NotUs as error:
        remedy = "have the name and the TLS terminator lead to this server, with the Host header unchanged"
        return fail(_ADDRESS, f"{settings.issuer} leads elsewhere: {error}", remedy)
    except httpx2.HTTPError as error:
        return _unanswered(settings.issuer, error, runs=runs)
    return ok(_ADDRESS, f"{settings.issuer} leads to this server")


def _unanswered(issuer: str, error: httpx2.HTTPError, *, runs: bool) -> Finding:
    if "certificate" in str(error).lower():
        return fail(_ADDRESS, f"{issuer}: {error}", "renew the certificate, or give the whole chain with it")
    says = f"nobody answers at {issuer} ({type(error).__name__})"
    if not runs:
        return warn(_ADDRESS, f"{says}; the server does not run", _START)
    return fail(_ADDRESS, f"{says}, though the server runs", "see the TLS terminator, the firewall and the DNS")


async def _ask(base: str, *, issuer: str, kids: Collection[str] | None) -> None:
    """Fetch metadata and keys at *base*. Raise `_NotUs` unless they are those of *issuer* and of our database."""
    headers = {"Host": urlsplit(issuer).netloc}
    async with httpx2.AsyncClient(trust_env=False, timeout=_PATIENCE, headers=headers) as client:
        found = _document(await client.get(base + _METADATA))
        if found.get("issuer") != issuer:
            raise _NotUs(f"it calls itself {found.get('issuer', 'nothing')}")
        published = {key.get("kid") for key in _document(await client.get(base + _KEYS)).get("keys", [])}
    if kids is not None and published != set(kids):
        raise _NotUs("it has the keys of another installation")


def _document(answer: httpx2.Response) -> dict[str, Any]:
    try:
        value = answer.raise_for_status().json()
    except (httpx2.HTTPStatusError, ValueError) as error:
        raise _NotUs(f"it answers {answer.status_code} where our metadata should be") from error
    return value if isinstance(value, dict) else {}
