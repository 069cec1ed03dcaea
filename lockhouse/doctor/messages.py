"""Checks of how messages leave: the mail server up to the log-in, the folders. Nothing is ever sent."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from engine import Transient
from executors.channels.email import SmtpSender
from lockhouse.channels import mail_directory, mail_sender, sms_directory
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.folders import unwritable

__all__ = ["check_folders", "check_mail", "check_sms"]

_MAIL, _SMS = "mail", "sms"
_PATIENCE = 5.0
_REMEDIES = {
    "mail_server_away": "check mail.host and mail.port, that the server runs, and that no firewall is in between",
    "mail_server_tls": 'mail.security is "tls" for port 465 and "starttls" for 587; its certificate must be valid for'
    " mail.host, and be of an authority that this machine trusts",
    "mail_server_refused": "check mail.user and mail.password",
    "mail_server_unfit": 'try mail.security = "tls" with port 465, or the server\'s own documentation',
}


async def check_mail(configuration: Configuration) -> Finding:
    """Connect, secure the connection, log in, and leave."""
    mail = configuration.settings.mail
    try:
        sender = mail_sender(configuration)
    except SettingsInvalid as error:
        return fail(_MAIL, str(error), "set mail.host to your mail server")
    if not isinstance(sender, SmtpSender):
        says = f"there is no mail server: messages are only written to {mail_directory(configuration)}"
        return warn(_MAIL, says, "set mail.host before anybody relies on messages")
    place = f"{mail.host} port {mail.port} ({mail.security})"
    try:
        await sender.greet()
    except Transient as error:
        return fail(_MAIL, f"{place}: {error}", _REMEDIES.get(error.reason, "see the mail server's log"))
    return ok(_MAIL, f"{place} {'lets us in' if mail.user else 'answers; there is no log-in'}")


async def check_sms(configuration: Configuration) -> tuple[Finding, ...]:
    """Reach the gateway for text messages, where there is one. No request is sent."""
    sms = configuration.settings.sms
    if not sms.url:
        return ()
    parts = urlsplit(sms.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host, parts.port or (443 if secure else 80), ssl=secure or None)
        writer.close()
    except (OSError, TimeoutError) as error:
        says = f"the gateway at {host} cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}"
        return (fail(_SMS, says, "check sms.url, that its certificate is valid, and that no firewall is in between"),)
    return (ok(_SMS, f"the gateway at {host} answers"),)


def check_folders(configuration: Configuration) -> Iterator[Finding]:
    """Try the folders that messages are written to."""
    folders = (("mail.directory", mail_directory(configuration)), ("sms.directory", sms_directory(configuration)))
    for name, folder in folders:
        if folder is not None and (why := unwritable(folder)):
            yield fail(
                name.partition(".")[0], f"{folder} cannot be written: {why}", f"correct {name}, or the folder's rights"
            )
