"""1D. bc-authorize: transport and client authentication (CIBA Core sections 7 and 7.1)."""

import pytest

from tests.protocols.world import ISSUER, SECRETS, SHOP, World, as_error
from tests.spec.parties import add, add_signer, ask_as
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PATH = "/oauth2/bc-authorize"
FORM = "application/x-www-form-urlencoded"
FORMS = "protocols/oauth2/forms.py"
PROOFS = "protocols/oauth2/client_proofs.py"
AUTHENTICATION = "protocols/oauth2/client_authentication.py"
GOOD = b"scope=openid&login_hint=ann"


async def send(world: World, content: bytes, content_type: str = FORM) -> tuple[int, str]:
    headers = {"Content-Type": content_type}
    answer = await world.http.post(PATH, content=content, headers=headers, auth=(SHOP, SECRETS[SHOP]))
    return (200, "") if answer.status_code == 200 else as_error(answer)


@requirement(
    20,
    "Only POST of a UTF-8 form; a charset beside the media type is fine, JSON is `invalid_request`",
    Mutation(FORMS, "if media != MEDIA_TYPE:", 'if media == "text/plain":'),
    Mutation(FORMS, 'parameter != "charset=utf-8"', 'parameter != "charset=ascii"'),
)
async def test_020_only_a_form_by_post_is_taken(world: World) -> None:
    assert await send(world, GOOD, f"{FORM};charset=UTF-8") == (200, "")
    assert await send(world, GOOD, "application/json") == (400, "invalid_request")
    assert await send(world, b"scope=openid&login_hint=%ff") == (400, "invalid_request")
    assert (await world.http.get(PATH)).status_code == 405


@requirement(
    21,
    "The client proves itself by the method that it is registered with; else 401 `invalid_client`",
    Mutation(AUTHENTICATION, "if known.client.auth_method not in (None, shown.method):", "if not shown.method:"),
    Mutation(AUTHENTICATION, "if known is None or not any(right):", "if known is None:"),
)
async def test_021_the_registered_method_or_401(world: World) -> None:
    await add(world, "poster", auth_method="client_secret_post")
    assert as_error(await ask_as(world, "poster")) == (401, "invalid_client")
    wrong = await world.http.post(PATH, data={"scope": "openid", "login_hint": "ann"}, auth=(SHOP, "wrong"))
    assert as_error(wrong) == (401, "invalid_client")


@requirement(
    22,
    "An assertion may name the issuer, the token endpoint or bc-authorize as its audience, alone or among others",
    Mutation(PROOFS, "self._audiences = {issuer} |", "self._audiences ="),
    Mutation(PROOFS, '{issuer} | self._names("/oauth2/token") |', "{issuer} |"),
)
async def test_022_three_audiences_are_ours(world: World) -> None:
    signer = await add_signer(world)
    ours = (ISSUER, f"{ISSUER}/oauth2/token", f"{ISSUER}{PATH}")
    for audience in (*ours, ["https://other.example", ISSUER]):
        form = {"scope": "openid", "login_hint": "ann", **signer.proof(aud=audience)}
        answer = await world.http.post(PATH, data=form)
        assert answer.status_code in {200, 403}, audience  # 403: the pair has three requests pending
    form = {"scope": "openid", "login_hint": "ann", **signer.proof(aud="https://other.example")}
    assert as_error(await world.http.post(PATH, data=form)) == (401, "invalid_client")


@requirement(
    23,
    "A signed client needs no client_id: the assertion names it",
    Mutation(AUTHENTICATION, "if named not in (None, assertion.client_id):", "if named != assertion.client_id:"),
)
async def test_023_an_assertion_alone_names_its_client(world: World) -> None:
    signer = await add_signer(world)
    assert (await signer.ask()).status_code == 200
    assert (await signer.ask(client_id=signer.client_id)).status_code == 200


@requirement(
    24,
    "No parameter is repeated; an empty one counts as omitted",
    Mutation(FORMS, "if self.repeated - allowed:", "if self.repeated & allowed:"),
    Mutation(FORMS, "sent.items() if given}", "sent.items()}"),
)
async def test_024_repeats_are_refused_and_empty_is_omitted(world: World) -> None:
    assert await send(world, GOOD + b"&scope=openid") == (400, "invalid_request")
    assert await send(world, GOOD + b"&unknown=1&unknown=1") == (400, "invalid_request")
    assert await send(world, GOOD + b"&binding_message=&requested_expiry=&id_token_hint=") == (200, "")


@requirement(
    25,
    "Unknown parameters are ignored",
    Mutation(
        "protocols/oauth2/endpoints.py", "    form.refuse_repeats()", '    form.refuse_repeats(form.require("x"))'
    ),
)
async def test_025_unknown_parameters_are_ignored(world: World) -> None:
    assert await send(world, GOOD + b"&request_context=%7B%7D&authorization_details=%5B%5D&foo=bar") == (200, "")
