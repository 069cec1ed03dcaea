"""What is in a message: the same bytes each time, headers that nobody can bend, and all that a person must know."""

import base64
import email
import email.policy
import re
from collections.abc import Mapping
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Fault
from executors.channels.email import EmailRenderer
from executors.channels.email.headers import read_mailbox
from executors.channels.wording import one_line
from tests.executors.channels.email.letters import LINK, letter, rendered, renderer
from tests.executors.samples import later

NASTY = (
    "Shop\r\nBcc: victim@example.org",
    "Shop\n\n<script>alert(1)</script>",
    "\u202egnp.exe\u2066Shop\u2069",
    "🛍️ Shop 👩‍👩‍👧",
    "Shop\u2028Subject: free money",
    "x" * 10_000,
    "=?utf-8?q?Bcc=3A_all?=",
    '"Shop" <other@example.org>, all@example.org',
    "\x00\x07\x1b[2J",
    "متجر",
)


def parsed(payload: Mapping[str, Any]) -> EmailMessage:
    return email.message_from_bytes(base64.b64decode(payload["content"]), policy=email.policy.default)


def body(payload: Mapping[str, Any], kind: str) -> str:
    part = parsed(payload).get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


def head(payload: Mapping[str, Any]) -> bytes:
    return base64.b64decode(payload["content"]).split(b"\r\n\r\n", 1)[0]


def test_the_same_task_gives_the_same_bytes_and_another_gives_others() -> None:
    assert letter() == letter()
    assert letter(key="key-2")["message_id"] != letter()["message_id"]


def test_message_id_and_date_come_from_the_key_and_the_time() -> None:
    mail = parsed(letter())

    assert re.fullmatch(r"<[0-9a-f]{40}@id\.example>", mail["Message-ID"])
    assert mail["Date"] == "Tue, 01 Jan 2030 12:00:00 +0000"
    assert "key-1" not in base64.b64decode(letter()["content"]).decode()


def test_there_is_a_text_and_a_html_part() -> None:
    assert [part.get_content_type() for part in parsed(letter()).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_both_parts_say_who_what_how_long_and_what_to_do_if_it_was_not_you(kind: str) -> None:
    said = body(letter(params={"permissions": ["Pay 12 EUR"]}), kind)

    for needed in ("Example Shop", "W4SCT", "Pay 12 EUR", "2 minutes", "12:02 UTC", LINK, "Not you?", "ignore"):
        assert needed in said


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_without_a_binding_message_nobody_is_told_to_compare_one(kind: str) -> None:
    assert "Compare" not in body(letter(params={"binding_message": ""}), kind)


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "less than a minute"), (60, "1 minute,"), (119, "1 minute,"), (600, "10 minutes,")]
)
def test_the_time_is_never_rounded_up(seconds: int, words: str) -> None:
    assert words in body(letter(until=later(seconds)), "plain")


class _Page(HTMLParser):
    """Collects what matters of the HTML part."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_the_html_has_one_link_loads_nothing_and_knows_the_dark() -> None:
    text = body(letter(), "html")
    page = _Page(text)

    assert page.links == [LINK]
    assert {"img", "link", "script", "iframe", "form"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name in {"src", "background", "srcset"}]
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert text.count(LINK) == 2, "once on the button, once as text"


def test_a_binding_message_is_shown_exactly_as_sent_and_is_no_markup() -> None:
    message = "  <b>1 & 2</b> {{ 7*7 }} 'x' " + "é" * 100
    payload = letter(params={"binding_message": message})

    assert message in body(payload, "plain")
    assert "<b>" not in body(payload, "html")
    assert "{{ 7*7 }}" in body(payload, "html")


@pytest.mark.parametrize("name", NASTY)
def test_a_name_never_adds_or_breaks_a_header(name: str) -> None:
    payload = letter(name=name, params={"requester": name})
    mail = parsed(payload)

    assert sorted(mail.keys()) == sorted(parsed(letter()).keys())
    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.org"]
    assert all(len(line) <= 998 for line in head(payload).split(b"\r\n"))
    assert not set(str(mail["Subject"])) & set("\r\n\u202e\u2066\u2028")
    assert not mail.defects


@settings(deadline=None)  # a shared machine pauses when it likes
@given(name=st.text(max_size=300))
def test_no_text_at_all_adds_a_header(name: str) -> None:
    mail = parsed(letter(name=name, params={"requester": name}))

    assert sorted(mail.keys()) == sorted(parsed(letter()).keys())
    assert [address.addr_spec for address in mail["To"].addresses] == ["ann@example.org"]


@settings(deadline=None)  # a shared machine pauses when it likes
@given(text=st.text(), longest=st.integers(min_value=1, max_value=50))
def test_one_line_is_one_line_of_the_given_length_and_stays_as_it_is(text: str, longest: int) -> None:
    line = one_line(text, longest=longest)

    assert len(line) <= longest
    assert len(line.splitlines()) <= 1
    assert one_line(line, longest=longest) == line


def test_the_link_and_the_binding_message_are_in_no_header() -> None:
    headers = head(letter(params={"binding_message": "canary-words"}))

    assert b"t0ken" not in headers
    assert b"canary-words" not in headers
    assert b"request-1" not in headers


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@example.org\r\nRCPT TO:<x@y>", "a b@example.org", "<ann@example.org>", "ann@@x", "@x"]
)
def test_an_address_that_is_none_is_undeliverable(address: str) -> None:
    assert rendered(address=address) == "address_invalid"
    assert renderer().check(address=address, message="approval.request", locale="en") == "address_invalid"


def test_an_address_and_a_known_message_can_be_queued() -> None:
    assert renderer().check(address="ann@example.org", message="approval.request", locale="de-AT") is None


def test_a_domain_is_sent_in_ascii() -> None:
    mailbox = read_mailbox("ann@bücher.example")

    assert mailbox is not None
    assert (mailbox.address, mailbox.needs_utf8) == ("ann@xn--bcher-kva.example", False)


@pytest.mark.parametrize("locale", ["de-AT", "xx", "", "../../etc", "en-GB"])
def test_a_language_without_the_message_falls_back_to_english(locale: str) -> None:
    assert "asks for your approval" in parsed(letter(locale=locale))["Subject"]


def test_a_wider_language_is_better_than_the_default(tmp_path: Path) -> None:
    for language in ("en", "de"):
        (tmp_path / language).mkdir()
        for part in ("subject", "txt", "html"):
            (tmp_path / language / f"hello.{part}.j2").write_text(f"{language} {{{{ link }}}}")
    made = renderer(folder=tmp_path)

    assert parsed(letter(made=made, locale="de-AT", message={"id": "hello"}))["Subject"] == f"de {LINK}"


@pytest.mark.parametrize("message", ["nonsense", "../approval.request", "approval/request", "", "a..b"])
def test_an_unknown_message_is_a_fault(message: str) -> None:
    with pytest.raises(Fault) as caught:
        rendered(message={"id": message})
    with pytest.raises(Fault):
        renderer().check(address="ann@example.org", message=message, locale="en")

    assert caught.value.reason == "message_unknown"


def test_a_missing_parameter_is_a_fault_that_names_it() -> None:
    with pytest.raises(Fault, match="requester") as caught:
        rendered(message={"id": "approval.request", "params": {}})

    assert caught.value.reason == "message_incomplete"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://", "https://x/ y", 'https://x/"onclick', "file:///x"])
def test_a_link_that_is_no_web_address_is_a_fault(link: str) -> None:
    with pytest.raises(Fault) as caught:
        rendered(link=link)

    assert caught.value.reason == "link_invalid"


@pytest.mark.parametrize("sender", ["", "Lockhouse", "ö@id.example", "a@b, c@d@e"])
def test_a_sender_that_is_none_is_refused_at_once(sender: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sender"):
        EmailRenderer(folder=tmp_path, sender=sender)


def test_a_template_reaches_no_python(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    for part in ("subject", "txt", "html"):
        (tmp_path / "en" / f"evil.{part}.j2").write_text("{{ ''.__class__.__mro__ }}{{ expires_at.__init__ }}")

    with pytest.raises(Fault):
        rendered(renderer(folder=tmp_path), message={"id": "evil"})
