"""The authors' tools as commands: schema, graph, diff, new."""

# ruff: noqa: E501 - one case, one line

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import flow_definitions
from engine.language import check_folder
from lockhouse.command_line import main
from lockhouse.command_line.flow.new import Template
from lockhouse.flows import CONTRACTS
from tests.project.layout import ROOT

FLOWS = flow_definitions.folder()
EXECUTORS = "executors: {greet: {summary: Says hello., effect: external, outcomes: {greeted: {}}}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Said:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(code=code, out=out, err=err)

    return call


# schema


def test_the_schema_that_is_shipped_is_the_one_that_is_printed(run: Run) -> None:
    assert run("flow", "schema").out == (FLOWS / "flow.schema.json").read_text()


def test_a_schema_knows_the_executors_of_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "executors.yaml").write_text(EXECUTORS)
    assert run("flow", "schema", tmp_path, "--out", "flow.schema.json").code == 0
    schema = json.loads((tmp_path / "flow.schema.json").read_text())
    assert "greet" in schema["definitions"]["executor"]["enum"]


def test_mistakes_in_executors_are_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "executors.yaml").write_text(EXECUTORS.replace("effect", "efect"))
    said = run("flow", "schema", tmp_path)
    assert (said.code, said.out) == (1, "")
    assert "LH201" in said.err


# graph


@pytest.mark.parametrize(
    ("drawn_as", "begins"), [("mermaid", "flowchart TD"), ("dot", "digraph"), ("svg", "<svg"), ("json", "{")]
)
def test_a_flow_is_drawn_in_each_form(run: Run, drawn_as: str, begins: str) -> None:
    said = run("flow", "graph", "ciba_journey", "--format", drawn_as, "--expand")
    assert said.code == 0, said.err
    assert said.out.startswith(begins)
    assert ("find_channels" in said.out) is (drawn_as != "json")


def test_a_drawing_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    said = run("flow", "graph", FLOWS / "login_approval.yaml", "--format", "svg", "--out", "login.svg")
    assert (said.code, said.out) == (0, "")
    assert ET.parse(tmp_path / "login.svg").getroot().get("role") == "img"
    refused = run("flow", "graph", "login_approval", "--out", "no/such/folder.svg")
    assert refused.code == 2
    assert "no/such/folder.svg: it cannot be written" in refused.err


def test_coverage_is_what_the_tests_command_prints(run: Run, tmp_path: Path) -> None:
    covered = run("flow", "test", FLOWS / "notification_dispatch.yaml", "--json")
    (tmp_path / "covered.json").write_text(covered.out)
    said = run("flow", "graph", "notification_dispatch", "--format", "svg", "--coverage", "covered.json")
    assert said.code == 0, said.err
    assert "visited" in said.out
    assert "never visited" not in said.out
    assert 'class="untaken' not in said.out


@pytest.mark.parametrize("text", ["", "[]", '{"coverage": 1}', '{"coverage": {"x": {"nodes": {}}}}', "\udcff"])
def test_what_is_no_coverage_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "covered.json").write_bytes(text.encode(errors="surrogateescape"))
    said = run("flow", "graph", "login_approval", "--coverage", "covered.json")
    assert said.code == 2
    assert "covered.json: expected what `lockhouse flow test --json` prints" in said.err
    assert run("flow", "graph", "login_approval", "--coverage", "nothing.json").code == 2


def test_a_flow_with_mistakes_is_not_drawn(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("flow: broken\n")
    said = run("flow", "graph", "broken.yaml")
    assert (said.code, said.out) == (1, "")
    assert "cannot be used before its mistakes are mended" in said.err


def test_a_flow_that_nobody_could_read_as_a_picture_is_refused_as_one(run: Run, tmp_path: Path) -> None:
    nodes = "".join(f"  n{number}: {{decide: [], else: n{number + 1}}}\n" for number in range(300))
    head = "flow: long\nversion: 1.0.0\nlanguage: 1\noutcomes: {over: {}}\nstart: n0\nnodes:\n"
    (tmp_path / "long.yaml").write_text(f"{head}{nodes}  n300: {{end: over}}\n")
    said = run("flow", "graph", "long.yaml", "--format", "svg")
    assert said.code == 1
    assert "long has 301 nodes, and a picture has room for 300; use --format dot" in said.err
    assert run("flow", "graph", "long.yaml", "--format", "dot").code == 0


# diff


def folder_with(folder: Path, edits: Mapping[str, str]) -> Path:
    """Return a copy of the shipped flows with edits in one of them."""
    folder.mkdir()
    for name in ("notification_dispatch.yaml", "login_approval.yaml"):
        text = (FLOWS / name).read_text()
        for old, new in edits.items():
            text = text.replace(old, new)
        (folder / name).write_text(text)
    (folder / "texts").mkdir()
    (folder / "texts" / "en.yaml").write_bytes((FLOWS / "texts" / "en.yaml").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("edits", "code", "line"),
    [
        ({}, 0, "nothing changes"),
        ({"after: 20s": "after: 30s", "version: 1.1.0": "version: 1.1.1"}, 3, "0 breaking, 2 compatible"),
        (
            {"sent: {channel: string}": "sent: {channel: string, late: {type: boolean, optional: true}}", "version: 1.1.0": "version: 1.2.0"},
            3,
            "compatible  notification_dispatch:outcomes.sent.late: is new (callers)",
        ),
        (
            {"recipient: {type: id}": "recipient: {type: id, max: 5}", "version: 1.1.0": "version: 1.2.0"},
            1,
            "breaking    notification_dispatch:inputs.recipient: has max 5 now (callers)",
        ),
    ],
)  # fmt: skip
def test_the_difference_is_told_and_is_the_exit_code(
    run: Run, tmp_path: Path, edits: Mapping[str, str], code: int, line: str
) -> None:
    old, new = folder_with(tmp_path / "old", {}), folder_with(tmp_path / "new", edits)
    said = run("flow", "diff", old, new)
    assert said.code == code, said.out + said.err
    assert line in said.out.splitlines()
    as_json = run("flow", "diff", old, new, "--json")
    assert as_json.code == code
    assert json.loads(as_json.out)["breaking"] is (code == 1)
    single = run("flow", "diff", old / "notification_dispatch.yaml", new / "notification_dispatch.yaml")
    assert single.code == code


def test_what_the_compared_flows_call_may_stand_elsewhere(run: Run) -> None:
    example = ROOT / "examples" / "flows" / "admin_approval"
    alone = run("flow", "diff", example, example)
    assert alone.code == 2
    assert "LH302" in alone.err
    together = run("flow", "diff", example, example, "--calls", FLOWS)
    assert (together.code, together.out) == (0, "nothing changes\n")


def test_what_has_mistakes_is_not_compared(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("flow: broken\n")
    said = run("flow", "diff", FLOWS, "broken.yaml")
    assert said.code == 2
    assert "LH202" in said.err
    assert run("flow", "diff", FLOWS, "nowhere").code == 2
    (tmp_path / "empty").mkdir()
    empty = run("flow", "diff", FLOWS, "empty")
    assert empty.code == 2
    assert "expected flow definitions, found none" in empty.err


# new


@pytest.mark.parametrize("template", Template)
def test_a_new_flow_passes_its_check_and_its_tests_and_takes_every_way(
    run: Run, tmp_path: Path, template: Template
) -> None:
    said = run("flow", "new", template, "mine", "--dir", "my_flows")
    assert said.code == 0, said.err
    folder = tmp_path / "my_flows"
    assert (folder / "flow.schema.json").exists()
    checked = run("flow", "check", folder)
    assert (checked.code, checked.out) == (0, "no problems found\n"), checked.err
    tried = run("flow", "test", folder, "--floor", "100")
    assert tried.code == 0, tried.out + tried.err


def test_the_folder_where_one_stands_is_a_folder_of_flows(run: Run) -> None:
    assert run("flow", "new", "approval", "mine", "--dir", ".").code == 0
    for command in (("check", "."), ("test", "."), ("graph", "mine.yaml"), ("diff", ".", ".")):
        said = run("flow", *command)
        assert said.code == 0, said.out + said.err


def test_a_second_flow_in_the_same_folder_adds_its_texts(run: Run, tmp_path: Path) -> None:
    assert run("flow", "new", "login", "first", "--dir", "flows").code == 0
    assert run("flow", "new", "step-up", "second", "--dir", "flows").code == 0
    found, catalogue = check_folder(tmp_path / "flows", contracts=CONTRACTS)
    assert [flow.name for flow in found.flows] == ["first", "second"]
    assert found.diagnostics == ()
    assert {"first.wrong", "second.wrong"} <= catalogue.ids()


def test_nothing_is_ever_overwritten(run: Run, tmp_path: Path) -> None:
    assert run("flow", "new", "login", "mine", "--dir", "flows").code == 0
    before = {file: file.read_bytes() for file in (tmp_path / "flows").rglob("*") if file.is_file()}
    again = run("flow", "new", "approval", "mine", "--dir", "flows")
    assert again.code == 1
    assert "it is there already" in again.err
    for file in (tmp_path / "flows").glob("mine*"):
        file.unlink()
    texts = run("flow", "new", "approval", "mine", "--dir", "flows")
    assert texts.code == 1
    assert "it has texts of mine already" in texts.err
    after = {file: file.read_bytes() for file in (tmp_path / "flows").rglob("*") if file.is_file()}
    assert after == {file: text for file, text in before.items() if not file.name.startswith("mine")}


@pytest.mark.parametrize("name", ["Mine", "1st", "a-b", "", "x" * 65, "../up"])
def test_a_new_flow_needs_a_name(run: Run, tmp_path: Path, name: str) -> None:
    assert run("flow", "new", "login", name).code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = run("flow", "new", "login", "mine", "--dir", "file/flows")
    assert said.code == 2
    assert "it cannot be made" in said.err
