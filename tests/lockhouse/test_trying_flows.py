"""`lockhouse flow test` and `lockhouse flow run`: what they print, and what they end with."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lockhouse.command_line import main

GREET = """\
flow: greet
version: 1.0.0
language: 1
inputs: {who: id, times: {type: integer, min: 1}, pin: {type: string, optional: true}}
outcomes: {done: {note: string}, never: {}}
signals: {woken: {from: =inputs.who, payload: {by: string}}}
start: ask
nodes:
  ask:
    prompt: {title: Hello}
    show: {who: =inputs.who}
    fields: {note: {type: string, max: 5}, secret: password}
    routes: {submit: check, leave: left}
    submits: [submit]
    timeout: {after: 1h, to: left}
  check:
    task: password_auth
    with: {subject: =inputs.who, password: =steps.ask.secret}
    routes: {authenticated: sleep, rejected: ask, delayed: ask, locked: left}
    max_visits: {times: 3, to: left}
  sleep: {wait: woken, routes: {signalled: over}, timeout: {after: 2h, to: left}}
  over: {end: done, with: {note: =steps.ask.note}}
  left: {end: never}
"""
TESTS = """\
tests:
  leaves:
    inputs: {who: ann, times: 1}
    script: [{expect: ask, act: leave}]
    ends: never
  is woken:
    inputs: {who: ann, times: 1}
    mocks: {password_auth: {authenticated: {subject: ann, methods: [pwd], at: +0s}}}
    script:
      - {expect: ask, act: submit, with: {note: hi, secret: x}}
      - {expect: sleep, signal: woken, from: ann, with: {by: bell}}
    ends: {done: {note: hi}}
"""
AUTHENTICATED = ["1", "ann", "pwd", "+0s"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one flow and its tests."""
    (tmp_path / "greet.yaml").write_text(GREET)
    (tmp_path / "greet.tests.yaml").write_text(TESTS)
    return tmp_path


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "greet.tests.yaml"
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


Said = pytest.CaptureFixture[str]


def test_the_shipped_flows_pass_and_are_covered_whole(capsys: Said) -> None:
    assert main(["flow", "test", "--floor", "100"]) == 0
    assert " passed\n" in capsys.readouterr().out


def test_passing_tests_end_with_0_and_show_what_they_miss(folder: Path, capsys: Said) -> None:
    assert main(["flow", "test", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "2/2" in said
    assert "greet: no test reaches route ask.timeout -> left" in said
    assert said.endswith("2 passed\n")


def test_the_file_of_the_tests_may_be_named_too(folder: Path, capsys: Said) -> None:
    assert main(["flow", "test", str(folder / "greet.tests.yaml")]) == 0
    assert "2 passed" in capsys.readouterr().out


def test_the_folder_may_be_this_one(folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert main(["flow", "test", "."]) == 0
    assert main(["flow", "test", "greet.yaml", "-k", "leaves"]) == 0
    assert capsys.readouterr().out.endswith("1 passed\n")


def test_a_failure_ends_with_1_and_shows_the_first_difference(folder: Path, capsys: Said) -> None:
    change(folder, "ends: never", "ends: {done: {note: hi}}")
    assert main(["flow", "test", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "    expected  the end 'done'\n    happened  the end 'never'\n" in said
    assert said.endswith("1 failed, 1 passed\n")


def test_coverage_below_the_floor_ends_with_1(folder: Path, capsys: Said) -> None:
    assert main(["flow", "test", str(folder), "--floor", "90"]) == 1
    assert "the floor is 90 %" in capsys.readouterr().err


def test_one_test_is_chosen_by_a_part_of_its_name(folder: Path, capsys: Said) -> None:
    assert main(["flow", "test", str(folder), "-k", "WOKEN"]) == 0
    assert capsys.readouterr().out.endswith("1 passed\n")
    assert main(["flow", "test", str(folder), "-k", "nothing like it"]) == 2
    assert "there are no tests called like 'nothing like it'" in capsys.readouterr().err


def test_results_are_json_and_junit(folder: Path, capsys: Said) -> None:
    change(folder, "{expect: sleep,", "{expect: ask,")
    report = folder / "report.xml"
    assert main(["flow", "test", str(folder), "--json", "--junit", str(report)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [(test["test"], test["passed"]) for test in found["tests"]] == [("leaves", True), ("is woken", False)]
    assert found["tests"][1]["difference"]["expected"] == "'ask'"
    assert {"node": "ask", "route": "leave", "to": "left", "taken": 1} in found["coverage"]["greet"]["routes"]
    assert ET.parse(report).getroot().get("failures") == "1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no such file or folder"),
        (["--write"], "--write needs --paths"),
        (["--floor", "101"], "Invalid value"),
        (["--junit", "/nowhere/at/all.xml"], "cannot be written"),
    ],
)
def test_wrong_use_ends_with_2(arguments: list[str], said: str, capsys: Said) -> None:
    assert main(["flow", "test", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_flows_with_mistakes_are_not_tested(folder: Path, capsys: Said) -> None:
    change(folder, "act: leave", "act: laeve")
    assert main(["flow", "test", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "greet.tests.yaml:4:33" in said
    assert "did you mean 'leave'?" in said


def test_paths_without_a_test_are_listed_with_one_and_written(folder: Path, capsys: Said) -> None:
    assert main(["flow", "test", str(folder), "--paths"]) == 0
    assert "  ask timeout:\n    inputs: {who: who, times: 1}\n" in capsys.readouterr().out
    assert main(["flow", "test", str(folder), "--paths", "--json"]) == 0
    paths = json.loads(capsys.readouterr().out)["paths"]["greet"]
    assert "ask timeout" in {each["path"] for each in paths}

    assert main(["flow", "test", str(folder), "--paths", "--write"]) == 0
    capsys.readouterr()
    assert main(["flow", "test", str(folder), "--floor", "100"]) == 0
    assert f"{len(paths) + 2} passed" in capsys.readouterr().out


def test_paths_are_written_to_a_new_file_where_there_is_none(folder: Path, capsys: Said) -> None:
    (folder / "greet.tests.yaml").unlink()
    assert main(["flow", "test", str(folder), "--paths", "--write"]) == 0
    assert main(["flow", "test", str(folder), "--floor", "100"]) == 0
    assert "passed" in capsys.readouterr().out


# walking by hand


def walked(folder: Path, *typed: str, inputs: str = "{who: ann, times: 2, pin: x}") -> int:
    script = folder / "typed.txt"
    script.write_text("".join(f"{line}\n" for line in typed))
    return main(["flow", "run", "greet", str(folder), "--inputs", inputs, "--script", str(script)])


def test_a_flow_is_walked_to_its_end(folder: Path, capsys: Said) -> None:
    typed = ["1", "hi", "geheim-1", *AUTHENTICATED, "signal woken", "ann", "bell"]
    assert walked(folder, *typed) == 0
    said = capsys.readouterr().out
    assert "Who  ann" in said
    assert "  note (Note): hi\n" in said
    assert "  secret (Secret): •••\n" in said
    assert "password_auth {subject: ann, password: •••}" in said
    assert "The flow waits for a signal; a timer in 2h" in said
    assert "The end: done" in said
    assert said.endswith("  note: hi\n")
    assert "geheim" not in said


def test_inputs_that_are_not_given_are_asked_for(folder: Path, capsys: Said) -> None:
    assert walked(folder, "ann", "many", "3", "", "leave", inputs="") == 0
    said = capsys.readouterr().out
    assert "  times (integer) [1]: many\n  expected a whole number\n" in said
    assert "  pin (string), optional: \n" in said
    assert "The end: never" in said


def test_time_passes_and_mistakes_are_told(folder: Path, capsys: Said) -> None:
    assert (
        walked(
            folder,
            "laeve",
            "+5x",
            "+9999999d",
            "signal nope",
            "answer",
            "help",
            "submit",
            "too long",
            "hi",
            "",
            "x",
            "fault away",
        )
        == 0
    )
    said = capsys.readouterr().out
    for words in (
        "expected one of submit, leave, found 'laeve'",
        "a duration is written like",
        "ten years at most",
        "expected `signal NAME` with one of: woken",
        "no task has promised an answer",
        "NUMBER or NAME",
        "expected at most 5 characters",
        "this must be given",
        "The end: fault",
    ):
        assert words in said, words
    assert walked(folder, "+59m", "+1m") == 0
    assert "The end: never" in capsys.readouterr().out


def test_what_happened_can_be_shown_and_the_flow_cancelled_or_left(folder: Path, capsys: Said) -> None:
    assert walked(folder, "trace", "cancel bored") == 0
    said = capsys.readouterr().out
    assert "started    ask: flow greet" in said
    assert "The end: cancelled" in said
    assert walked(folder, "quit") == 0
    assert "left before the end" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ("{who: ann, times: 0}", 2, "times: expected at least 1"),
        ("{who: ann, tmies: 1, times: 1, pin: x}", 2, "tmies: no field has this name"),
        ("{who: [}", 2, "the inputs do not fit: line 1"),
        ("nowhere.json", 2, "expected a file, or data"),
        ("{who: ann, times: 1, pin: x}", 1, "there was nothing more to read"),
    ],
)
def test_what_cannot_go_on_is_told(folder: Path, capsys: Said, inputs: str, code: int, said: str) -> None:
    assert walked(folder, inputs=inputs) == code
    assert said in capsys.readouterr().err


def test_a_flow_is_found_by_its_file_and_an_unknown_one_is_told(folder: Path, capsys: Said) -> None:
    (folder / "t").write_text("leave\n")
    (folder / "i.json").write_text(json.dumps({"who": "ann", "times": 1, "pin": "x"}))
    file = str(folder / "greet.yaml")
    assert main(["flow", "run", file, "--inputs", str(folder / "i.json"), "--script", str(folder / "t")]) == 0
    assert "The end: never" in capsys.readouterr().out
    assert main(["flow", "run", "gret", str(folder)]) == 2
    assert "there is no flow gret; there are: greet" in capsys.readouterr().err


def test_it_can_be_piped_and_interrupted(folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lockhouse",
        "flow",
        "run",
        "greet",
        str(folder),
        "--inputs",
        "{who: ann, times: 1, pin: x}",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as walking:
        assert walking.stdout is not None
        assert walking.stdin is not None
        while "[2] leave" not in walking.stdout.readline():
            continue
        walking.send_signal(signal.SIGINT)
        _, said = walking.communicate(timeout=30)
    assert walking.returncode == 130
    assert "Traceback" not in said
