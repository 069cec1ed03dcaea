"""Every block of every document runs, and every link leads somewhere."""

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from lockhouse.configuration import load_configuration
from tests.fixtures.relying_party import Person, link_in
from tests.fixtures.server import patience
from tests.project.layout import PYPROJECT, ROOT
from tests.project.shell import Shell

DOCUMENTS = sorted(
    document
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if not document.is_relative_to(ROOT / "docs" / "reference")
)
PLAYED = re.compile(r"^<!-- person: approves -->$", re.MULTILINE)
# Mermaid is drawn where Markdown is shown; everything else runs.
KNOWN = {"console", "yaml", "toml", "python", "mermaid"}

pytestmark = pytest.mark.timeout(180)


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def run_console(example: Example) -> None:
    shell: Shell = example.namespace["shell"]
    shell.check(example.parsed)


def check_flow(example: Example) -> None:
    """A block that is a whole flow passes the check, under the name in its first line if there is one."""
    text = str(example.parsed)
    name = re.match(r"# (\S+\.yaml)\n", text)
    shell: Shell = example.namespace["shell"]
    file = shell.folder / (name[1] if name else "flow.yaml")
    file.write_text(text)
    said = shell.run(f"lockhouse flow check {file.name} && echo fine")
    assert said.endswith("fine"), said


def check_settings(example: Example) -> None:
    shell: Shell = example.namespace["shell"]
    file = shell.folder / "settings.toml"
    file.write_text(str(example.parsed))
    load_configuration(file, environ={})


def play_the_person(example: Example) -> None:
    """Open the link in the newest mail, sign in with the document's password, allow."""
    folder: Path = example.namespace["shell"].folder
    mails = [found for _ in patience(20) if (found := sorted(folder.glob("*/mail/*.eml")))][:1]
    assert mails, "no mail came"
    message = email.message_from_bytes(mails[0][-1].read_bytes(), policy=email.policy.default)
    with Person.at(link_in(message)) as person:
        person.approve("correct horse battery")
        assert person.page.heading == "You have approved", person.page.text


def played(document: Document) -> Iterator[Region]:
    for found in PLAYED.finditer(document.text):
        yield Region(found.start(), found.end(), found.group(), play_the_person)


SYBIL = Sybil(
    parsers=[
        CodeBlockParser("console", run_console),
        CodeBlockParser("yaml", check_flow),
        CodeBlockParser("toml", check_settings),
        PythonCodeBlockParser(),
        played,
    ]
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_runs(document: Path, tmp_path: Path) -> None:
    parsed = SYBIL.parse(document)
    examples = list(parsed.examples())
    if not examples:
        return
    with Shell(tmp_path) as shell:
        parsed.namespace["shell"] = shell
        for example in examples:
            example.evaluate()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_has_a_language_that_is_known(document: Path) -> None:
    # A block in a language that nobody runs would be passed over in silence.
    languages = re.findall(r"^```(.*)$", document.read_text(), re.MULTILINE)[::2]

    assert set(languages) <= KNOWN


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    files = [target for target in targets if not target.startswith(("http:", "https:"))]

    assert [target for target in files if not (document.parent / target).exists()] == []


def test_the_picture_of_the_layers_is_the_contract() -> None:
    contracts = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
    layers = [re.findall(r"\w+", layer)[-1] for layer in contracts["engine"]["layers"]]
    picture = (ROOT / "docs" / "explanation" / "architecture.md").read_text()

    assert " --> ".join(layers) in picture
