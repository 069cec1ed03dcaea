"""``lockhouse flow check`` as a command: what it reads, what it prints, and its exit status."""

import io
import json
import os
from pathlib import Path

import pytest

from lockhouse.command_line import main

GOOD = "flow: a\nversion: 1.0.0\nlanguage: 1\noutcomes: {ok: {}}\nstart: one\nnodes:\n  one: {end: ok}\n"
BAD = GOOD.replace("start: one", "start: onne")


class Input:
    """Standard input with some bytes in it."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")


def written(folder: Path, **texts: str) -> Path:
    """Write flows into a folder, named without their ending."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_exit_status_tells_mistakes_from_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path, good=GOOD, bad=BAD.replace("flow: a", "flow: b"))
    assert main(["flow", "check", str(folder / "good.yaml")]) == 0
    assert main(["flow", "check", str(folder)]) == 1
    assert main(["flow", "check", str(folder / "good.yaml"), str(folder / "bad.yaml")]) == 1
    assert main(["flow", "check", str(folder / "nothing.yaml")]) == 2
    assert main(["flow", "check", "--json", "--sarif", str(folder)]) == 2
    (tmp_path / "empty").mkdir()
    assert main(["flow", "check", str(tmp_path / "empty")]) == 2
    said = capsys.readouterr()
    assert "error[LH303]: there is no node 'onne'" in said.err
    assert "^^^^" in said.err
    assert "did you mean 'one'?" in said.err
    assert "there is no such file or folder" in said.err


def test_standard_input_is_a_flow_like_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Input(GOOD.encode()))
    assert main(["flow", "check", "-"]) == 0
    monkeypatch.setattr("sys.stdin", Input(BAD.encode()))
    assert main(["flow", "check", "-"]) == 1
    assert "<stdin>:5:8" in capsys.readouterr().err


def test_facts_are_printed_for_people_and_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(written(tmp_path, good=GOOD) / "good.yaml")
    assert main(["flow", "check", "--facts", file]) == 0
    assert "most attempts at credentials 0" in capsys.readouterr().out
    assert main(["flow", "check", "--facts", "--json", file]) == 0
    assert json.loads(capsys.readouterr().out)["facts"][0]["longest_seconds"] == 0


def test_sarif_has_what_its_readers_need(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flow", "check", "--sarif", str(written(tmp_path, bad=BAD))]) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert "\\" not in place["physicalLocation"]["artifactLocation"]["uri"]
        region = place["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"warning", "error"}


def test_whatever_stands_at_a_path_is_answered_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert main(["flow", "check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    for words in ("this is a folder", "this link leads to no file", "this is a pipe", "more than 1048576 bytes"):
        assert words in said
    assert main(["flow", "check", str(tmp_path / "link.yaml")]) == 1
    assert main(["flow", "check", str(tmp_path / "pipe.yaml")]) == 1
