"""``lockhouse conformance``: what it says, and what it refuses before it writes anything."""

import json
from pathlib import Path

import pytest

from tests.lockhouse.conformance.conftest import Desk
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

ANN = ("person", "add", "ann", "--email", "ann@example.org", "--password-stdin")


def test_nothing_is_written_over(desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKHOUSE_CONFIG", str(desk.home / "lockhouse.toml"))
    before = {file: file.read_bytes() for file in desk.handed.iterdir()}
    said = run("conformance", "--person", "ann", "--out", str(desk.handed))
    assert (said.code, "expected a folder without files" in said.err) == (1, True)
    assert {file: file.read_bytes() for file in desk.handed.iterdir()} == before


@pytest.mark.parametrize(
    "wrong",
    [
        ("--person", "bob", "--person: expected somebody who is known here"),
        ("--suite", "http://suite.example", "--suite: expected an https address"),
        ("--alias", "A b", "--alias: expected at most 32"),
    ],
)
def test_a_wrong_option_writes_nothing(run: Run, home: Path, tmp_path: Path, wrong: tuple[str, str, str]) -> None:
    option, value, says = wrong
    run(*ANN, stdin="correct horse battery\n")
    good = {"--person": "ann", "--out": str(tmp_path / "handed")}
    said = run("conformance", *[word for pair in {**good, option: value}.items() for word in pair])
    assert (said.code, says in said.err) == (2, True)
    assert not (tmp_path / "handed").exists()


def test_without_a_hook_people_decide(run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*ANN, stdin="correct horse battery\n")
    monkeypatch.setenv("LOCKHOUSE_ISSUER", "https://id.example")
    monkeypatch.setenv("LOCKHOUSE_DEVELOPMENT", "false")
    said = run("conformance", "--person", "ann", "--out", str(tmp_path / "handed"), "--json")
    assert (said.code, json.loads(said.out)["approves"]) == (0, False)
    plan = json.loads((tmp_path / "handed" / "fapi-ciba-mtls-ping.json").read_text())
    assert "automated_ciba_approval_url" not in plan
    assert plan["resource"]["resourceUrl"] == "https://id.example/oauth2/userinfo"
