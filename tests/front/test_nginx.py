"""Clients with certificates, through the nginx that the documentation ships (requirements 101, 102, 118)."""

import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from protocols.oauth2.client_certificates import ClientCertificate
from tests.fixtures.authority import Holder, self_signed
from tests.fixtures.front import Answer
from tests.fixtures.relying_party import GRANT, Person, link_in, mail_number
from tests.fixtures.server import PERSON, patience
from tests.front.conftest import BANK, BANK_HELD, NOW, ROOT, TILL, TILL_HELD, Fronted

SUITES = (
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
)
OTHER_SUITES = ("ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256", "DHE-RSA-AES256-SHA256")


def ask(
    fronted: Fronted,
    client: str,
    held: Holder | None,
    *,
    port: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    files = None if held is None else fronted.files(held, f"{client}-{abs(hash(held.certificate))}")
    form = {"scope": "openid", "login_hint": f"{PERSON}@example.com", "client_id": client, "binding_message": "Order"}
    context = fronted.front.context(held=files)
    return fronted.front.post("/oauth2/bc-authorize", form, port=port, context=context, headers=headers)


def refused(answer: Answer) -> bool:
    return (answer.status, answer.json()["error"]) == (401, "invalid_client")


def test_a_whole_journey_gives_a_token_that_is_bound_to_the_certificate(fronted: Fronted) -> None:
    front, context = fronted.front, fronted.front.context(held=fronted.files(BANK_HELD, "bank"))
    told = front.send("GET", "/.well-known/openid-configuration", port=front.port).json()
    aliases: dict[str, str] = told["mtls_endpoint_aliases"]
    before = len(fronted.lockhouse.mails())

    auth_req_id = ask(fronted, BANK, BANK_HELD).json()["auth_req_id"]
    with Person.at(link_in(mail_number(fronted.lockhouse, before + 1))) as person:
        person.approve()
    tokens = _collected(fronted, {"grant_type": GRANT, "auth_req_id": auth_req_id, "client_id": BANK}, context)

    path = urlsplit(aliases["introspection_endpoint"]).path
    asked = {"token": tokens["access_token"], "client_id": BANK}
    introspected = front.post(path, asked, context=context).json()
    assert introspected["cnf"] == {"x5t#S256": ClientCertificate(BANK_HELD.der).thumbprint}


def _collected(fronted: Fronted, form: Mapping[str, str], context: ssl.SSLContext) -> dict[str, Any]:
    for _ in patience(20, pause=1.1):
        answer = fronted.front.post("/oauth2/token", form, context=context)
        if answer.status == 200:
            return dict(answer.json())
    raise AssertionError(f"no tokens: {answer.body!r}")


def test_certificates_are_judged_by_us_and_not_by_nginx(fronted: Fronted) -> None:
    assert ask(fronted, TILL, TILL_HELD).status == 200
    assert ask(fronted, BANK, ROOT.issue("renewed", sans=_sans())).status == 200
    assert refused(ask(fronted, BANK, self_signed("bank", now=NOW)))
    assert refused(ask(fronted, BANK, TILL_HELD))
    assert refused(ask(fronted, TILL, BANK_HELD))
    assert refused(ask(fronted, TILL, self_signed("till", now=NOW)))
    assert refused(ask(fronted, BANK, ROOT.issue("bank")))
    assert refused(ask(fronted, BANK, None))


def test_one_that_has_run_out_is_refused_by_nginx_itself(fronted: Fronted) -> None:
    assert ask(fronted, BANK, ROOT.issue("bank", sans=_sans(), days=0)).status == 400


def _sans() -> Any:
    extension = next(each for each in BANK_HELD.certificate.extensions if each.oid.dotted_string == "2.5.29.17")
    return tuple(extension.value)


@pytest.mark.parametrize("issuers_port", [True, False])
def test_a_forged_header_ends_at_nginx(fronted: Fronted, issuers_port: bool) -> None:
    port = fronted.front.port if issuers_port else None
    forged = {**BANK_HELD.headers, "Client-Cert": ":AAAA:", "X-Forwarded-For": "127.0.0.1"}
    assert refused(ask(fronted, BANK, None, port=port, headers=forged))
    own = ask(fronted, TILL, TILL_HELD, headers=forged)
    assert own.status == 200


def test_at_the_issuers_port_nobody_is_asked_for_a_certificate(fronted: Fronted) -> None:
    assert refused(ask(fronted, BANK, BANK_HELD, port=fronted.front.port))


def test_the_host_for_certificates_has_no_pages_for_people(fronted: Fronted) -> None:
    front = fronted.front
    assert front.send("GET", "/oauth2/authorize", port=front.mtls_port).status == 421
    assert front.send("GET", "/inbox", port=front.mtls_port).status == 404  # nginx itself: it passes on /oauth2/ alone
    assert front.send("GET", "/inbox", port=front.port).status in {200, 303, 404}


def connected(
    fronted: Fronted, port: int, *, suite: str | None = None, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> tuple[str, str]:
    """Return the version and the suite of a connection of a client that knows *suite* alone, and no version above."""
    context = fronted.front.context()
    if suite is not None:
        context.set_ciphers(suite)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, most
    plain = socket.create_connection(("localhost", port), timeout=20)
    with plain, context.wrap_socket(plain, server_hostname="localhost") as secured:
        cipher = secured.cipher()
        assert cipher is not None
        return str(secured.version()), cipher[0]


@pytest.mark.parametrize("issuers_port", [True, False])
def test_118_tls_1_3_and_1_2_with_four_suites(fronted: Fronted, issuers_port: bool) -> None:
    port, older = fronted.front.port if issuers_port else fronted.front.mtls_port, ssl.TLSVersion.TLSv1_2

    assert connected(fronted, port)[0] == "TLSv1.3"
    assert [connected(fronted, port, suite=suite, most=older) for suite in SUITES] == [
        ("TLSv1.2", suite) for suite in SUITES
    ]
    for suite in OTHER_SUITES:
        with pytest.raises(ssl.SSLError):
            connected(fronted, port, suite=suite, most=older)


def test_118_nothing_older_is_spoken(fronted: Fronted) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises((ssl.SSLError, ConnectionError)):
        connected(fronted, fronted.front.port, suite="ALL:@SECLEVEL=0", most=ssl.TLSVersion.TLSv1_1)
