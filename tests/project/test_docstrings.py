"""Every example in a docstring is true."""

import doctest
import importlib

import pytest

from tests.project.layout import ROOT, modules

NAMES = [
    ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for module in modules()
    if ">>> " in module.read_text()
]


@pytest.mark.parametrize("name", NAMES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    ended = doctest.testmod(importlib.import_module(name))

    assert ended.attempted
    assert ended.failed == 0
