"""However a request ends, the client learns it with its next poll."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flow_definitions
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Person, RelyingParty, link_in, mail_number
from tests.fixtures.server import Lockhouse, running

FLOWS = Path(flow_definitions.__file__).parent
# Compiles, and fails when it is reached: what a flow looks like whose author did not think of an empty list.
BROKEN = 'broken: {decide: [{when: "=[1][7] == 1", to: NEXT}], else: NEXT}'


@contextmanager
def deployment_with(folder: Path, flow: str, route: str) -> Iterator[Lockhouse]:
    """Run a deployment in which *flow* breaks where *route* (a pattern with one group) leads."""
    flows = folder / "flows"
    shutil.copytree(FLOWS, flows, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.tests.yaml"))
    file = flows / f"{flow}.yaml"
    found = re.search(route, file.read_text(), re.MULTILINE)
    assert found, f"{flow} has no route like {route}"
    text = file.read_text()[: found.start(1)] + "broken" + file.read_text()[found.end(1) :]
    node = BROKEN.replace("NEXT", found[1])
    file.write_text(re.sub(r"^nodes:$", f"nodes:\n  {node}", text, flags=re.MULTILINE))
    with running(folder / "op", FLOWS__DIRECTORY=str(flows)) as lockhouse:
        yield lockhouse


def test_a_lockout_reaches_the_next_poll(client: RelyingParty, mail_server: MailServer) -> None:
    asked = client.ask()

    with Person.at(asked.link(mail_server)) as person:
        for _ in range(5):
            person.sign_in("wrong")
        assert person.page.heading == "Too many wrong attempts"
    answer = asked.poll()

    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")


def test_an_undeliverable_message_reaches_the_next_poll(
    lockhouse: Lockhouse, client: RelyingParty, mail_server: MailServer
) -> None:
    lockhouse.add_person("bea", "a password of bea's", address="bea@example.com")
    mail_server.refused["bea@example.com"] = "550 5.1.1 no such mailbox"

    answer = client.ask(login_hint="bea@example.com").outcome(within=10)

    assert answer["error"] == "expired_token"
    assert "start again" in answer["error_description"]


def test_a_fault_in_the_notification_reaches_the_next_poll(tmp_path: Path) -> None:
    with (
        deployment_with(tmp_path, "notification_dispatch", r"^start: (\w+)$") as lockhouse,
        RelyingParty(lockhouse=lockhouse) as client,
    ):
        answer = client.ask().poll()

    assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")


def test_a_fault_in_the_login_reaches_the_next_poll(tmp_path: Path) -> None:
    broken = deployment_with(tmp_path, "login_approval", r"\bauthenticated: (\w+)")
    with broken as lockhouse, RelyingParty(lockhouse=lockhouse) as client:
        asked = client.ask()
        with Person.at(link_in(mail_number(lockhouse, 1))) as person:
            person.sign_in()
            assert person.page.heading == "This did not work"
        answer = asked.poll()

    assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")
