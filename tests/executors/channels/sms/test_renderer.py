"""What is in a text message: all that a person must know, in few and simple letters."""

from pathlib import Path
from typing import Any

import pytest

from engine import Fault
from executors.channels.sms import SmsRenderer
from tests.executors.channels.sms.texts import LINK, rendered, shipped_texts, sms
from tests.executors.samples import later

# The basic letters of 3GPP TS 23.038, of which 160 go into one message.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def test_who_asks_the_message_the_link_and_the_time_fit_into_one_message() -> None:
    text = sms()["text"]

    assert text == (
        f"Example Shop asks for your approval: W4SCT\n{LINK}\n2 min left, until 12:02 UTC.\nNot you? Ignore this."
    )
    assert set(text) <= GSM
    assert len(text) <= 160


def test_the_same_task_gives_the_same_payload_and_another_gives_another() -> None:
    assert sms() == sms()
    assert sms(key="key-2")["id"] != sms()["id"]
    assert (sms()["recipient"], sms()["correlation"]) == ("+491701234567", "request-1")


def test_without_a_binding_message_nothing_is_said_of_one() -> None:
    assert sms(params={"binding_message": ""})["text"].startswith(f"Example Shop asks for your approval\n{LINK}\n")


def test_less_than_a_minute_is_said_so() -> None:
    assert "Less than 1 min left, until 12:00 UTC." in sms(until=later(59))["text"]


def test_typographic_signs_do_not_make_the_message_dearer() -> None:
    text = sms(params={"requester": "Ann\u2019s \u201cCafe\u0301\u201d \u2013 M\u00fcnchen\u2026"})["text"]

    assert text.startswith('Ann\'s "Café" - München... asks')
    assert set(text) <= GSM


@pytest.mark.parametrize(
    "name", ["Shop\r\nhttps://evil.example", "x" * 10_000, "\u202egnp.exe\u2066Shop\u2069", "\x00\x07\x1b[2J"]
)
def test_a_nasty_name_stays_one_short_line(name: str) -> None:
    first, second, *_ = sms(params={"requester": name})["text"].split("\n")

    assert first.endswith("asks for your approval: W4SCT")
    assert len(first) <= 80
    assert first.isprintable()
    assert second == LINK


def test_a_message_in_other_letters_arrives_unchanged() -> None:
    assert "متجر 🛍️ asks" in sms(params={"requester": "متجر 🛍️"})["text"]


def test_the_whole_binding_message_can_be_compared() -> None:
    assert ": " + "x" * 256 + "\n" in sms(params={"binding_message": "x" * 256})["text"]


@pytest.mark.parametrize("address", ["0170 1234567", "", "+49", "ann@example.org", "+491701234567\n", "+0123456789"])
def test_what_is_no_number_cannot_be_texted(address: str) -> None:
    assert rendered(address=address) == "address_invalid"
    assert shipped_texts().check(address=address, message="approval.request", locale="de") == "address_invalid"


def test_a_number_and_a_known_message_can_be_queued() -> None:
    assert shipped_texts().check(address="+491701234567", message="approval.request", locale="de") is None
    with pytest.raises(Fault, match="nonsense"):
        shipped_texts().check(address="+491701234567", message="nonsense", locale="de")


def test_the_nearest_language_speaks(tmp_path: Path) -> None:
    for language in ("en", "de"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "approval.request.txt.j2").write_text(f"{language} {{{{ link }}}}")
    renderer = SmsRenderer(folder=tmp_path)

    assert sms(made=renderer, locale="de-AT")["text"] == f"de {LINK}"
    assert sms(made=renderer, locale="fr")["text"] == f"en {LINK}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"message": {"id": "nonsense", "params": {}}}, "message_unknown"),
        ({"message": {"id": "approval.request", "params": {}}}, "message_incomplete"),
        ({"link": "javascript:alert(1)"}, "link_invalid"),
    ],
)
def test_what_no_text_can_be_made_of_is_a_fault_of_the_flow(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Fault) as caught:
        rendered(**changes)

    assert caught.value.reason == reason
