"""What every module keeps to."""

import ast
from pathlib import Path

import pytest

from tests.project.layout import ROOT, modules

EMPTY_WORDS = ("Manager", "Helper", "Util", "Utils", "Impl", "Interface")


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is(module: Path) -> None:
    text = module.read_text()
    tree = ast.parse(text)

    assert text.count("\n") < 400, "split it: over 400 lines"
    assert not text.strip() or ast.get_docstring(tree), "it opens without a sentence about itself"


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_names_are_words_of_the_domain(module: Path) -> None:
    names = [node.name for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ClassDef)]

    assert [name for name in names if name.endswith(EMPTY_WORDS)] == []


def test_no_file_names_a_machine_of_ours() -> None:
    places = ("/wo" + "rk/", "/tmp/" + "lh")
    kinds = {".py", ".md", ".toml", ".yaml", ".sh", ".lock", ".j2", ".html", ".css"}
    tops = (top for top in ROOT.iterdir() if not top.name.startswith(".") or top.name == ".ci")
    files = [file for top in tops for file in (top.rglob("*") if top.is_dir() else [top]) if file.suffix in kinds]

    assert [str(file) for file in files if any(place in file.read_text() for place in places)] == []
