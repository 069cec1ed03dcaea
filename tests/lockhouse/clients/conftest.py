"""A home of its own for each test, and the command line inside of it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockhouse.command_line import main
from tests.lockhouse.homes import copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return copied(tmp_path / "home")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Run]:
    monkeypatch.setenv("LOCKHOUSE_CONFIG", str(home / "lockhouse.toml"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(home)

    def call(*arguments: str) -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        capfd.readouterr()
        code = main(["client", *arguments])
        out, err = capfd.readouterr()
        return Said(code=code, out=out, err=err)

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield call
    root.handlers[:], root.level = handlers, level
