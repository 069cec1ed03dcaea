"""Makes the channels that the settings describe: for each, who knows its messages and who sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine import Sender
from executors.channels.email import EmailRenderer, MailFolder, SmtpSender
from executors.channels.rendered import RenderedSender
from executors.channels.sms import AnswerRule, Authentication, HttpGateway, RequestTemplate, SmsFolder, SmsRenderer
from executors.channels.sms import SmsSender as Sms
from executors.notification_dispatch import MessageChannel
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.flows import flows_folder
from lockhouse.looks import mail_colours
from lockhouse.messages import templates_folder

__all__ = ["Channel", "channels_of", "mail_directory", "mail_sender", "sms_directory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to reach people."""

    known: MessageChannel
    sender: Sender


def channels_of(configuration: Configuration, *, gateway: HttpGateway) -> Mapping[str, Channel]:
    """Return the channels by name: ``email`` always, ``sms`` where it is set. Raise `SettingsInvalid`."""
    mails = _email(configuration)
    channels = {"email": Channel(known=mails, sender=RenderedSender(renderer=mails, sender=mail_sender(configuration)))}
    if configuration.settings.sms.exists:
        texts = _texts(configuration)
        sender = RenderedSender(renderer=texts, sender=_sms(configuration, gateway))
        channels["sms"] = Channel(known=texts, sender=sender)
    return channels


def mail_directory(configuration: Configuration) -> Path | None:
    """Return the folder for copies of mails. In development without a mail server there always is one."""
    mail = configuration.settings.mail
    named = mail.directory or ("mail" if configuration.settings.development and not mail.host else "")
    return configuration.path(named) if named else None


def sms_directory(configuration: Configuration) -> Path | None:
    """Return the folder for copies of text messages."""
    named = configuration.settings.sms.directory
    return configuration.path(named) if named else None


def mail_sender(configuration: Configuration) -> Sender:
    """Return what sends mails: to the server, or only to the folder. Raise `SettingsInvalid` where there is neither."""
    mail, directory = configuration.settings.mail, mail_directory(configuration)
    folder = MailFolder(directory) if directory else None
    if not mail.host:
        if folder is None:
            raise SettingsInvalid(("mail.host: expected a mail server, found none; or set mail.directory",))
        return folder
    try:
        return SmtpSender(
            host=mail.host,
            port=mail.port,
            security=mail.security,
            user=mail.user,
            password=mail.password.get_secret_value(),
            folder=folder,
        )
    except ValueError as error:  # a combination that is not safe, or a certificate store that is not there
        raise SettingsInvalid((f"mail: {error}",)) from error


def _email(configuration: Configuration) -> EmailRenderer:
    settings, folder = configuration.settings, templates_folder(flows_folder(configuration), "email")
    try:
        return EmailRenderer(
            folder=folder,
            sender=settings.mail.sender,
            name=settings.gate.name,
            zone=settings.gate.time_zone,
            accent=mail_colours(settings.gate.accent),
        )
    except ValueError as error:
        raise SettingsInvalid((f"mail.sender: {error}",)) from error


def _texts(configuration: Configuration) -> SmsRenderer:
    folder = templates_folder(flows_folder(configuration), "sms")
    gate = configuration.settings.gate
    return SmsRenderer(folder=folder, name=gate.name, zone=gate.time_zone)


def _sms(configuration: Configuration, gateway: HttpGateway) -> Sender:
    sms, directory = configuration.settings.sms, sms_directory(configuration)
    folder = SmsFolder(directory) if directory else None
    if not sms.url:
        assert folder is not None  # noqa: S101 - there is this channel because one of the two is set
        return folder
    secret = sms.secret.get_secret_value()
    if sms.authentication != "none" and not secret:
        raise SettingsInvalid((f'sms.secret: expected the secret for authentication = "{sms.authentication}"',))
    try:
        return Sms(
            gateway=gateway,
            request=RequestTemplate(
                url=sms.url,
                method=sms.method,
                form=sms.format,
                headers=sms.headers,
                body=sms.body,
                authentication=Authentication(kind=sms.authentication, user=sms.user, secret=secret, header=sms.header),
                idempotency_header=sms.idempotency_header,
            ),
            answer=AnswerRule(
                path=sms.answer.path,
                accepted=sms.answer.accepted,
                permanent=sms.answer.permanent,
                permanent_status=sms.answer.permanent_status,
            ),
            folder=folder,
        )
    except ValueError as error:
        raise SettingsInvalid((f"sms.{error}",)) from error
