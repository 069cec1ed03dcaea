"""However a telephone number is written, it has one form; what is none is refused, and why is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockhouse.directory.hints import NameInvalid
from lockhouse.directory.persons import NewPerson
from lockhouse.directory.phones import PhoneInvalid, as_phone, read_phone

SPELLINGS = [
    ("", "+49 170 1234567", "+491701234567"),
    ("", "+491701234567", "+491701234567"),
    ("", "0049 170 1234567", "+491701234567"),
    ("", "+49 (0)170 1234567", "+491701234567"),
    ("", "(+49) 170 1234567", "+491701234567"),
    ("", "+49(170)123-45.67", "+491701234567"),
    ("", "+49 170/1234567", "+491701234567"),
    ("", "tel:+49-170-1234567", "+491701234567"),
    ("", "+49\u00a0170\u2013123\u200b4567", "+491701234567"),
    ("", "\uff0b\uff14\uff19 \uff11\uff17\uff10 1234567", "+491701234567"),
    ("", "+\u0664\u0669\u0661\u0667\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "+491701234567"),
    ("", "  +49 170 1234567\n", "+491701234567"),
    ("DE", "0170 1234567", "+491701234567"),
    ("DE", "0170/1234567", "+491701234567"),
    ("DE", "(0170) 123 45 67", "+491701234567"),
    ("DE", "0049 170 1234567", "+491701234567"),
    ("DE", "+33 6 12 34 56 78", "+33612345678"),
    ("AT", "0664 1234567", "+436641234567"),
    ("CH", "079 123 45 67", "+41791234567"),
    ("FR", "06 12 34 56 78", "+33612345678"),
    ("FR", "06.12.34.56.78", "+33612345678"),
    ("", "+33 (0)6 12 34 56 78", "+33612345678"),
    ("GB", "07911 123456", "+447911123456"),
    ("GB", "(020) 7946 0958", "+442079460958"),
    ("", "+44 (0) 20 7946 0958", "+442079460958"),
    ("US", "(650) 253-0000", "+16502530000"),
    ("US", "1-650-253-0000", "+16502530000"),
    ("US", "650.253.0000", "+16502530000"),
    ("US", "011 49 170 1234567", "+491701234567"),
    ("CA", "604-555-0134", "+16045550134"),
    ("MX", "55 1234 5678", "+525512345678"),
    ("BR", "(11) 96123-4567", "+5511961234567"),
    ("AR", "011 15-2345-6789", "+5491123456789"),
    ("IT", "06 1234 5678", "+390612345678"),
    ("IT", "347 123 4567", "+393471234567"),
    ("ES", "612 34 56 78", "+34612345678"),
    ("PT", "912 345 678", "+351912345678"),
    ("NL", "06-12345678", "+31612345678"),
    ("BE", "0470 12 34 56", "+32470123456"),
    ("DK", "20 12 34 56", "+4520123456"),
    ("SE", "070-123 45 67", "+46701234567"),
    ("NO", "406 12 345", "+4740612345"),
    ("FI", "041 2345678", "+358412345678"),
    ("PL", "512 345 678", "+48512345678"),
    ("CZ", "601 123 456", "+420601123456"),
    ("HU", "06 20 123 4567", "+36201234567"),
    ("RU", "8 (912) 345-67-89", "+79123456789"),
    ("TR", "0501 234 56 78", "+905012345678"),
    ("IL", "050-234-5678", "+972502345678"),
    ("IN", "081234 56789", "+918123456789"),
    ("JP", "090-1234-5678", "+819012345678"),
    ("CN", "131 2345 6789", "+8613123456789"),
    ("AU", "0412 345 678", "+61412345678"),
    ("AU", "0011 49 170 1234567", "+491701234567"),
    ("ZA", "071 123 4567", "+27711234567"),
]


@pytest.mark.parametrize(("country", "written", "form"), SPELLINGS)
def test_every_spelling_has_one_form(country: str, written: str, form: str) -> None:
    assert read_phone(written, country) == form
    assert read_phone(form, country) == form


@pytest.mark.parametrize(
    ("country", "written", "why"),
    [
        ("", "0170 1234567", "with its country, such as .*sms.default_country"),
        ("", "1701234567", "with its country"),
        ("", "", "expected digits"),
        ("", "+", "expected digits"),
        ("DE", "ann", "expected digits"),
        ("US", "1-800-FLOWERS", "expected digits"),
        ("GB", "+44 7911 123456 ext. 5", "expected digits"),
        ("", "+49 170 1234567; +49 170 7654321", "expected digits"),
        ("", "+49 170 \x001234567", "expected digits"),
        ("", "+49 170 123\n4567", "expected digits"),
        ("", "1" * 10_000, "expected digits"),
        ("", "+999 123456", "a country that exists"),
        ("", "+49 1", "a country that exists"),
        ("", "+49 170", "country .49, found too few digits"),
        ("DE", "110", "country .49, found too few digits"),
        ("US", "253-0000", "country .1, found too few digits"),
        ("", "+1 650 253 00000", "country .1, found digits that it has not"),
        ("", "+491701234567890123", "country"),
    ],
)
def test_what_is_no_number_is_refused_and_why_is_said(country: str, written: str, why: str) -> None:
    with pytest.raises(PhoneInvalid, match=why) as caught:
        read_phone(written, country)

    assert caught.value.code == "phone_invalid"
    assert as_phone(written, country) is None


@given(st.text(max_size=80), st.sampled_from(["", "DE", "US", "IT"]))
def test_no_text_does_harm_and_a_form_is_its_own_form(text: str, country: str) -> None:
    form = as_phone(text, country)

    assert form is None or as_phone(form) == form


def test_a_person_is_not_added_with_a_number_that_is_none() -> None:
    with pytest.raises(NameInvalid, match=r"phone .*: expected a number with its country"):
        NewPerson.of(subject="s", user_name="ann", phone="0170 1234567")

    person = NewPerson.of(subject="s", user_name="ann", phone="0170 1234567", country="DE")
    assert person.profile.phone == "+491701234567"
