"""Assertions to callbacks elsewhere, over real sockets."""

import pytest

from engine import Refused, Transient
from lockhouse.courier import OutgoingCourier
from lockhouse.outgoing import Outgoing
from tests.lockhouse.local_servers import answering, plain, serving

pytestmark = pytest.mark.anyio


async def test_the_form_arrives_and_the_answer_comes_back() -> None:
    body = b'{"accepted": true, "reason": ""}'
    async with serving(plain(body, status="409 Conflict")) as server:
        origin = f"http://127.0.0.1:{server.port}"
        outgoing = Outgoing(allowed=(origin,))
        answer = await OutgoingCourier(outgoing=outgoing).post(f"{origin}/cb", {"assertion": "a.b+c"})
        await outgoing.close()

    assert (answer.status, answer.body) == (409, body)
    assert "content-type: application/x-www-form-urlencoded" in server.requests[0].lower()


async def test_no_answer_is_worth_another_try_and_a_forbidden_address_is_not() -> None:
    async with serving(answering(b"")) as server:
        origin = f"http://127.0.0.1:{server.port}"
        outgoing = Outgoing(allowed=(origin,))
        courier = OutgoingCourier(outgoing=outgoing)
        with pytest.raises(Transient):
            await courier.post(origin, {"assertion": "x"})
        with pytest.raises(Refused):
            await courier.post("https://127.0.0.1/", {"assertion": "x"})
        await outgoing.close()
