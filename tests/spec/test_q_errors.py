"""1Q. Errors of bc-authorize (CIBA Core section 13)."""

import pytest

from tests.protocols.world import PUSHY, World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

ERRORS = "protocols/oauth2/errors.py"


@requirement(
    84,
    "An error has `error`, `error_description` and `error_uri` only, under the status of its code",
    Mutation(ERRORS, 'members = {"error": self.error}', 'members = {"error": self.error, "hint": self.hint}'),
    Mutation(ERRORS, "self.status = status or _STATUSES.get(error, 400)", "self.status = status or 403"),
)
async def test_084_an_error_has_its_members_and_its_status(world: World) -> None:
    assert as_error(await world.ask(scope=None)) == (400, "invalid_request")
    assert as_error(await world.ask(login_hint="nobody")) == (400, "unknown_user_id")
    assert as_error(await world.ask(client=PUSHY)) == (400, "unauthorized_client")
    for _ in range(3):
        await world.asked()
    assert as_error(await world.ask()) == (403, "access_denied")


@requirement(
    85,
    "A description has printable ASCII without quotation mark and backslash, and nothing of what was sent",
    Mutation("protocols/oauth2/scopes.py", '"a scope is unknown or', 'f"{asked[-1]} is unknown or'),
)
async def test_085_a_description_is_plain_and_echoes_nothing(world: World) -> None:
    marked = "echo-7f3a"
    faults = (
        await world.ask(scope=f"openid {marked}"),
        await world.ask(login_hint=marked),
        await world.ask(requested_expiry=marked),
        await world.ask(binding_message=f'{marked}\\"\u202e'),
    )
    for answer in faults:
        assert as_error(answer)[0] == 400
        assert marked not in answer.text
