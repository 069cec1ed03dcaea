import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest

from engine import Commit, Fault, Refused, Transient
from executors.assertion_post import AssertionPost, HttpAnswer
from tests.executors.answers import NO_UNIT, settled
from tests.executors.fakes import Receiver, Said, Signer
from tests.executors.samples import NOON, context, later

pytestmark = pytest.mark.anyio

GIVEN = {
    "callback": "ciba",
    "correlation": "request-1",
    "subject": "ann",
    "methods": ["pwd"],
    "granted": ["openid", "pay"],
    "authenticated_at": later(-30),
}
URL = "https://other.example/oauth2/auth/callback"


@dataclass
class Courier:
    """Gives one answer after the other."""

    answers: list[HttpAnswer | Exception]
    posted: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    async def post(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        self.posted.append((url, form))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def local(receiver: Receiver) -> AssertionPost:
    return AssertionPost(issuer="https://id.example", signer=receiver.signer, local={"ciba": receiver})


def remote(courier: Courier, signer: Signer | None = None) -> AssertionPost:
    return AssertionPost(
        issuer="https://id.example", signer=signer or Signer(), local={}, remote={"ciba": URL}, courier=courier
    )


def answered(status: int, **told: Any) -> HttpAnswer:
    return HttpAnswer(status=status, body=json.dumps(told).encode())


async def post(executor: AssertionPost, **changes: Any) -> object:
    return settled(AssertionPost.contract, await executor.run(context(**changes), GIVEN))


async def test_a_local_callback_is_applied_only_when_the_result_is_recorded() -> None:
    receiver = Receiver(Signer())

    answer = await local(receiver).run(context(), GIVEN)

    assert isinstance(answer, Commit)
    assert receiver.effects == 0
    assert answer.act(NO_UNIT).outcome == "accepted"
    assert receiver.effects == 1


async def test_the_assertion_says_who_approved_what_for_which_request_and_how() -> None:
    receiver = Receiver(Signer())
    courier = Courier([answered(200, accepted=True)])
    await post(remote(courier, receiver.signer))

    ((url, form),) = courier.posted
    assert url == URL
    assert jwt.get_unverified_header(form["assertion"])["typ"] == "lockhouse-assertion+jwt"
    assert receiver.signer.read(form["assertion"]) == {
        "iss": "https://id.example",
        "aud": "ciba",
        "sub": "ann",
        "jti": "key-1",
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 60,
        "auth_time": int(NOON.timestamp()) - 30,
        "execution": "execution-1",
        "flow": "login_approval",
        "flow_digest": "digest-1",
        "correlation": "request-1",
        "methods": ["pwd"],
        "granted": ["openid", "pay"],
    }


async def test_the_same_task_again_has_one_effect_and_the_same_answer() -> None:
    receiver = Receiver(Signer())
    executor = local(receiver)

    first = await post(executor)
    again = await post(executor, attempt=2, now=later(5))

    assert first == again == ("accepted", {})
    assert receiver.effects == 1


async def test_another_visit_is_another_assertion() -> None:
    receiver = Receiver(Signer())

    await post(local(receiver), key="key-1")
    await post(local(receiver), key="key-2")

    assert set(receiver.taken) == {"key-1", "key-2"}


async def test_a_callback_that_says_no_is_refused_with_its_reason() -> None:
    receiver = Receiver(Signer(), answer=Said(accepted=False, reason="decided"))

    assert await post(local(receiver)) == ("refused", {"reason": "decided"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answered(200, accepted=True, reason=""), ("accepted", {})),
        (answered(409, accepted=False, reason="decided"), ("refused", {"reason": "decided"})),
        (answered(400, accepted=False), ("refused", {"reason": "http_400"})),
        (answered(400, accepted=True), ("refused", {"reason": "http_400"})),
    ],
)
async def test_a_remote_receiver_decides(answer: HttpAnswer, expected: object) -> None:
    assert await post(remote(Courier([answer]))) == expected


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
async def test_a_remote_receiver_that_is_in_trouble_is_asked_again(status: int) -> None:
    executor = remote(Courier([answered(status), answered(200, accepted=True)]))

    with pytest.raises(Transient):
        await post(executor)

    assert await post(executor, attempt=2) == ("accepted", {})


@pytest.mark.parametrize("error", [Transient("callback_unreachable"), Refused("callback_forbidden")])
async def test_what_the_courier_raises_passes(error: Exception) -> None:
    with pytest.raises(type(error)):
        await post(remote(Courier([error])))


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"accepted": "true"}', b"\xff"])
async def test_an_answer_that_is_none_is_a_fault(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        await post(remote(Courier([HttpAnswer(status=200, body=body)])))

    assert caught.value.reason in AssertionPost.contract.faults


async def test_a_callback_that_nobody_registered_is_a_fault() -> None:
    with pytest.raises(Fault) as caught:
        await post(AssertionPost(issuer="https://id.example", signer=Signer(), local={}))

    assert caught.value.reason in AssertionPost.contract.faults


def test_remote_callbacks_without_a_courier_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="courier"):
        AssertionPost(issuer="https://id.example", signer=Signer(), local={}, remote={"ciba": URL})
