"""The endpoints at their edge: methods, media types, sizes, an absent database (requirements 20, 24, 61, 93, 97)."""

import pytest

from engine.storage import StorageUnavailable
from tests.protocols.world import GRANT, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio

POSTS = ["/oauth2/bc-authorize", "/oauth2/bc-authorize/cancel", "/oauth2/token", "/oauth2/auth/callback"]
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", POSTS)
async def test_other_methods_are_405_with_allow(small_world: World, path: str) -> None:
    """Requirements 20 and 97."""
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = await small_world.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
async def test_documents_are_read_only_and_head_is_get_without_a_body(small_world: World, path: str) -> None:
    posted = await small_world.http.post(path)
    assert (posted.status_code, set(posted.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert (await small_world.http.head(path)).status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("application/json", b'{"scope": "openid"}', 400),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        (FORM, b"a=1&a=2", 400),
        (FORM, b"a=%ff", 400),
        (FORM, b"a=%00", 400),
        (FORM, b"a=" + b"x" * 70_000, 413),
        (FORM, b"x" * 10_000_000, 413),
        (FORM, b"&".join(b"p%d=1" % n for n in range(100)), 400),
    ],
)
async def test_what_is_no_proper_form_is_an_invalid_request(
    small_world: World, path: str, content_type: str, content: bytes, status: int
) -> None:
    """Requirements 20 and 24."""
    answer = await small_world.http.post(
        path, content=content, headers={"Content-Type": content_type}, auth=(SHOP, SECRETS[SHOP])
    )
    assert as_error(answer) == (status, "invalid_request")


async def test_a_charset_beside_the_media_type_is_fine(small_world: World) -> None:
    """Requirement 20: Spring clients and the conformance suite send it."""
    answer = await small_world.http.post(
        "/oauth2/bc-authorize",
        content=b"scope=openid&login_hint=ann",
        headers={"Content-Type": f"{FORM};charset=UTF-8"},
        auth=(SHOP, SECRETS[SHOP]),
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("path", POSTS)
async def test_without_a_database_the_answer_is_503_with_retry_after(
    small_world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requirement 61."""

    async def run(_fn: object) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(small_world.database, "run", run)
    form = {"grant_type": GRANT, "auth_req_id": "x", "scope": "openid", "login_hint": "ann", "assertion": "x"}
    answer = await small_world.post(path, form)
    assert as_error(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "2"


async def test_what_only_the_log_may_know_goes_to_the_log(small_world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    answer = await small_world.ask(login_hint="twins")
    assert as_error(answer) == (400, "unknown_user_id")
    assert "2" not in answer.text
    (record,) = [record for record in caplog.records if record.message == "oauth_error"]
    assert vars(record)["hint"] == "the hint means 2 people"
    assert "twins" not in str(vars(record))
