"""1E. Parameters of the request (CIBA Core section 7.1)."""

import pytest

from tests.protocols.world import World, as_error
from tests.spec.parties import approved_tokens, claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PARAMETERS = "protocols/oauth2_ciba/parameters.py"
SCOPES = "protocols/oauth2/scopes.py"
BINDING = "protocols/oauth2_ciba/binding.py"


@requirement(
    26,
    "`scope` holds openid, in any order; missing is `invalid_request`, without openid or unknown `invalid_scope`",
    Mutation(SCOPES, "    if OPENID not in asked:", "    if asked[0] != OPENID:"),
    Mutation(SCOPES, "if not all(name in known", "if not any(name in known"),
)
async def test_026_scope_holds_openid(world: World) -> None:
    assert (await world.ask(scope="profile openid")).status_code == 200
    assert as_error(await world.ask(scope=None)) == (400, "invalid_request")
    assert as_error(await world.ask(scope="profile")) == (400, "invalid_scope")
    assert as_error(await world.ask(scope="openid surprise")) == (400, "invalid_scope")


@requirement(
    28,
    "`acr_values` never fail a request; `acr` in the ID token says what was done",
    Mutation("protocols/oauth2/tokens.py", 'known["acr"] = acr', 'known["acr"] = "urn:example:gold"'),
)
async def test_028_acr_tells_what_was_done(world: World) -> None:
    tokens = await approved_tokens(world, acr_values="urn:example:gold urn:lockhouse:acr:pwd")
    assert claims_of(tokens["id_token"])["acr"] == "urn:lockhouse:acr:pwd"


@requirement(
    29,
    "Exactly one hint: none or more than one is `invalid_request`",
    Mutation(PARAMETERS, "if len(named) != 1:", "if not named:"),
)
async def test_029_exactly_one_hint(world: World) -> None:
    assert as_error(await world.ask(login_hint=None)) == (400, "invalid_request")
    assert as_error(await world.ask(id_token_hint="x")) == (400, "invalid_request")
    assert as_error(await world.ask(login_hint_token="x")) == (400, "invalid_request")


@requirement(
    32,
    "A `login_hint` that means nobody is `unknown_user_id`",
    Mutation("protocols/oauth2_ciba/addressees.py", 'OAuthError("unknown_user_id"', 'OAuthError("access_denied"'),
)
async def test_032_a_hint_that_means_nobody(world: World) -> None:
    assert as_error(await world.ask(login_hint="nobody@example.org")) == (400, "unknown_user_id")


@requirement(
    33,
    "What cannot be shown is `invalid_binding_message`; what is taken is shown unaltered",
    Mutation(BINDING, "c in _BIDIRECTIONAL or ", ""),
    Mutation(
        "protocols/oauth2_ciba/storing.py",
        '"binding_message": new.binding_message or ""',
        '"binding_message": (new.binding_message or "").upper()',
    ),
)
async def test_033_a_binding_message_is_shown_as_sent_or_refused(world: World) -> None:
    message = "Order 17 \u2013 caf\u00e9, e\u0301, 12,50 \u20ac"
    row = await world.row(await world.asked(binding_message=message))
    assert world.flows.started[row.flow_execution_id].inputs["message"]["params"]["binding_message"] == message
    for wrong in ("a\u202eb", "a\x07b", "see https://evil.example", " ", "x" * 257):
        assert as_error(await world.ask(binding_message=wrong)) == (400, "invalid_binding_message")


@requirement(
    35,
    "`requested_expiry` is a positive whole number, honoured when small and capped when large",
    Mutation(PARAMETERS, "0*([1-9][0-9]*)", "-?0*([0-9]+)"),
    Mutation(PARAMETERS, "min(timedelta(seconds=int(number[1])), most)", "timedelta(seconds=int(number[1]))"),
)
async def test_035_requested_expiry_is_honoured_and_capped(world: World) -> None:
    for wanted, given in (("10", 10), ("300", 300), ("86400", 600)):
        assert (await world.ask(requested_expiry=wanted)).json()["expires_in"] == given
    for wrong in ("0", "-1", "1.5", "soon"):
        assert as_error(await world.ask(requested_expiry=wrong, login_hint="bob")) == (400, "invalid_request")
