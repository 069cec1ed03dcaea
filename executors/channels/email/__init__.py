"""E-mail: a message as text and HTML, sent over SMTP (RFC 5321, RFC 5322), or written to a folder."""

from executors.channels.email.folder import MailFolder
from executors.channels.email.renderer import Colours, EmailRenderer
from executors.channels.email.smtp import Security, SmtpSender

__all__ = ["Colours", "EmailRenderer", "MailFolder", "Security", "SmtpSender"]
