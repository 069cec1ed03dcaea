"""How a login hint is read."""

import pytest

from lockhouse.directory.hints import HintKind, NameInvalid, as_email, check_user_name, readings


def kinds(hint: str) -> dict[str, str]:
    return {key.kind.value: key.value for key in readings(hint)}


def test_without_a_prefix_every_kind_that_fits_is_tried() -> None:
    assert kinds("Ann") == {"sub": "Ann", "username": "ann"}
    assert kinds("Ann@Example.org") == {"sub": "Ann@Example.org", "email": "ann@example.org"}
    assert kinds("+49 170 1234567") == {"sub": "+49 170 1234567", "tel": "+491701234567"}


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        ("sub:Ann", "sub"),
        ("username:Ann", "username"),
        ("email:ann@example.org", "email"),
        ("tel:+491701234567", "tel"),
    ],
)
def test_a_prefix_names_the_only_kind(hint: str, kind: str) -> None:
    assert list(kinds(hint)) == [kind]


@pytest.mark.parametrize("hint", ["", "sub:", "email:ann", "tel:0170", "username:a@b", "x" * 513, "a\0b"])
def test_a_hint_that_fits_nothing_means_nobody(hint: str) -> None:
    assert readings(hint) == ()


@pytest.mark.parametrize(
    "name", ["ann@example.org", "@ann", "12345678", "+49 170 1234567", "0170-1234567", "", " ", "a:b", "x" * 65]
)
def test_a_user_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid, match="user name"):
        check_user_name(name)


@pytest.mark.parametrize(
    ("name", "form"),
    [("Ann", "ann"), ("Zoë", "zoë"), ("ann.b-c_1", "ann.b-c_1"), ("\uff21nn", "ann"), ("Ann Lee", "ann lee")],
)
def test_user_names_have_one_form(name: str, form: str) -> None:
    assert check_user_name(name) == form
    assert [key.value for key in readings(name) if key.kind is HintKind.USER_NAME] == [form]


def test_a_number_without_its_country_is_one_of_the_country_that_is_set() -> None:
    assert HintKind.PHONE not in {key.kind for key in readings("0170 1234567")}
    assert [key.value for key in readings("tel:0170 1234567", "DE")] == ["+491701234567"]


@pytest.mark.parametrize("text", ["a@", "@b", "a b@c", "a@b@c", "a\n@b", "x" * 65 + "@b"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert as_email(text) is None
