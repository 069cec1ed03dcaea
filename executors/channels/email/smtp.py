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

from engine.contracts import Refused, Transient
from executors.channels.email.folder import MailFolder

Security = Literal["starttls", "tls", "none"]

_log = logging.getLogger(__name__)
_PERMANENT: Final = 500


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
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(payload)
        except (aiosmtplib.SMTPException, OSError) as error:  # an ssl error and our own time-out are OSErrors
            raise judge(error) from error
        if self._folder is not None:
            await self._copy(self._folder, payload)

    async def _send(self, payload: Mapping[str, Any]) -> None:
        server = self._connection()
        try:
            await server.connect()
            if self._user:
                await server.login(self._user, self._password)
            await server.sendmail(
                payload["sender"],
                [payload["recipient"]],
                base64.b64decode(payload["content"]),
                mail_options=["SMTPUTF8", "BODY=8BITMIME"] if payload["utf8"] else [],
            )
        except BaseException:
            server.close()
            raise
        # It is delivered. A server that hangs or dies now must not make it look otherwise.
        with suppress(aiosmtplib.SMTPException, OSError):
            await server.quit(timeout=2)
        server.close()

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


def judge(error: Exception) -> Refused | Transient:
    """Return what *error* means to the outbox. A server's words may quote the address: only codes are passed on."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _by_code("recipient_refused", first.code, "the recipient")
        case aiosmtplib.SMTPDataError(code=code):
            return _by_code("message_refused", code, "the message")
        case aiosmtplib.SMTPNotSupported():
            return Transient("mail_server_unfit", "the mail server lacks what this message needs (TLS, AUTH, SMTPUTF8)")
        case aiosmtplib.SMTPResponseException(code=code):
            # Our own sender or log-in: the operator can put it right while the request still lives.
            return Transient("mail_server_refused", f"the mail server refused us with status {code}")
        case ssl.SSLError():
            return Transient("mail_server_tls", "the connection to the mail server could not be secured")
        case _:
            return Transient("mail_server_away", f"the mail server cannot be reached ({type(error).__name__})")


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
