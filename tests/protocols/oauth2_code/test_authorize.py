"""The authorization endpoint: what is asked, where errors go, and the way back (requirements 161 to 163, 165, 166)."""

import pytest

from protocols.oauth2 import Closed
from tests.protocols.oauth2_code.conftest import APP, BACK, OTHER, SECRETS, CodeWorld, claims_of, members_of
from tests.protocols.world import ISSUER

pytestmark = pytest.mark.anyio


async def test_a_browser_is_led_to_our_page_and_back_with_a_code(code: CodeWorld) -> None:
    link = await code.link(login_hint="ann@example.org")
    await code.approved(link)

    begun = code.world.flows.started["e1"]
    assert (begun.flow, begun.inputs["login_hint"], begun.inputs["requester"]) == (
        "sign_in",
        "ann@example.org",
        "The App",
    )
    told = members_of(await code.leave(link) or "")
    assert set(told) == {"code", "state", "iss"}
    assert (told["state"], told["iss"]) == ("st+ate", ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": "https://app.example/back"},
        {"redirect_uri": "https://app.example/back?x=1#f"},
        {"redirect_uri": BACK.upper()},
    ],
    ids=str,
)
async def test_163_nobody_is_sent_to_an_address_that_is_not_registered(
    small_code: CodeWorld, changes: dict[str, str | None]
) -> None:
    answer = await small_code.authorize(**changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid unknown"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "select_account"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://app.example/r"}, "request_uri_not_supported"),
        ({"resource": "no-address"}, "invalid_target"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"state": "s" * 2049}, "invalid_request"),
    ],
    ids=str,
)
async def test_161_162_166_every_other_mistake_is_told_to_the_client(
    small_code: CodeWorld, changes: dict[str, str | None], error: str
) -> None:
    answer = await small_code.authorize(**changes)

    told = members_of(answer.headers["location"])
    assert (answer.status_code, told["error"], told["iss"]) == (303, error, ISSUER)
    assert told["state"] == (changes.get("state") or "st+ate")


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"prompt": "consent login"}, {"max_age": "0"}], ids=str)
async def test_166_what_asks_for_a_fresh_login_is_what_everybody_gets(
    small_code: CodeWorld, changes: dict[str, str | None]
) -> None:
    assert await small_code.link(**changes)


async def test_a_repeated_parameter_is_refused_where_it_is_safe(small_code: CodeWorld) -> None:
    begin = {"client_id": APP, "redirect_uri": BACK, "state": "s"}
    twice = await small_code.http.get(
        "/oauth2/authorize", params=[*begin.items(), ("scope", "openid"), ("scope", "openid")]
    )
    back = await small_code.http.get(
        "/oauth2/authorize", params=[*begin.items(), ("redirect_uri", "https://evil.example")]
    )

    assert members_of(twice.headers["location"])["error"] == "invalid_request"
    assert back.status_code == 400


async def test_a_request_may_be_posted_as_well(small_code: CodeWorld) -> None:
    form = {"client_id": APP, "redirect_uri": BACK, "response_type": "token"}
    answer = await small_code.http.post("/oauth2/authorize", data=form)

    assert members_of(answer.headers["location"])["error"] == "unsupported_response_type"


@pytest.mark.parametrize(
    ("outcome", "error"), [("denied", "access_denied"), ("expired", "access_denied"), ("fault", "server_error")]
)
async def test_a_browser_comes_back_with_what_became_of_it(code: CodeWorld, outcome: str, error: str) -> None:
    link = await code.link()
    await code.open(link)
    await code.end(link, outcome)

    assert members_of(await code.leave(link) or "")["error"] == error
    assert await code.leave(link) is None


async def test_a_browser_goes_back_once_and_no_other_browser_does(code: CodeWorld) -> None:
    link = await code.link()
    await code.open(link)
    assert await code.leave(link) is None  # nothing is decided
    assert await code.claim(link)
    assert await code.receive(await code.assertion(link)) == (True, "")

    assert await code.leave(link, execution="e2") is None
    assert await code.leave(link) is not None
    assert await code.leave(link) is None


async def test_an_attempt_takes_the_place_of_another_until_somebody_has_proved_who_they_are(code: CodeWorld) -> None:
    link = await code.link()
    await code.open(link, "e1")
    second = await code.open(link, "e2")

    assert getattr(second, "displaced", None) == "e1"
    assert not await code.claim(link, execution="e1")
    assert await code.claim(link, execution="e2")
    assert await code.open(link, "e3") == Closed("claimed")
    await code.end(link, "cancelled", "e1")
    assert (await code.receive(await code.assertion(link, "e2")))[0]


async def test_166_only_the_person_of_an_id_token_hint_may_answer(code: CodeWorld) -> None:
    token = (await code.redeem(await code.code())).json()["id_token"]
    link = await code.link(id_token_hint=token)
    await code.open(link, "e2")

    assert not await code.claim(link, "sub-bob", "e2")
    await code.end(link, "fault", "e2", code="claimed_elsewhere")
    assert members_of(await code.leave(link, "e2") or "")["error"] == "login_required"


async def test_an_id_token_of_another_client_is_no_hint(small_code: CodeWorld) -> None:
    token = (await small_code.redeem(await small_code.code())).json()["id_token"]
    answer = await small_code.authorize(client_id=OTHER, id_token_hint=token)

    assert members_of(answer.headers["location"])["error"] == "invalid_request"
    assert claims_of(token)["aud"] == APP


async def test_165_a_pushed_request_is_good_once_for_its_client_and_for_ninety_seconds(code: CodeWorld) -> None:
    async def pushed() -> str:
        asked = {"response_type": "code", "redirect_uri": BACK, "scope": "openid", "code_challenge": "c" * 43}
        form = {**asked, "code_challenge_method": "S256", "state": "kept"}
        answer = await code.http.post("/oauth2/par", data=form, auth=(APP, SECRETS[APP]))
        assert (answer.status_code, answer.json()["expires_in"]) == (201, 90)
        return str(answer.json()["request_uri"])

    async def used(name: str, client: str = APP) -> int:
        return (await code.http.get("/oauth2/authorize", params={"client_id": client, "request_uri": name})).status_code

    name = await pushed()
    assert [await used(name, OTHER), await used(name), await used(name)] == [400, 303, 400]
    late = await pushed()
    code.world.clock.forward(90)
    assert await used(late) == 400


async def test_165_what_is_pushed_is_judged_at_once(small_code: CodeWorld) -> None:
    for form, error in (
        ({"redirect_uri": BACK, "response_type": "token"}, "unsupported_response_type"),
        ({"redirect_uri": "https://evil.example", "response_type": "code"}, "invalid_request"),
        ({"redirect_uri": BACK, "request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    ):
        answer = await small_code.http.post("/oauth2/par", data=form, auth=(APP, SECRETS[APP]))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    stranger = await small_code.http.post("/oauth2/par", data={"redirect_uri": BACK}, auth=(APP, "wrong"))
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_counts_once_and_only_with_every_check(code: CodeWorld) -> None:
    link = await code.link()
    await code.open(link)
    assert await code.claim(link)

    for change, reason in (
        ({"iss": "https://other.example"}, "issuer"),
        ({"sub": "sub-bob"}, "subject"),
        ({"granted": ["profile"]}, "required"),
        ({"granted": ["openid", "email"]}, "asked"),
        ({"flow_digest": "another"}, "flow_digest"),
        ({"methods": []}, "methods"),
    ):
        assert await code.receive(await code.assertion(link, **change)) == (False, reason)
    good = await code.assertion(link)
    assert await code.receive(good) == (True, "")
    assert await code.receive(good) == (True, "")
    assert await code.receive(await code.assertion(link, granted=["openid"])) == (False, "other_claims")
    assert await code.receive(await code.assertion(link, execution="e9")) == (False, "execution")
    assert await code.receive("a.b.c") == (False, "signature")


async def test_a_person_who_was_disabled_meanwhile_approves_nothing(code: CodeWorld) -> None:
    link = await code.link()
    await code.open(link)
    assert await code.claim(link)
    code.world.people.disabled.add("sub-ann")

    assert await code.receive(await code.assertion(link)) == (False, "account")
    assert members_of(await code.leave(link) or "")["error"] == "access_denied"
