"""The journey as a client developer lives it, with requests-oauth2client; and the same journey to its other ends."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
from requests_oauth2client import (
    AccessDenied,
    AuthorizationPending,
    BackChannelAuthenticationResponse,
    BearerToken,
    ExpiredToken,
    IdToken,
    OAuth2Client,
    SlowDown,
)

from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Person, RelyingParty, link_in
from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, PERSON, Lockhouse, patience

SCOPES = "openid profile email"


@pytest.fixture
def library(lockhouse: Lockhouse) -> Iterator[OAuth2Client]:
    """Return the public client library, set up from discovery. (It drops the backchannel endpoint: we pass it.)"""
    session = requests.Session()
    session.trust_env = False
    metadata = session.get(f"{lockhouse.url}/.well-known/openid-configuration", timeout=10).json()
    endpoint = metadata["backchannel_authentication_endpoint"]
    yield OAuth2Client.from_discovery_document(
        metadata,
        issuer=lockhouse.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        session=session,
        testing=True,
        authorization_server_jwks=session.get(metadata["jwks_uri"], timeout=10).json(),
        backchannel_authentication_endpoint=endpoint,
    )
    session.close()


def ask(library: OAuth2Client, message: str = "W4SCT", **parameters: Any) -> BackChannelAuthenticationResponse:
    return library.backchannel_authentication_request(
        SCOPES, login_hint=f"{PERSON}@example.com", binding_message=message, **parameters
    )


def link_with(mail_server: MailServer, message: str) -> str:
    return link_in(mail_server.find(message).message)


def final_token(library: OAuth2Client, asked: BackChannelAuthenticationResponse) -> BearerToken:
    for _ in patience(30, pause=1):
        try:
            return library.ciba(asked.auth_req_id)
        except (AuthorizationPending, SlowDown):
            continue
    raise AssertionError("no final answer came")


def test_a_person_approves_and_the_client_verifies_the_tokens(
    lockhouse: Lockhouse, mail_server: MailServer, library: OAuth2Client
) -> None:
    asked = ask(library, "JOURNEY-0")
    with pytest.raises(AuthorizationPending):
        library.ciba(asked.auth_req_id)
    with Person.at(link_with(mail_server, "JOURNEY-0")) as person:
        assert "shop" in person.page.text
        assert "JOURNEY-0" in person.page.text
        person.approve()
        assert person.page.heading == "You have approved"
    token = final_token(library, asked)

    assert isinstance(token.id_token, IdToken)
    jwks = library.authorization_server_jwks
    assert jwks is not None
    token.id_token.validate(jwks, issuer=lockhouse.url, audience=CLIENT_ID, alg="RS256")
    claims = token.id_token.claims
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == asked.auth_req_id
    told = library.userinfo(token.access_token)
    assert told["sub"] == claims["sub"]
    assert told["email"] == f"{PERSON}@example.com"


def test_a_token_is_given_once(mail_server: MailServer, client: RelyingParty) -> None:
    asked = client.ask()
    with Person.at(asked.link(mail_server)) as person:
        person.approve()

    assert "access_token" in asked.outcome()
    again = asked.poll()

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_person_refuses_and_the_client_learns_it(mail_server: MailServer, library: OAuth2Client) -> None:
    asked = ask(library, "JOURNEY-2")

    with Person.at(link_with(mail_server, "JOURNEY-2")) as person:
        person.deny()

    with pytest.raises(AccessDenied):
        final_token(library, asked)


def test_a_person_takes_a_permission_out_and_the_token_lacks_it(mail_server: MailServer, client: RelyingParty) -> None:
    asked = client.ask(scope="openid profile email")

    with Person.at(asked.link(mail_server)) as person:
        person.sign_in()
        person.press("allow", granted=["openid", "profile"])
    answer = asked.outcome()

    assert set(answer["scope"].split()) == {"openid", "profile"}


def test_somebody_stops_a_request_that_they_did_not_start(mail_server: MailServer, library: OAuth2Client) -> None:
    asked = ask(library, "JOURNEY-4")

    with Person.at(link_with(mail_server, "JOURNEY-4")) as person:
        person.press("not_me")
        tick = {name: [value] for form in person.page.forms for name, value, _ in form.boxes}
        stop = person.page.forms[0].buttons[0]
        person.press(stop.value, **tick)

    with pytest.raises(AccessDenied):
        final_token(library, asked)


def test_nobody_comes_and_the_request_expires(library: OAuth2Client) -> None:
    asked = ask(library, requested_expiry=1)

    with pytest.raises(ExpiredToken):
        final_token(library, asked)


def test_the_mail_has_text_and_html_and_one_link(mail_server: MailServer, client: RelyingParty) -> None:
    asked = client.ask(binding_message="Pay 10 <b>EUR</b> & go")
    delivered = asked.mail(mail_server)

    text, html = delivered.message.get_body(("plain",)), delivered.message.get_body(("html",))

    assert delivered.recipients == (f"{PERSON}@example.com",)
    assert text is not None
    assert html is not None
    assert "Pay 10 <b>EUR</b> & go" in text.get_content()
    assert "Pay 10 &lt;b&gt;EUR&lt;/b&gt; &amp; go" in html.get_content()
    assert link_in(delivered.message) in html.get_content()
    assert delivered.message["Message-ID"]
    assert delivered.message["Date"]
    assert asked.auth_req_id.encode() not in delivered.raw


def test_discovery_says_what_the_server_does(lockhouse: Lockhouse) -> None:
    metadata = httpx2.get(f"{lockhouse.url}/.well-known/openid-configuration", trust_env=False).json()

    assert metadata["issuer"] == lockhouse.url
    assert metadata["backchannel_authentication_endpoint"] == f"{lockhouse.url}/oauth2/bc-authorize"
    assert metadata["backchannel_token_delivery_modes_supported"] == ["poll", "ping", "push"]
    assert "urn:openid:params:grant-type:ciba" in metadata["grant_types_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(metadata["token_endpoint_auth_methods_supported"])


def test_the_published_keys_are_public(lockhouse: Lockhouse) -> None:
    keys = httpx2.get(f"{lockhouse.url}/oauth2/jwks", trust_env=False).json()["keys"]

    assert keys
    assert not [member for key in keys for member in key if member in {"d", "p", "q", "dp", "dq", "qi", "k"}]


def test_another_host_gets_nothing(lockhouse: Lockhouse) -> None:
    address = f"{lockhouse.url}/.well-known/openid-configuration"

    assert httpx2.get(address, trust_env=False, headers={"Host": "evil.example"}).status_code == 421
    assert httpx2.get(f"{lockhouse.url}/healthz", trust_env=False, headers={"Host": "evil.example"}).status_code == 200


def test_answers_with_tokens_are_not_stored(client: RelyingParty) -> None:
    answer = client.ask().poll()

    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["error"] in {"authorization_pending", "slow_down"}
