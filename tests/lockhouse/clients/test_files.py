"""Clients from a file: diffed, applied, and nobody else's touched."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from tests.fixtures.authority import self_signed
from tests.lockhouse.clients.conftest import Run
from tests.protocols.signers import KEYS, jwks
from tests.protocols.world import NOON

FILE = """\
owner: shops
clients:
  till:
    name: The till
    secret: {env: TILL_SECRET}
    scopes: [openid, profile]
    refresh: true
    limits: {pair_pending: 7}
  bank:
    auth_method: private_key_jwt
    jwks: keys/bank.json
    request_alg: ES256
"""
SECRET = "till-secret-" + "t" * 40


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (home / "keys").mkdir()
    (home / "keys" / "bank.json").write_text(jwks(KEYS["ES256"]))
    monkeypatch.setenv("TILL_SECRET", SECRET)
    found = home / "clients.yaml"
    found.write_text(FILE)
    return found


def test_a_file_is_applied_once_and_then_nothing_changes(run: Run, file: Path) -> None:
    assert run("diff", "clients.yaml").out == "+ bank\n+ till\n2 to add, 0 to change, 0 to remove\n"
    assert run("diff", "clients.yaml").code == 1

    assert run("apply", "clients.yaml").code == 0

    assert run("diff", "clients.yaml").code == 0
    assert run("apply", "clients.yaml").out == "nothing changes\n"
    shown = run("show", "till", "--json").json
    assert (shown["kept_by"], shown["refresh"], shown["limits"]) == ("file:shops", True, {"pair_pending": 7})
    assert "jwks" in run("show", "bank", "--json").json


def test_a_client_of_a_file_may_have_a_certificate_and_then_no_secret(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = self_signed("kiosk", now=NOON)
    (home / "kiosk.json").write_text(json.dumps({"keys": [own.jwk]}))
    monkeypatch.setenv("LOCKHOUSE_MTLS__TERMINATORS", "127.0.0.1")
    kiosk = "clients:\n  kiosk:\n    auth_method: self_signed_tls_client_auth\n    jwks: kiosk.json\n"
    (home / "good.yaml").write_text(f"{kiosk}    certificate_bound: true\n")
    (home / "bad.yaml").write_text(f"{kiosk}    tls_san_dns: kiosk.example\n")

    assert run("apply", "good.yaml").code == 0
    assert run("diff", "good.yaml").code == 0
    assert run("show", "kiosk", "--json").json["certificate_bound"] is True
    assert "bad.yaml:5:18: tls_san_dns: expected none: only tls_client_auth goes by" in run("check", "bad.yaml").err


def test_what_changes_is_told_by_key(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "clients.yaml")
    file.write_text(FILE.replace("The till", "The new till").replace("    refresh: true\n", ""))
    monkeypatch.setenv("TILL_SECRET", SECRET[::-1])

    said = run("diff", "clients.yaml")

    assert said.code == 1
    assert "~ till  name: The till → The new till; refresh: True → (not set); secret: " in said.out
    assert SECRET not in said.out + said.err
    (step,) = run("diff", "clients.yaml", "--json").json["steps"]
    assert (step["action"], [change["key"] for change in step["changes"]]) == ("change", ["name", "refresh", "secret"])
    assert run("apply", "clients.yaml").code == 0
    assert run("diff", "clients.yaml").code == 0


def test_a_client_that_left_the_file_goes_only_when_asked_for(run: Run, file: Path) -> None:
    run("apply", "clients.yaml")
    file.write_text(FILE.partition("  bank:")[0])

    left = run("apply", "clients.yaml")
    assert (left.code, left.out) == (0, "? bank\nnothing changes\n")
    assert "--prune removes them" in left.err
    assert run("show", "bank").code == 0

    assert run("diff", "clients.yaml", "--prune").code == 1
    assert run("apply", "clients.yaml", "--prune").out == "- bank\n0 to add, 0 to change, 1 to remove\n"
    assert run("show", "bank").code == 1


def test_clients_of_others_are_never_touched_and_then_nothing_is_done(run: Run, file: Path, home: Path) -> None:
    run("add", "--id", "till", "--name", "By hand")
    run("add", "--id", "kiosk")
    said = run("apply", "clients.yaml", "--prune")
    assert said.code == 1
    assert "! till  is kept by operator and is not touched" in said.out
    assert "nothing was done" in said.err
    assert run("show", "bank").code == 1
    assert run("diff", "clients.yaml").code == 2

    run("remove", "till")
    assert run("apply", "clients.yaml", "--prune").code == 0
    assert run("show", "kiosk").code == 0
    (home / "other.yaml").write_text("owner: others\nclients: {}\n")
    assert run("apply", "other.yaml", "--prune").out == "nothing changes\n"
    assert run("show", "till").code == 0


def test_a_change_by_hand_says_that_the_file_will_win(run: Run, file: Path) -> None:
    run("apply", "clients.yaml")
    said = run("change", "till", "--name", "By hand")
    assert "this client is kept by file:shops" in said.err
    assert "~ till  name: By hand → The till" in run("diff", "clients.yaml").out


def test_a_check_needs_neither_secrets_nor_a_database(
    run: Run, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILL_SECRET")
    (home / "lockhouse.sqlite").unlink()
    assert run("check", "clients.yaml").out == "clients.yaml: no mistakes in 2 clients\n"
    said = run("diff", "clients.yaml")
    assert (said.code, said.out) == (2, "")
    assert "clients.yaml:5:13: secret: the environment has no variable TILL_SECRET" in said.err


def test_a_secret_may_stand_in_a_file_of_its_own(run: Run, file: Path, home: Path) -> None:
    (home / "till.secret").write_text(f"{SECRET}\n")
    file.write_text(FILE.replace("{env: TILL_SECRET}", "{file: till.secret}"))
    assert run("apply", "clients.yaml").code == 0
    file.write_text(FILE)
    assert run("diff", "clients.yaml").code == 0


def test_the_schema_knows_what_the_check_knows(run: Run, file: Path, home: Path) -> None:
    assert run("schema", "--out", "clients.schema.json").code == 0
    schema = json.loads((home / "clients.schema.json").read_text())
    assert json.loads(run("schema").out) == schema
    good = yaml.safe_load(FILE)
    assert jsonschema_rs.is_valid(schema, good)
    for key, value in (("mode", "smok"), ("nmae", "x"), ("interval", 61), ("secret", "in clear"), ("refresh", "yes")):
        wrong = {**good, "clients": {"till": {**good["clients"]["till"], key: value}}}
        assert not jsonschema_rs.is_valid(schema, wrong), key
