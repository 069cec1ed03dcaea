"""Every block of every document runs, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.project.documents import PROGRAM, RUN, run_document
from tests.project.layout import PYPROJECT, ROOT

DOCUMENTS = sorted(
    document
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if not document.is_relative_to(ROOT / "docs" / "reference")
)
# Blocks of these run in tests/foreign, which needs Node: `make test-foreign`.
NEED_NODE = [document for document in DOCUMENTS if "```javascript" in document.read_text()]
# Mermaid is drawn where Markdown is shown; everything else runs.
KNOWN = {*RUN, "mermaid"}

pytestmark = pytest.mark.timeout(180)


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if each not in NEED_NODE], ids=named)
def test_every_block_runs(document: Path, tmp_path: Path) -> None:
    run_document(document, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_block_that_is_a_program_is_run_by_the_next_one_at_a_prompt(document: Path) -> None:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
    programs = [(place, found[1]) for place, (_, text) in enumerate(blocks) if (found := PROGRAM.match(text))]
    at_prompt = ["".join(text for kind, text in blocks[place:] if kind == "console") for place, _ in programs]

    assert [name for (_, name), later in zip(programs, at_prompt, strict=True) if name not in later] == []


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
