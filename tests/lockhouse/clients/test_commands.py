"""`lockhouse client add`, `show`, `change`, `disable`, `token`."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fixtures.authority import Authority
from tests.lockhouse.clients.conftest import Run
from tests.protocols.signers import KEYS, jwks
from tests.protocols.world import NOON


def test_all_that_was_said_is_shown(run: Run, home: Path) -> None:
    (home / "keys.json").write_text(jwks(KEYS["ES256"]))
    said = run(
        *("add", "--id", "bank", "--name", "The bank", "--mode", "poll", "--scope", "openid", "--scope", "email"),
        *("--refresh", "--rotate-refresh", "--auth-method", "private_key_jwt", "--auth-alg", "ES256"),
        *("--jwks", "keys.json", "--request-alg", "ES256", "--id-token-alg", "RS256", "--token-format", "opaque"),
        *("--user-code", "--agent", "--resource", "https://api.example", "--interval", "10", "--max-expiry", "3600"),
        *("--binding-max", "64", "--binding-pattern", "[A-Z]+", "--pair-pending", "7", "--json"),
    )
    assert (said.code, said.json) == (0, {"id": "bank"}), said.err
    shown = run("show", "bank", "--json").json
    assert json.loads(shown.pop("jwks")) == json.loads(jwks(KEYS["ES256"]))
    assert shown.pop("created_at")
    assert shown == {
        "id": "bank",
        "status": "enabled",
        "kept_by": "operator",
        "mode": "poll",
        "name": "The bank",
        "scopes": ["openid", "email"],
        "refresh": True,
        "rotate_refresh": True,
        "auth_method": "private_key_jwt",
        "auth_alg": "ES256",
        "request_alg": "ES256",
        "id_token_alg": "RS256",
        "token_format": "opaque",
        "user_code": True,
        "agent": True,
        "resource": "https://api.example",
        "interval": 10,
        "max_expiry": 3600,
        "binding_max": 64,
        "binding_pattern": "[A-Z]+",
        "limits": {"pair_pending": 7},
    }
    assert "pair_pending=7" in run("show", "bank").out


def test_a_client_with_a_certificate_is_added_shown_and_changed(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchors = home / "anchors.pem"
    anchors.write_bytes(Authority("Root", NOON).certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "127.0.0.1")
    monkeypatch.setenv("LOCKHOUSE_MTLS__TRUST_ANCHORS", str(anchors))
    by_name = ("--auth-method", "tls_client_auth", "--certificate-bound")

    nameless = run("add", "--id", "bank", *by_name)
    two = run("add", "--id", "bank", *by_name, "--tls-san-dns", "a.example", "--tls-san-email", "a@a.example")
    assert run("add", "--id", "bank", *by_name, "--tls-subject-dn", "CN=bank,O=Bank").code == 0
    change = ("--tls-san-ip", "192.0.2.7", "--unset", "tls_subject_dn", "--dpop-bound", "--no-certificate-bound")
    assert run("change", "bank", *change).code == 0

    assert (nameless.code, two.code) == (2, 2)
    assert "tls_subject_dn: expected exactly one of tls_subject_dn, tls_san_dns" in nameless.err
    assert "tls_san_dns: expected exactly one of" in two.err
    shown = run("show", "bank", "--json").json
    assert (shown["tls_san_ip"], shown["dpop_bound"]) == ("192.0.2.7", True)
    assert not {"tls_subject_dn", "certificate_bound", "secret"} & set(shown)


def test_a_certificate_is_refused_where_none_can_arrive(run: Run) -> None:
    said = run("add", "--id", "bank", "--auth-method", "tls_client_auth", "--tls-san-dns", "bank.example")
    assert said.code == 2
    assert "no certificate reaches this server; set mtls.terminators in the settings first" in said.err


def test_trust_anchors_that_cannot_be_read_are_a_mistake_of_the_settings(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "rubbish.pem").write_text("no certificate")
    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "127.0.0.1")
    for name in ("rubbish.pem", "nothing.pem"):
        monkeypatch.setenv("LOCKHOUSE_MTLS__TRUST_ANCHORS", str(home / name))
        said = run("add", "--id", "bank")
        assert said.code != 0
        assert "mtls.trust_anchors: expected" in said.err


def test_a_pairwise_client_says_its_sector_where_it_is_not_that_of_its_keys(run: Run) -> None:
    keyed = (
        "--auth-method",
        "private_key_jwt",
        "--jwks-uri",
        "https://bank.example/jwks",
        "--subject-type",
        "pairwise",
    )
    assert run("add", "--id", "own", *keyed).code == 0
    assert run("add", "--id", "group", *keyed, "--sector", "group.example").code == 0
    assert "sector" not in run("show", "own", "--json").json
    assert run("show", "group", "--json").json["sector"] == "group.example"


def test_the_grants_of_a_client_are_said_by_short_names(run: Run) -> None:
    code = ("--grant", "authorization_code", "--redirect-uri", "https://app.example/a")
    assert run("add", "--id", "app", *code, "--redirect-uri", "https://app.example/b").code == 0
    shown = run("show", "app", "--json").json
    assert shown["grants"] == ["authorization_code"]
    assert shown["redirect_uris"] == ["https://app.example/a", "https://app.example/b"]
    assert run("change", "app", "--name", "The app").code == 0
    assert run("show", "app", "--json").json["grants"] == ["authorization_code"]
    assert run("change", "app", "--grant", "ciba", "--unset", "redirect_uris", "--refresh").code == 0
    assert not {"grants", "redirect_uris"} & set(run("show", "app", "--json").json)
    assert run("add", "--id", "api", "--grant", "none", "--resource", "https://api.example").code == 0
    assert run("show", "api", "--json").json["grants"] == ["none"]


def test_what_is_not_named_stays(run: Run) -> None:
    run("add", "--id", "till", "--name", "The till", "--interval", "10", "--refresh", "--pair-pending", "7")
    before = run("show", "till", "--json").json

    assert run("change", "till", "--name", "The new till", "--pair-minute", "9").out == "client till changed\n"

    after = run("show", "till", "--json").json
    assert after == {**before, "name": "The new till", "limits": {"pair_pending": 7, "pair_minute": 9}}


def test_what_is_unset_is_as_if_never_said(run: Run) -> None:
    run("add", "--id", "till", "--interval", "10", "--refresh", "--pair-pending", "7", "--scope", "openid")

    said = run("change", "till", "--unset", "interval", "--unset", "pair-pending", "--no-refresh", "--unset", "scopes")

    assert said.code == 0, said.err
    shown = run("show", "till", "--json").json
    assert not {"interval", "limits", "refresh", "scopes"} & set(shown)


def test_a_secret_is_replaced_and_the_rest_stays(run: Run) -> None:
    first = run("add", "--id", "till", "--name", "The till", "--json").json["secret"]

    second = run("change", "till", "--new-secret", "--json").json["secret"]

    assert len(second) == 43
    assert second != first
    assert run("show", "till", "--json").json["name"] == "The till"
    assert "warning: this secret has at most" in run("change", "till", "--secret", "hunter2").err


def test_another_way_to_prove_itself_says_what_it_needs(run: Run) -> None:
    run("add", "--id", "till")
    said = run("change", "till", "--auth-method", "client_secret_jwt")
    assert (said.code, said.out) == (2, "")
    assert "add --new-secret" in said.err
    assert run("change", "till", "--auth-method", "client_secret_jwt", "--new-secret").code == 0
    keyed = ("--auth-method", "private_key_jwt", "--jwks-uri", "https://till.example/jwks")
    assert run("change", "till", *keyed).code == 0


MISTAKES = {
    "nobody": (("change", "tlil", "--name", "x"), 1, "no client tlil"),
    "nobody to show": (("show", "tlil"), 1, "no client tlil"),
    "nobody to disable": (("disable", "tlil"), 1, "no client tlil"),
    "unset what is not there": (("change", "till", "--unset", "intervall"), 2, "found intervall"),
    "a mode that needs an address": (("change", "till", "--mode", "ping"), 2, "notification_endpoint: expected"),
    "a profile that it does not fit": (("change", "till", "--profile", "fapi-ciba"), 2, "as profile fapi-ciba demands"),
    "a key set that is not there": (("change", "till", "--jwks", "nothing.json"), 2, "nothing.json"),
    "a sector of public subjects": (("change", "till", "--sector", "a.example"), 2, "sector: expected none"),
    "a grant that there is not": (("change", "till", "--grant", "cibba"), 2, "found cibba"),
    "a code client without redirects": (("change", "till", "--grant", "authorization_code"), 2, "redirect_uris: expe"),
    "a token for scopes unknown": (("token", "add", "x", "--scope", "paymnt"), 2, "found paymnt"),
    "no token": (("token", "remove", "x"), 1, "no token x"),
}


@pytest.mark.parametrize(("arguments", "code", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_to_do_and_changes_nothing(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    run("add", "--id", "till")
    before = run("show", "till", "--json").json

    said = run(*arguments)

    assert (said.code, said.out) == (code, ""), said.err
    assert says in said.err
    assert run("show", "till", "--json").json == before


def test_a_client_is_disabled_and_let_in_again(run: Run) -> None:
    run("add", "--id", "till")
    assert run("disable", "till").out == "client till disabled\n"
    assert run("show", "till", "--json").json["status"] == "disabled"
    assert run("disable", "till", "--undo", "--json").json == {"id": "till", "status": "enabled"}


def test_initial_tokens_are_made_listed_and_removed(run: Run, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    said = run("token", "add", "partners", "--uses", "5", "--scope", "openid", "--json")
    assert 'set registration.mode = "token"' in said.err
    token = said.json["token"]
    assert (len(token), said.json["uses"]) == (47, 5)
    (row,) = run("token", "list", "--json").json
    assert (row["name"], row["uses_left"], row["scopes"]) == ("partners", "5", "openid")
    assert token not in run("token", "list").out
    assert all(token.encode() not in file.read_bytes() for file in home.iterdir() if file.is_file())
    monkeypatch.setenv("LOCKHOUSE_REGISTRATION__MODE", "token")
    again = run("token", "add", "partners")
    assert (again.code, "remove it first" in again.err) == (1, True)
    assert run("token", "remove", "partners").out == "token partners removed\n"
    assert run("token", "list", "--json").json == []
