"""Tokens that are asked about: what is told is checked, and believed for a while, and no longer."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from lockhouse.client import AnswerLost, CibaClientError, ClientRefused, Introspection
from lockhouse.resource import CannotJudge, IntrospectedTokens
from protocols.oauth2 import OAuthError
from tests.lockhouse.resource.kit import API, AT, GOOD, ISSUER
from tests.protocols.world import NOON

pytestmark = pytest.mark.anyio


@dataclass
class Book:
    """An issuer's answers: ``good`` is told of everything but what is in ``other``."""

    good: dict[str, Any] = field(default_factory=lambda: {"active": True, **GOOD})
    other: dict[str, CibaClientError | dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def introspect(self, token: str) -> Introspection:
        self.asked.append(token)
        told = self.other.get(token, self.good)
        if isinstance(told, CibaClientError):
            raise told
        return Introspection(active=told.get("active") is True, claims=told)


def reader(book: Book, **options: Any) -> IntrospectedTokens:
    return IntrospectedTokens(book, ISSUER, audience=API, **options)


async def test_an_answer_is_believed_for_a_while() -> None:
    book = Book()
    tokens = reader(book)
    for seconds in (0, 9, 9.9):
        found = await tokens.read("opaque", now=NOON + timedelta(seconds=seconds))
        assert found.subject == "sub-ann"
    assert book.asked == ["opaque"]

    book.other["opaque"] = {"active": False}
    for _ in range(2):
        with pytest.raises(OAuthError, match="not valid"):
            await tokens.read("opaque", now=NOON + timedelta(seconds=10))
    assert book.asked == ["opaque"] * 2


async def test_a_believed_answer_expires_with_its_token() -> None:
    book = Book()
    tokens = reader(book, fresh_for=timedelta(hours=1))
    assert (await tokens.read("opaque", now=NOON)).token_id == "t1"
    with pytest.raises(OAuthError):
        await tokens.read("opaque", now=NOON + timedelta(seconds=90))
    assert len(book.asked) == 1


async def test_a_clock_that_went_back_believes_nothing() -> None:
    book = Book(good={"active": True, **GOOD, "iat": AT - 3600})
    tokens = reader(book)
    await tokens.read("opaque", now=NOON)
    await tokens.read("opaque", now=NOON - timedelta(minutes=5))
    assert len(book.asked) == 2


async def test_without_a_while_each_call_asks() -> None:
    book = Book()
    tokens = reader(book, fresh_for=timedelta(0))
    for _ in range(2):
        await tokens.read("opaque", now=NOON)
    assert len(book.asked) == 2


async def test_few_answers_are_kept_and_no_token() -> None:
    book = Book()
    tokens = reader(book, most=2)
    for token in ("a", "b", "a", "c", "a", "b"):
        await tokens.read(token, now=NOON)
    assert book.asked == ["a", "b", "c", "b"]
    assert "opaque" not in repr(vars(tokens))


@pytest.mark.parametrize("change", [{"active": "yes"}, {"aud": "https://other.example"}, {"iss": "x"}, {"jti": None}])
async def test_what_is_told_is_checked(change: dict[str, Any]) -> None:
    book = Book(other={"opaque": {"active": True, **GOOD, **change}})
    with pytest.raises(OAuthError):
        await reader(book).read("opaque", now=NOON)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AnswerLost("no answer"), "issuer_unreachable"),
        (ClientRefused(401, "invalid_client", ""), "introspection_refused"),
    ],
)
async def test_where_nothing_is_told_nobody_can_judge(error: CibaClientError, code: str) -> None:
    book = Book(other={"opaque": error})
    tokens = reader(book)
    with pytest.raises(CannotJudge) as caught:
        await tokens.read("opaque", now=NOON)
    assert caught.value.code == code
    del book.other["opaque"]
    # what is not known is not remembered
    assert (await tokens.read("opaque", now=NOON)).token_id == "t1"
