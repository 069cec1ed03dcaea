"""A mail put together by hand is the mail that Python's own message classes would have made."""

import email
import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.channels.email.composing import compose
from executors.channels.email.headers import Mailbox, read_mailbox
from executors.channels.email.templates import Texts
from executors.channels.wording import one_line
from tests.executors.samples import NOON

SENDER = Mailbox(address="no-reply@id.example", name="Lockhouse")


def reference(recipient: Mailbox, texts: Texts) -> EmailMessage:
    """Return the mail as Python's classes make it."""
    mail = EmailMessage(policy=policy.SMTPUTF8 if recipient.needs_utf8 else policy.SMTP)
    for name, mailbox in (("From", SENDER), ("To", recipient)):
        local, _, domain = mailbox.address.rpartition("@")
        mail[name] = Address(display_name=mailbox.name, username=local, domain=domain)
    mail["Subject"] = texts.subject
    mail["Date"] = format_datetime(NOON)
    mail.set_content(texts.text, charset="utf-8", cte="quoted-printable")
    mail.add_alternative(texts.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return mail


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=policy.default)


def bodies(mail: EmailMessage) -> list[str]:
    found = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return [part.get_content() for part in found if part is not None]


@settings(deadline=None)  # a shared machine pauses when it likes
@given(subject=st.text(max_size=60), name=st.text(max_size=40), text=st.text(max_size=200), html=st.text(max_size=200))
def test_any_words_read_as_in_pythons_own_mail(subject: str, name: str, text: str, html: str) -> None:
    recipient = read_mailbox("ann@example.org", name)
    assert recipient is not None
    # Python ends lines at characters that end none in a mail, and half a character is an error to it.
    text, html = (
        re.sub(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029\ud800-\udfff]", "", each) + "\n" for each in (text, html)
    )
    texts = Texts(subject=one_line(subject), text=text, html=html)

    mail = parsed(compose(SENDER, recipient, texts, key="k", now=NOON))
    expected = parsed(reference(recipient, texts).as_bytes())

    for header in ("From", "To", "Date", "Subject"):
        assert str(mail[header]) == str(expected[header])
    assert bodies(mail) == bodies(expected) == [text.replace("\n", "\r\n"), html.replace("\n", "\r\n")]
    assert not mail.defects


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("ann@example.org", "Ann"),
        ("ann@example.org", ""),
        ("a.n-n+x@mail.example.org", "Ann Lee"),
        ("ann@example.org", "Lee, Ann"),
        ("ann@example.org", "Änn"),
        ("ann@example.org", "=?utf-8?q?Ann?="),
        ("änn@example.org", "Ann"),
        ("a" * 60 + "@" + "b" * 60 + ".example", "A name of some length"),
    ],
)
def test_an_address_is_written_as_python_writes_it(address: str, name: str) -> None:
    recipient = read_mailbox(address, name)
    assert recipient is not None
    texts = Texts(subject="Hello", text="Hello\n", html="<p>Hello</p>\n")

    composed = compose(SENDER, recipient, texts, key="k", now=NOON).split(b"\r\n\r\n")[0]
    expected = reference(recipient, texts).as_bytes().split(b"\r\n\r\n")[0]

    assert composed.split(b"\r\nDate")[0] == expected.split(b"\r\nDate")[0]


@pytest.mark.parametrize(
    "text", ["a \nb\t\n", ".\n", "From me\n", "x" * 2000 + "\n", "=\n", "\r\n\r\n", "\r", "\udc80\n", "é" * 500]
)
def test_every_line_is_short_and_ascii(text: str) -> None:
    content = compose(SENDER, SENDER, Texts(subject="Hello", text=text, html=text), key="k", now=NOON)

    assert content.isascii()
    assert all(len(line) <= 76 and b"\r" not in line and b"\n" not in line for line in content.split(b"\r\n")[9:])
