"""Mistakes in files of clients: each with its place and what to do, all of them at once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockhouse.client_file import FileInvalid, Secrets, read_client_file
from protocols.oauth2 import ClientPolicy

POLICY = ClientPolicy(profile="core", scopes=("openid", "profile", "email", "phone"), algorithms=("RS256",))


def mistakes(folder: Path, text: str, *, look_up: bool = False, policy: ClientPolicy = POLICY) -> list[str]:
    file = folder / "clients.yaml"
    file.write_text(text)
    with pytest.raises(FileInvalid) as wrong:
        read_client_file(file, policy=policy, secrets=Secrets(environ={}, folder=folder) if look_up else None)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in wrong.value.mistakes]


TEXTS = st.text(max_size=200)
HEAD = "clients:\n  till:\n    secret: {env: S}\n"
WRONG = {
    "no YAML": ("clients: [", "clients.yaml:1:"),
    "a doubled key": (f"{HEAD}    name: a\n    name: b\n", ":5:5: "),
    "no clients": ("owner: shops\n", ":1:1: expected the key 'clients'; clients: {} declares that there is none"),
    "a list of clients": ("clients: [a]\n", ":1:10: expected clients by their ids; found a list"),
    "an unknown key above": (
        "client: {}\nclients: {}\n",
        ":1:1: there is no key 'client' here; did you mean 'clients'?",
    ),
    "an owner that is none": ("owner: My shops\nclients: {}\n", ":1:8: owner: expected a short name"),
    "a client without keys": ("clients:\n  till: x\n", ":2:9: expected a client: its keys; found a text"),
    "an unknown key": (f"{HEAD}    nmae: x\n", ":4:5: there is no key 'nmae' here; did you mean 'name'?"),
    "a mode that is none": (f"{HEAD}    mode: pol\n", "mode: expected poll or ping or push, found pol; did you mean"),
    "a number for a text": (f"{HEAD}    name: 7\n", ":4:11: name: expected a text; found a number; a text stands in"),
    "a text for a number": (f'{HEAD}    interval: "7"\n', ":4:15: interval: expected a whole number of seconds; found"),
    "a number out of bounds": (f"{HEAD}    interval: 61\n", ":4:15: interval: expected 1 to 60, found 61"),
    "a truth for a number": (f"{HEAD}    interval: true\n", ":4:15: interval: expected a whole number of seconds"),
    "a text for a truth": (f"{HEAD}    refresh: sometimes\n", ":4:14: refresh: expected true or false; found a text"),
    "a text for a list": (f"{HEAD}    scopes: openid\n", ":4:13: scopes: expected a list of texts; found a text"),
    "a grant unknown": (f"{HEAD}    grants: [cibba]\n", ":4:13: grants: expected ciba or"),
    "a scope unknown": (f"{HEAD}    scopes: [openid, paymnt]\n", ":4:13: scopes: expected scopes that the settings"),
    "a key set that is not there": (f"{HEAD}    jwks: no.json\n", ":4:11: jwks: the file no.json cannot be read"),
    "an unknown limit": (f"{HEAD}    limits: {{pair: 1}}\n", ":4:14: there is no key 'pair' here"),
    "a limit of none": (f"{HEAD}    limits: {{pair_pending: 0}}\n", ":4:28: limits.pair_pending: expected 1 or more"),
    "an address that is missing": (f"{HEAD}    mode: ping\n", ":2:3: notification_endpoint: expected an https address"),
    "an id that cannot be": ("clients:\n  a b:\n    secret: {env: S}\n", ":2:3: client_id: expected 1 to 128"),
    "no secret": ("clients:\n  till: {name: x}\n", ":2:3: secret: expected {env: NAME} or {file: PATH}"),
    "a secret in two places": ("clients:\n  till:\n    secret: {env: A, file: b}\n", ":3:13: secret: expected {env"),
    "a secret of a keyed client": (
        f"{HEAD}    auth_method: private_key_jwt\n    jwks_uri: https://a.example/jwks\n",
        ":3:13: secret: expected none: this client proves itself by its keys",
    ),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_mistake_has_a_place_and_a_remedy(tmp_path: Path, text: str, says: str) -> None:
    found = mistakes(tmp_path, text)
    assert any(says in mistake for mistake in found), found


def test_all_mistakes_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    found = mistakes(tmp_path, f"{HEAD}    interval: 0\n    nmae: x\n  kiosk: 7\n")
    assert [mistake.split(": ")[0] for mistake in found] == [
        "clients.yaml:4:15",
        "clients.yaml:5:5",
        "clients.yaml:6:10",
    ]


def test_a_secret_in_clear_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, "clients:\n  till:\n    secret: canary-secret-in-clear\n")
    assert "clients.yaml:3:13: secret: expected {env: NAME} or {file: PATH}" in found
    assert "replace it" in found
    assert "canary" not in found


def test_secrets_that_cannot_be_looked_up_are_told(tmp_path: Path) -> None:
    (variable,) = mistakes(tmp_path, HEAD, look_up=True)
    assert "clients.yaml:3:13: secret: the environment has no variable S" in variable
    (missing,) = mistakes(tmp_path, HEAD.replace("env: S", "file: s.txt"), look_up=True)
    assert "the file s.txt cannot be read" in missing


def test_a_profile_is_held_against_the_file(tmp_path: Path) -> None:
    strict = ClientPolicy(profile="fapi-ciba", scopes=POLICY.scopes, algorithms=("PS256",))
    (found,) = mistakes(tmp_path, HEAD, policy=strict)
    assert "auth_method: expected private_key_jwt, as profile fapi-ciba demands" in found


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="no readable file here"):
        read_client_file(tmp_path / "nothing.yaml", policy=POLICY)


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: f"clients:\n  a: {text}".encode("utf-8", "replace"))
)
def test_any_file_is_clients_or_mistakes(tmp_path_factory: pytest.TempPathFactory, source: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(source)
    try:
        assert read_client_file(file, policy=POLICY).owner
    except FileInvalid as wrong:
        found = wrong.mistakes
    else:
        found = ()
    assert all(mistake.line > 0 and mistake.column > 0 for mistake in found)
