"""The four examples of clients, started as their first lines say, against a real server and a person with a phone."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jwskate import ECJwk

from examples.agent_that_asks import API, Agent, Payment, PaymentApi
from lockhouse.client import AsyncCibaClient, ClientSecretBasic, PrivateKey, PrivateKeyJwt
from tests.fixtures.relying_party import Person, link_in
from tests.fixtures.server import CLIENT_SECRET, PASSWORD, Lockhouse, free_port, patience, running
from tests.project.layout import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

ANN = "ann@example.com"
KEY = ECJwk.generate(crv="P-256", alg="ES256").with_kid_thumbprint()
SCOPES = {"payment": {"title": "Make a payment", "required": True}}
Decide = Callable[[Person], None]


def approve(person: Person) -> None:
    person.approve(PASSWORD)


def deny(person: Person) -> None:
    person.deny(PASSWORD)


@pytest.fixture(scope="module")
def call_centre_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, call_centre_port: int) -> Iterator[Lockhouse]:
    """Return a server that knows the four clients, the agent's bank, and Ann."""
    centre = f"http://127.0.0.1:{call_centre_port}"
    folder = tmp_path_factory.mktemp("examples")
    with running(folder / "op", SCOPES=json.dumps(SCOPES), OUTGOING__ALLOWED=centre) as started:
        started.environ["EXAMPLE_SECRET"] = CLIENT_SECRET
        (folder / "clients.yaml").write_text(json.dumps({"owner": "examples", "clients": clients(centre)}))
        (folder / "keys").write_text(json.dumps({"keys": [dict(KEY.public_jwk())]}))
        started.run("client", "apply", str(folder / "clients.yaml"), "--config", str(started.config))
        yield started


def clients(centre: str) -> dict[str, Any]:
    """Return what the examples say of how they are registered, as a file of clients has it."""
    secret = {"secret": {"env": "EXAMPLE_SECRET"}}
    by_key, paying = {"auth_method": "private_key_jwt", "jwks": "keys"}, {"scopes": ["openid", "payment"]}
    return {
        "till": {**secret, **paying},
        "centre": {**secret, "mode": "ping", "notification_endpoint": f"{centre}/told"},
        "device": {**by_key, "refresh": True},
        "agent": {**by_key, **paying, "agent": True, "request_alg": "ES256"},
        "bank": {**secret, "resource": API},
    }


def answer(lockhouse: Lockhouse, words: str, decide: Decide) -> None:
    """Be Ann: open the newest mail that has these *words*, and decide."""
    for _ in patience(30):
        for mail in reversed(lockhouse.mails()):
            body = mail.get_body(preferencelist=("plain",))
            if body is not None and words in body.get_content():
                with Person.at(link_in(mail)) as person:
                    decide(person)
                return
    raise AssertionError(f"no mail has the words {words!r}")


def environment(lockhouse: Lockhouse, client: str, **more: str) -> dict[str, str]:
    named = {"ISSUER": lockhouse.url, "CLIENT_ID": client, "CLIENT_SECRET": CLIENT_SECRET, **more}
    return {**os.environ, **named, "PYTHONPATH": str(ROOT)}


@contextmanager
def started(example: str, *arguments: str, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run an example as its users do."""
    command = [sys.executable, str(ROOT / "examples" / example), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, text=True, stdout=pipe, stderr=pipe) as program:
        try:
            yield program
        finally:
            program.kill()


def words_to_compare(program: subprocess.Popen[str]) -> str:
    """Return what the till shows to its customer."""
    assert program.stdout is not None
    asked = program.stdout.readline()
    assert asked.startswith("asked; compare: "), program.communicate()
    return asked.removeprefix("asked; compare: ").strip()


@pytest.mark.parametrize(("decide", "line", "status"), [(approve, "paid, approved by", 0), (deny, "refused", 1)])
def test_a_till_is_paid_by_a_yes_on_the_customers_phone(
    lockhouse: Lockhouse, decide: Decide, line: str, status: int
) -> None:
    with started("point_of_sale.py", ANN, "12.50", environ=environment(lockhouse, "till")) as program:
        answer(lockhouse, words_to_compare(program), decide)
        out, err = program.communicate(timeout=30)

    assert (out.startswith(line), program.returncode) == (True, status), out + err


def test_a_till_that_is_stopped_takes_its_question_back(lockhouse: Lockhouse) -> None:
    with started("point_of_sale.py", ANN, "3.00", environ=environment(lockhouse, "till")) as program:
        words_to_compare(program)
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=30)

    assert err.strip() == "taken back"
    assert "found none" in lockhouse.run("dev", "approve", "--config", str(lockhouse.config), fails=True)


def test_a_till_says_what_to_do_where_nobody_can_be_asked(lockhouse: Lockhouse) -> None:
    with started("point_of_sale.py", "nobody@example.com", "3.00", environ=environment(lockhouse, "till")) as program:
        out, _ = program.communicate(timeout=30)
    with started("point_of_sale.py", ANN, "3.00", environ=environment(lockhouse, "stranger")) as program:
        _, err = program.communicate(timeout=30)

    assert "pay by card" in out
    assert "invalid_client" in err


def test_a_call_centre_is_told_who_is_calling(lockhouse: Lockhouse, call_centre_port: int, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{call_centre_port}"
    command = [sys.executable, "-m", "uvicorn", "--factory", "examples.call_centre:make_application"]
    log = tmp_path / "log"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [*command, "--port", str(call_centre_port)],
            env=environment(lockhouse, "centre"),
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as program,
        httpx2.Client(base_url=address, trust_env=False) as http,
    ):
        try:
            for decide, state in ((approve, "verified"), (deny, "denied")):
                call = begin(http)
                answer(lockhouse, call["read_aloud"], decide)
                shown = next(
                    found
                    for _ in patience(20)
                    if (found := http.get(f"/calls/{call['call']}").json())["state"] != "asked"
                )
                assert (shown["state"], shown["caller"] is not None) == (state, state == "verified")
            assert http.post("/calls", json={"caller": "nobody"}).status_code == 404
        finally:
            program.terminate()
    assert log.read_text().count('"POST /told HTTP/1.1" 204') == 2, log.read_text()


def begin(http: httpx2.Client) -> dict[str, str]:
    """Take a call from Ann, as soon as the application listens."""
    for _ in patience(30):
        try:
            taken = http.post("/calls", json={"caller": ANN})
        except httpx2.TransportError:
            continue
        assert taken.status_code == 201, taken.text
        found: dict[str, str] = taken.json()
        return found
    raise AssertionError("the call centre does not listen")


def test_a_device_asks_its_owner_once(lockhouse: Lockhouse, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(json.dumps(dict(KEY)))
    kept = tmp_path / "token"
    environ = environment(lockhouse, "device", DEVICE_KEY=str(tmp_path / "key"), TOKEN_FILE=str(kept))

    def work() -> tuple[str, str]:
        with started("headless_device.py", ANN, environ=environ) as program:
            return program.communicate(timeout=60)

    with ThreadPoolExecutor(1) as aside:
        first = aside.submit(work)
        answer(lockhouse, "Device device", approve)
        assert first.result() == ("working\n", "")
    assert kept.stat().st_mode & 0o077 == 0
    mails = len(lockhouse.mails())
    assert work() == ("working\n", "")
    assert len(lockhouse.mails()) == mails, "nobody was asked again"

    kept.write_text("taken back")
    with ThreadPoolExecutor(1) as aside:
        again = aside.submit(work)
        for _ in patience(30):
            if len(lockhouse.mails()) > mails:
                break
        answer(lockhouse, "Device device", deny)
        assert again.result() == ("not allowed\n", "")


async def test_an_agent_pays_what_a_person_allowed_and_nothing_else(lockhouse: Lockhouse) -> None:
    key = PrivateKey.from_jwk(dict(KEY))
    async with AsyncExitStack() as open_clients:
        client = await open_clients.enter_async_context(
            AsyncCibaClient(lockhouse.url, PrivateKeyJwt("agent", key), signing_key=key)
        )
        bank = await open_clients.enter_async_context(
            AsyncCibaClient(lockhouse.url, ClientSecretBasic("bank", CLIENT_SECRET))
        )
        agent, api = Agent(client, person=ANN), PaymentApi(bank, trusted_agent="agent")
        rent = Payment(number="R-1", amount=Decimal("900.00"), payee="the landlord")
        paid, _ = await asyncio.gather(agent.pay(rent, api), asyncio.to_thread(answer, lockhouse, rent.words, approve))
        gift = Payment(number="G-1", amount=Decimal("20.00"), payee="a stranger")
        refused, _ = await asyncio.gather(agent.pay(gift, api), asyncio.to_thread(answer, lockhouse, gift.words, deny))

        assert paid.startswith("Paid 900.00 EUR to the landlord")
        assert "did not agree" in refused
        assert list(api.paid.values()) == ["R-1"]
        assert "not for payments" in await api.pay(gift, "no token")
        elsewhere = PaymentApi(bank, trusted_agent="another")
        fine = Payment(number="F-1", amount=Decimal("1.00"), payee="the town")
        said, _ = await asyncio.gather(
            agent.pay(fine, elsewhere), asyncio.to_thread(answer, lockhouse, fine.words, approve)
        )
        assert "another program" in said
