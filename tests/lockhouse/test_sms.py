"""Text messages over real sockets: by the guarded client to a gateway that behaves, well or badly."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import anyio
import pytest

from engine import Refused, Transient
from lockhouse.channels import channels_of
from lockhouse.configuration import SettingsInvalid, load_configuration
from lockhouse.courier import OutgoingGateway
from lockhouse.outgoing import Outgoing
from tests.executors.channels.sms.texts import queued, sms
from tests.fixtures.gateway import Conduct, Gateway, gateway

__all__ = ["gateway"]

pytestmark = pytest.mark.anyio

DEVELOPMENT = {"LOCKHOUSE_DEVELOPMENT": "true"}


async def send(gateway: Gateway, tmp_path: Path, **settings: str) -> None:
    given = {f"LOCKHOUSE_{name}": value for name, value in {**gateway.settings, **settings}.items()}
    configuration = load_configuration(None, environ={**DEVELOPMENT, **given})
    chosen = configuration.settings
    outgoing = Outgoing(allowed=chosen.outgoing.allowed, timeout=timedelta(seconds=chosen.sms.timeout))
    try:
        channels = channels_of(configuration, gateway=OutgoingGateway(outgoing=outgoing))
        await channels["sms"].sender.deliver(key="key-1", payload=queued())
    finally:
        await outgoing.close()


async def test_the_gateway_gets_what_the_settings_say(gateway: Gateway, tmp_path: Path) -> None:
    await send(gateway, tmp_path, SMS__AUTHENTICATION="bearer", SMS__SECRET="canary")

    (called,) = gateway.calls
    assert (called.method, called.path) == ("POST", "/send")
    assert called.json == {"to": "+491701234567", "text": sms()["text"]}
    assert called.headers["authorization"] == "Bearer canary"
    assert called.headers["idempotency-key"] == "key-1"


async def test_a_form_is_sent_as_one(gateway: Gateway, tmp_path: Path) -> None:
    await send(gateway, tmp_path, SMS__FORMAT="form", SMS__METHOD="PUT")

    (called,) = gateway.calls
    assert parse_qs(called.body.decode()) == {"to": ["+491701234567"], "text": [sms()["text"]]}


@pytest.mark.parametrize(
    ("conduct", "reason"),
    [
        (Conduct.ERROR_IN_BODY, "sms_not_accepted"),
        (Conduct.NOT_JSON, "sms_not_accepted"),
        (Conduct.UNAUTHORISED, "sms_gateway_refused_us"),
        (Conduct.BROKEN, "sms_gateway_failed"),
        (Conduct.REDIRECT, "sms_gateway_redirects"),
        (Conduct.HANG, "sms_gateway_away"),
        (Conduct.HANG_UP, "sms_gateway_away"),
    ],
)
async def test_what_may_pass_is_tried_again(gateway: Gateway, tmp_path: Path, conduct: Conduct, reason: str) -> None:
    gateway.behave(conduct)

    with pytest.raises(Transient) as caught:
        await send(gateway, tmp_path, SMS__TIMEOUT="1")

    assert caught.value.reason == reason
    assert len(gateway.calls) == 1, "nothing is followed, and nothing is tried twice in one try"


@pytest.mark.parametrize("conduct", [Conduct.REFUSAL_IN_BODY, Conduct.BAD_REQUEST])
async def test_what_cannot_pass_is_given_up(gateway: Gateway, tmp_path: Path, conduct: Conduct) -> None:
    gateway.behave(conduct)

    with pytest.raises(Refused) as caught:
        await send(gateway, tmp_path)

    assert caught.value.reason == "sms_refused"


async def test_a_gateway_that_is_gone_is_tried_again(gateway: Gateway, tmp_path: Path) -> None:
    gateway.stop()

    with pytest.raises(Transient) as caught:
        await send(gateway, tmp_path)

    assert caught.value.reason == "sms_gateway_away"


async def test_a_gateway_inside_is_called_only_where_the_settings_allow_it(gateway: Gateway, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        await send(gateway, tmp_path, OUTGOING__ALLOWED="https://other.example")

    assert caught.value.reason == "sms_gateway_forbidden"
    assert gateway.calls == []


async def test_a_copy_is_kept_of_what_the_gateway_has_taken(gateway: Gateway, tmp_path: Path) -> None:
    folder = tmp_path / "sms"
    await send(gateway, tmp_path, SMS__DIRECTORY=str(folder))
    gateway.behave(Conduct.BROKEN)
    with pytest.raises(Transient):
        await send(gateway, tmp_path, SMS__DIRECTORY=str(folder))

    (file,) = folder.iterdir()
    assert await anyio.Path(file).read_text() == f"To: +491701234567\n\n{sms()['text']}\n"


async def test_a_folder_that_cannot_be_written_does_not_send_twice(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    await send(gateway, tmp_path, SMS__DIRECTORY=str(tmp_path / "file" / "sms"))

    assert len(gateway.calls) == 1


MISTAKES = {
    "no address": ({"SMS__URL": "gateway.example"}, "sms.url: expected an address such as"),
    "placeholder": ({"SMS__URL": "https://g.example/{{ too }}"}, "sms.url: 'too' is undefined; there are: to"),
    "no secret": ({"SMS__AUTHENTICATION": "bearer"}, 'sms.secret: expected the secret for authentication = "bearer"'),
    "no method": ({"SMS__METHOD": "DELETE"}, "LOCKHOUSE_SMS__METHOD: sms.method: expected 'POST', 'PUT' or 'GET'"),
    "no pattern": ({"SMS__ANSWER__ACCEPTED": "("}, "sms.answer.accepted: expected a regular expression"),
    "no country": ({"SMS__DEFAULT_COUNTRY": "XX"}, "sms.default_country: expected the two letters of a country"),
    "no code": ({"SMS__DEFAULT_COUNTRY": "Germany"}, "sms.default_country: expected the two letters of a country"),
    "no table": ({"SMS__BODY": "to={{ to }}"}, "sms.body: expected a table, written as JSON"),
    "no status": ({"SMS__ANSWER__PERMANENT_STATUS": "400,x"}, "sms.answer.permanent_status.1: expected a whole number"),
}


@pytest.mark.parametrize(("settings", "why"), MISTAKES.values(), ids=MISTAKES)
async def test_wrong_settings_are_found_at_start(
    gateway: Gateway, tmp_path: Path, settings: dict[str, str], why: str
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        await send(gateway, tmp_path, **settings)

    assert why in str(caught.value)
    assert gateway.calls == []


def test_without_a_gateway_and_a_folder_there_are_no_text_messages() -> None:
    configuration = load_configuration(None, environ=DEVELOPMENT)

    assert set(channels_of(configuration, gateway=OutgoingGateway(outgoing=Outgoing()))) == {"email"}
