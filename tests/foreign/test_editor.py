"""An editor with the schema: the npm yaml-language-server, over its protocol, on flows with the schema's line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flow_definitions
from lockhouse.flows import CONTRACTS
from tests.foreign.language_server import LanguageServer, Underlined, language_server

pytestmark = [pytest.mark.node, pytest.mark.timeout(120)]

PROGRAM = Path(__file__).parent / "yaml-language-server" / "node_modules" / "yaml-language-server" / "bin"
MODELINE = "# yaml-language-server: $schema=./flow.schema.json\n"
HEAD = f"{MODELINE}flow: x\nversion: 1.0.0\nlanguage: 1\noutcomes: {{a: {{}}}}\nstart: check\nnodes:\n"
TASK = """\
  check:
    task: password_auth
    with:
      subject: =inputs.subject
      password: =steps.ask.password
    routes:
      authenticated: done
      rejected: done
      delayed: done
      locked: done
  done: {end: a}
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory, node: str) -> Iterator[LanguageServer]:
    """Return an editor in a folder with the schema that the command writes."""
    folder = tmp_path_factory.mktemp("editor")
    command = [str(Path(sys.executable).parent / "lockhouse"), "flow", "schema", "--out", "flow.schema.json"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    program = PROGRAM / "yaml-language-server"
    assert program.exists(), f"{program} is missing; run make test-foreign, which installs it"
    with language_server(node, program, folder) as started:
        yield started


def test_it_offers_the_executors(editor: LanguageServer) -> None:
    offered = editor.offered("executors.yaml", f"{HEAD}  check:\n    task: «\n")
    assert sorted(offered) == sorted(contract.name for contract in CONTRACTS)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("with", {"subject", "password"}),
        ("routes", {"authenticated", "rejected", "delayed", "locked", "fault"}),
    ],
)
def test_it_offers_the_inputs_and_the_outcomes_of_the_executor(
    editor: LanguageServer, key: str, wanted: set[str]
) -> None:
    offered = editor.offered(f"{key}.yaml", f"{HEAD}  check:\n    task: password_auth\n    {key}:\n      «\n")
    assert wanted <= set(offered)


def test_it_offers_the_six_kinds_of_nodes(editor: LanguageServer) -> None:
    offered = editor.offered("kinds.yaml", f"{HEAD}  check:\n    «\n")
    assert offered == ["task", "prompt", "decide", "call", "wait", "end"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("    routes:", "    rotes:", "rotes"),
        ("rejected:", "rejcted:", "rejcted"),
        ("subject:", "subjct:", "subjct"),
        ("password_auth", "pasword_auth", "pasword_auth"),
        ("{end: a}", "{end: a, routes: {}}", "routes"),
        ("language: 1", "langage: 1", "langage"),
    ],
)
def test_it_underlines_a_mistake_where_it_stands(editor: LanguageServer, old: str, new: str, place: str) -> None:
    text = (HEAD + TASK).replace(old, new, 1)
    found = editor.underlined(f"mistake-{place}.yaml", text)
    assert place in [each.text for each in found], found


@pytest.mark.parametrize("file", sorted(flow_definitions.folder().glob("*[!s].yaml")), ids=lambda file: file.stem)
def test_it_has_nothing_to_say_about_a_flow_that_is_right(editor: LanguageServer, file: Path) -> None:
    nothing: list[Underlined] = []
    assert re.match(re.escape(MODELINE), file.read_text()), "a shipped flow names its schema in its first line"
    assert editor.underlined(file.name, file.read_text()) == nothing
