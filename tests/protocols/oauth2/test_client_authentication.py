"""Client authentication by a shared secret (requirements 21, 23, 94, 95, 96)."""

import base64
from urllib.parse import quote, quote_plus

import pytest

from engine.storage import Database, Keyring
from protocols.oauth2 import (
    Clients,
    NewClient,
    OAuthError,
    Presented,
    authenticate,
    parse_form,
    presented,
    require_grant,
)
from tests.protocols.world import KEYRING, NOON

pytestmark = pytest.mark.anyio

SECRET = "s3cret+with/odd=chars %41%e9~" + "x" * 20  # %e9 is no UTF-8: a client that encodes nothing sends it so
ISSUER = "https://op.example"


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def read(body: bytes, *authorization: str) -> Presented:
    return presented(parse_form(body), authorization, issuer=ISSUER)


def error_of(body: bytes, *authorization: str) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        read(body, *authorization)
    return refused.value


async def prove(database: Database, shown: Presented, keyring: Keyring = KEYRING, method: str | None = None) -> str:
    clients = Clients(keyring=keyring)

    def add_and_try(unit: object) -> str:
        clients.add(unit, NewClient(client_id="the-shop", secret=SECRET, auth_method=method), now=NOON)  # type: ignore[arg-type] # a Unit
        return authenticate(unit, clients, shown).client_id  # type: ignore[arg-type] # a Unit

    return await database.run(add_and_try)


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: text, id="requests-oauth2client encodes nothing"),
        pytest.param(quote_plus, id="RFC 6749"),
        pytest.param(lambda text: quote(text, safe=""), id="percent only"),
        pytest.param(lambda t: "".join(f"%{b:02X}" for b in t.encode()), id="openid-client encodes all"),
    ],
)
async def test_basic_works_however_a_client_encodes_it(sqlite_database: Database, encode: object) -> None:
    """Requirement 96."""
    assert callable(encode)
    shown = read(b"", basic(encode("the-shop"), encode(SECRET)))
    assert shown.method == "client_secret_basic"
    assert await prove(sqlite_database, shown) == "the-shop"


async def test_the_form_works_too(sqlite_database: Database) -> None:
    shown = read(f"client_id=the-shop&client_secret={quote_plus(SECRET)}".encode())
    assert shown.method == "client_secret_post"
    assert await prove(sqlite_database, shown) == "the-shop"


async def test_what_was_shown_does_not_show_in_its_repr() -> None:
    assert "SECRET" not in repr(read(b"client_id=a&client_secret=SECRET"))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"client_secret=x", (basic("a", "b"),)),
        (b"client_id=a&client_assertion=x", (basic("a", "b"),)),
        (b"client_id=a&client_secret=x&client_assertion=y", ()),
        (b"", (basic("a", "b"), basic("a", "b"))),
    ],
)
def test_two_methods_are_an_invalid_request(body: bytes, headers: tuple[str, ...]) -> None:
    """Requirement 95."""
    error = error_of(body, *headers)
    assert (error.status, error.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b":secret").decode(),
        "Basic " + base64.b64encode(b"id:").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        basic("%ff", "x"),
        basic("%00", "x"),
    ],
)
def test_an_unreadable_header_is_challenged(header: str) -> None:
    """Requirement 94."""
    error = error_of(b"", header)
    assert (error.status, error.error) == (401, "invalid_client")
    assert error.headers["WWW-Authenticate"].startswith("Basic ")


def test_client_ids_that_differ_are_an_invalid_client() -> None:
    """Requirement 95; an equal ``client_id`` beside Basic is what openid-client sends."""
    assert read(b"client_id=a", basic("a", "b")).client_id == "a"
    assert error_of(b"client_id=other", basic("a", "b")).error == "invalid_client"


@pytest.mark.parametrize("body", [b"", b"client_id=a", b"client_secret=b", b"client_assertion=x&client_id=a"])
def test_no_usable_proof_is_an_invalid_client_without_a_challenge(body: bytes) -> None:
    """Requirement 21."""
    error = error_of(body)
    assert (error.status, error.error, dict(error.headers)) == (401, "invalid_client", {})


@pytest.mark.parametrize(
    ("client_id", "secret"), [("the-shop", "wrong"), ("nobody", SECRET), ("the-shop", SECRET + "x")]
)
async def test_a_wrong_secret_and_an_unknown_client_are_answered_alike(
    sqlite_database: Database, client_id: str, secret: str
) -> None:
    """Requirement 21."""
    with pytest.raises(OAuthError) as refused:
        await prove(sqlite_database, read(b"", basic(client_id, secret)))
    assert refused.value.status == 401
    assert refused.value.description.startswith("client authentication failed: send the client's id and secret,")


@pytest.mark.parametrize(
    ("method", "works"), [(None, True), ("client_secret_basic", True), ("client_secret_post", False)]
)
async def test_a_fixed_method_excludes_the_other(sqlite_database: Database, method: str | None, works: bool) -> None:
    """Requirement 13."""
    shown = read(b"", basic("the-shop", SECRET))
    if works:
        assert await prove(sqlite_database, shown, method=method) == "the-shop"
        return
    with pytest.raises(OAuthError) as refused:
        await prove(sqlite_database, shown, method=method)
    assert refused.value.error == "invalid_client"


async def test_a_disabled_client_is_refused_until_it_is_enabled(sqlite_database: Database) -> None:
    clients, shown = Clients(keyring=KEYRING), read(b"", basic("the-shop", SECRET))
    await prove(sqlite_database, shown)
    assert await sqlite_database.run(lambda unit: clients.disable(unit, "the-shop"))
    with pytest.raises(OAuthError) as refused:
        await sqlite_database.run(lambda unit: authenticate(unit, clients, shown))
    assert refused.value.error == "invalid_client"
    assert await sqlite_database.run(lambda unit: clients.enable(unit, "the-shop"))
    known = await sqlite_database.run(lambda unit: authenticate(unit, clients, shown))
    require_grant(known)
    with pytest.raises(OAuthError) as not_allowed:
        require_grant(known, "refresh_token")
    assert not_allowed.value.error == "unauthorized_client"
