"""Sends rendered messages over SMTP (RFC 5321), one connection each.

Told apart is only what the outbox must know: delivered; refused for good (`Refused`); worth another try (`Transient`).
Once the server has taken the message with 250, nothing that happens afterwards makes it undelivered.
"""

import asyncio
import base64
import ipaddress
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, Literal

import aiosmtplib

from engine import Refused, Transient
from executors.channels.email.folder import MailFolder

Security = Literal["starttls", "tls", "none"]

_log = logging.getLogger(__name__)
_PERMANENT: Final = 500
_GOOD_BYE: Final = 2.0


class SmtpSender:
    """The sender ``email``. *folder* keeps a copy of each message that the server has accepted."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        user: str = "",
        password: str = "",
        folder: MailFolder | None = None,
        timeout: timedelta = timedelta(seconds=20),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if user and security == "none" and not _is_loopback(host):
            raise ValueError("mail: a password may not cross the network in clear; set security to starttls or tls")
        self._host, self._port, self._security = host, port, security
        self._user, self._password = user, password
        self._folder = folder
        self._timeout = timeout.total_seconds()
        self._tls = None if security == "none" else tls or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"SmtpSender({self._host}:{self._port}, {self._security})"

    async def deliver(self, *, key: str, payload: Mapping[str, Any]) -> None:  # noqa: ARG002 - the bytes hold its hash
        """Send the message; return when the server has taken it. Raise Refused or Transient otherwise."""
        server = self._connection()
        try:
            async with asyncio.timeout(self._timeout):
                await self._hand_over(server, payload)
        except (aiosmtplib.SMTPException, OSError) as error:  # an ssl error and our own time-out are OSErrors
            _drop(server, server.transport)
            raise judge(error) from error
        except asyncio.CancelledError:
            _drop(server, server.transport)
            raise
        # It is delivered: a server that hangs or dies from now on must not make it look otherwise.
        await _say_good_bye(server)
        if self._folder is not None:
            await self._copy(self._folder, payload)

    async def greet(self) -> None:
        """Connect, secure the connection, log in and leave, without a message. Raise Transient where that fails."""
        server = self._connection()
        try:
            async with asyncio.timeout(self._timeout):
                await self._enter(server)
        except (aiosmtplib.SMTPException, OSError) as error:
            _drop(server, server.transport)
            raise Transient(*_trouble(error)) from error
        await _say_good_bye(server)

    async def _enter(self, server: aiosmtplib.SMTP) -> None:
        await server.connect()
        if self._user:
            await server.login(self._user, self._password)

    async def _hand_over(self, server: aiosmtplib.SMTP, payload: Mapping[str, Any]) -> None:
        await self._enter(server)
        await server.sendmail(
            payload["sender"],
            [payload["recipient"]],
            base64.b64decode(payload["content"]),
            mail_options=["SMTPUTF8", "BODY=8BITMIME"] if payload["utf8"] else [],
        )

    def _connection(self) -> aiosmtplib.SMTP:
        # start_tls=None would fall back to clear text without a word.
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._tls,
            local_hostname="lockhouse.invalid" if _is_loopback(self._host) else None,
        )

    async def _copy(self, folder: MailFolder, payload: Mapping[str, Any]) -> None:
        try:
            await asyncio.to_thread(folder.write, payload)
        except OSError as error:
            # The person has the mail; a full disk is no reason to send it again.
            _log.warning("mail.copy_failed", extra={"error": type(error).__name__})


async def _say_good_bye(server: aiosmtplib.SMTP) -> None:
    transport = server.transport
    try:
        with suppress(aiosmtplib.SMTPException, OSError):
            await asyncio.wait_for(server.quit(), timeout=_GOOD_BYE)
    finally:
        _drop(server, transport)


def _drop(server: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    server.close()
    # Closing politely waits for the other side's half of the TLS farewell, which may never come. (By attribute:
    # uvloop's transports do not inherit asyncio's.)
    if (abort := getattr(transport, "abort", None)) is not None:
        abort()


def judge(error: Exception) -> Refused | Transient:
    """Return what *error* means to the outbox. A server's words may quote the address: only codes are passed on."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _by_code("recipient_refused", first.code, "the recipient")
        case aiosmtplib.SMTPDataError(code=code):
            return _by_code("message_refused", code, "the message")
        case _:
            return Transient(*_trouble(error))


def _trouble(error: Exception) -> tuple[str, str]:
    if ssl_failed(error):
        return "mail_server_tls", "the connection to the mail server could not be secured"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        # Our own sender or log-in: the operator can put it right while the request still lives.
        return "mail_server_refused", f"the mail server refused us with status {error.code}"
    if isinstance(error, aiosmtplib.SMTPNotSupported) or type(error) is aiosmtplib.SMTPException:
        # The bare class is what a server without STARTTLS gives.
        return "mail_server_unfit", "the mail server lacks what the settings or the address need: STARTTLS, AUTH, UTF8"
    return "mail_server_away", f"the mail server cannot be reached ({type(error).__name__})"


def ssl_failed(error: Exception) -> bool:
    """Return whether *error* is TLS's, or was made of one: at first contact aiosmtplib wraps it."""
    return isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)


def _by_code(reason: str, code: int, who: str) -> Refused | Transient:
    if code >= _PERMANENT:
        return Refused(reason, f"the mail server refused {who} with status {code}")
    return Transient(f"{reason}_for_now", f"the mail server put off {who} with status {code}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
