"""Pings and pushes over real sockets: what leaves, what each answer means, and where nothing may be sent."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from engine import Refused, Transient
from lockhouse.courier import OutgoingNotifications
from lockhouse.outgoing import Outgoing
from protocols.oauth2_ciba import NotificationSender
from tests.fixtures.receiver import TOKEN, Conduct, Receiver, receiver

__all__ = ["receiver"]

pytestmark = pytest.mark.anyio

BODY = b'{"auth_req_id": "1c266114"}'


class Always:
    """Whoever is asked says yes."""

    async def may_tell(self, request_id: str, status: str) -> bool:
        return True


@pytest.fixture
async def outgoing(receiver: Receiver) -> AsyncIterator[Outgoing]:
    made = Outgoing(allowed=[receiver.origin], timeout=timedelta(seconds=0.5))
    yield made
    await made.close()


def sender(outgoing: Outgoing) -> NotificationSender:
    return NotificationSender(gateway=OutgoingNotifications(outgoing=outgoing), guard=Always())


async def send(outgoing: Outgoing, url: str) -> None:
    payload = {"recipient": url, "request_id": "r1", "status": "approved", "token": TOKEN, "body": BODY.decode()}
    await sender(outgoing).deliver(key="m1", payload=payload)


async def test_what_leaves_is_the_body_under_the_clients_own_token(outgoing: Outgoing, receiver: Receiver) -> None:
    await send(outgoing, receiver.endpoint)
    (call,) = receiver.calls
    assert (call.method, call.path, call.body) == ("POST", "/told", BODY)
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("conduct", [Conduct.HANG, Conduct.HANG_UP, Conduct.BROKEN], ids=lambda each: each.name.lower())
async def test_trouble_of_the_endpoint_is_tried_again(outgoing: Outgoing, receiver: Receiver, conduct: Conduct) -> None:
    receiver.behave(conduct)
    with pytest.raises(Transient):
        await send(outgoing, receiver.endpoint)


@pytest.mark.parametrize(
    ("conduct", "status"),
    [(Conduct.REDIRECT, 302), (Conduct.UNAUTHORISED, 401), (Conduct.BAD_REQUEST, 400)],
    ids=lambda each: str(getattr(each, "name", each)).lower(),
)
async def test_a_refusal_is_the_last_word_and_a_redirect_is_not_followed(
    outgoing: Outgoing, receiver: Receiver, conduct: Conduct, status: int
) -> None:
    receiver.behave(conduct)
    with pytest.raises(Refused) as refused:
        await send(outgoing, receiver.endpoint)
    assert refused.value.reason == f"status_{status}"
    assert [call.path for call in receiver.calls] == ["/told"]


async def test_an_endpoint_that_is_gone_is_tried_again(outgoing: Outgoing, receiver: Receiver) -> None:
    receiver.stop()
    with pytest.raises(Transient):
        await send(outgoing, receiver.endpoint)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/told", "https://127.0.0.1:9/told", "https://10.0.0.7/told", ""])
async def test_where_nothing_may_be_sent_nothing_is(outgoing: Outgoing, url: str) -> None:
    with pytest.raises(Refused) as refused:
        await send(outgoing, url)
    assert refused.value.reason == "endpoint_forbidden"
