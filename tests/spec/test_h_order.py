"""1H. The order of judgement (CIBA Core section 7.2)."""

import pytest

from tests.protocols.world import PUSHY, SECRETS, World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio


@requirement(
    46,
    "The client first, then what it signed, then its parameters, then whom it means",
    Mutation(
        "protocols/oauth2_ciba/initiation.py", "        require_grant(client)\n        profile", "        profile"
    ),
    Mutation(
        "protocols/oauth2_ciba/initiation.py",
        "        sent = _request(unit, client, profile, asked)\n",
        "        _hint(unit, profile, asked)\n        sent = _request(unit, client, profile, asked)\n",
    ),
)
async def test_046_an_earlier_fault_is_told_before_a_later_one(world: World) -> None:
    wrong = {"scope": "surprise", "binding_message": "\u202e", "login_hint": "nobody", "id_token_hint": "x"}
    stranger = await world.http.post("/oauth2/bc-authorize", data=wrong, auth=(PUSHY, SECRETS["shop"]))
    assert as_error(stranger) == (401, "invalid_client")
    assert as_error(await world.ask(client=PUSHY, **wrong)) == (400, "unauthorized_client")
    assert as_error(await world.ask(**{**wrong, "request": "x"})) == (400, "invalid_request")
    assert as_error(await world.ask(**wrong)) == (400, "invalid_binding_message")
    assert as_error(await world.ask(scope="surprise", login_hint="nobody")) == (400, "invalid_scope")
    assert as_error(await world.ask(login_hint="nobody")) == (400, "unknown_user_id")
