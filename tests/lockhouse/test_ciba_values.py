"""What the protocol layer is told of the settings, with the files that they name."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from lockhouse.ciba_values import ciba_settings
from lockhouse.configuration import SettingsInvalid, load_configuration
from protocols.oauth2_ciba import CibaSettings
from tests.protocols.signers import KEYS, jwks

DESK = {"issuer": "https://desk.example", "jwks": "desk.json"}


def told(folder: Path, **environ: str) -> CibaSettings:
    file = folder / "lockhouse.toml"
    file.write_text('issuer = "http://localhost:8400"\ndevelopment = true\n')
    return ciba_settings(load_configuration(file, environ=environ))


def with_desk(folder: Path, **changes: object) -> CibaSettings:
    desk: Mapping[str, object] = {**DESK, **changes}
    return told(folder, LOCKHOUSE_HINT_ISSUERS=json.dumps({"desk": desk}))


def test_an_issuer_of_hints_has_its_keys_read(tmp_path: Path) -> None:
    (tmp_path / "desk.json").write_text(jwks(KEYS["ES256"]))
    (desk,) = with_desk(tmp_path, clients=["till"], naming="username").hint_issuers
    assert (desk.issuer, desk.naming, desk.clients) == ("https://desk.example", "username", frozenset({"till"}))
    assert desk.jwks == jwks(KEYS["ES256"])
    assert with_desk(tmp_path).hint_issuers[0].clients is None
    elsewhere = with_desk(tmp_path, jwks="", jwks_uri="https://desk.example/jwks").hint_issuers[0]
    assert (elsewhere.jwks, elsewhere.jwks_uri) == (None, "https://desk.example/jwks")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, 'hint_issuers.desk.jwks: expected a file with a key set, cannot read "desk.json"'),
        ("{", "hint_issuers.desk.jwks: expected a key set as JSON"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "hint_issuers.desk.jwks: expected public keys only"),
    ],
)
def test_a_key_set_that_cannot_be_read_is_told_with_its_setting(tmp_path: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / "desk.json").write_text(text)
    with pytest.raises(SettingsInvalid) as refused:
        with_desk(tmp_path)
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks": ""},
        {"jwks_uri": "https://desk.example/jwks"},
        {"jwks": "", "jwks_uri": "ftp://desk.example"},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
        {"naming": "nickname"},
        {"issuer": ""},
    ],
)
def test_an_issuer_that_cannot_be_is_refused(tmp_path: Path, changes: Mapping[str, object]) -> None:
    with pytest.raises(SettingsInvalid, match="hint_issuers"):
        with_desk(tmp_path, **changes)


def test_hints_codes_and_contexts_come_from_the_settings(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        LOCKHOUSE_CIBA__ID_TOKEN_HINT__UNKNOWN_KEY="reject",
        LOCKHOUSE_CIBA__ID_TOKEN_HINT__MAX_AGE_DAYS="7",
        LOCKHOUSE_CIBA__RESOURCES="https://api.example,https://stock.example",
        LOCKHOUSE_CIBA__ACR='{"pwd": "low", "pwd+otp": "high"}',
        LOCKHOUSE_CIBA__ANSWER_AS_IF_KNOWN="true",
    )
    assert (found.id_token_hint.unknown_key, found.id_token_hint.max_age) == ("reject", timedelta(days=7))
    assert found.targets == ("https://api.example", "https://stock.example", "http://localhost:8400")
    assert (found.acr["otp+pwd"], found.answer_as_if_known) == ("high", True)


def test_the_context_that_was_asked_for_is_told_where_it_holds(tmp_path: Path) -> None:
    """Requirement 28: acr says what was done."""
    found = told(tmp_path, LOCKHOUSE_CIBA__ACR='{"pwd": "low", "pwd+otp": "high"}')
    assert found.acr_of(("pwd", "otp")) == "high"
    assert found.acr_of(("pwd", "otp"), "none low high") == "low"
    assert found.acr_of(("pwd",), "high") == "low"
    assert found.acr_of(("face",), "low") is None
