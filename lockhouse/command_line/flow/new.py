"""``lockhouse flow new``: a flow to begin with, its texts and its tests."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import flow_definitions
from engine.language import check_folder, flow_schema_text
from lockhouse.command_line.console import report, say
from lockhouse.command_line.flow.sources import written
from lockhouse.flows import CONTRACTS

__all__ = ["Template", "new"]

# What stands for the new flow's name in the templates, in names of files and inside.
_STAND_IN = "NAME"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_SCHEMA = "flow.schema.json"
_MODELINE = f"# yaml-language-server: $schema=./{_SCHEMA}\n"


class Template(StrEnum):
    """What there is to begin with."""

    LOGIN = "login"
    APPROVAL = "approval"
    NOTIFICATION = "notification"
    STEP_UP = "step-up"


def new(
    template: Annotated[Template, typer.Argument(metavar="TEMPLATE", help=f"One of {', '.join(Template)}.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the flow is called: small letters, digits, _.")],
    *,
    folder: Annotated[Path, typer.Option("--dir", metavar="FOLDER", help="Where to write it.")] = Path("flows"),
) -> None:
    """Write a flow to begin with, its texts and its tests. They pass `flow check` and `flow test` as they are.

    Nothing is ever overwritten. Texts are added to the end of texts/en.yaml where there is one.

    Example: lockhouse flow new approval expense --dir my_flows
    """
    if not _NAME.fullmatch(name):
        report(f"{name}: expected a name of small letters, digits and _, beginning with a letter, at most 64")
        raise typer.Exit(2)
    files = dict(_files(template, name, folder))
    _refuse_what_is_there(files, name)
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            report(f"{file.parent}: it cannot be made: {error.strerror}")
            raise typer.Exit(2) from error
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        written(file, f"{before.rstrip()}\n\n{text}" if before.strip() else text)
    _show_next(folder)


def _files(template: Template, name: str, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file with what is to be written to it."""
    source = flow_definitions.scaffold(template.value.replace("-", "_"))
    for file in sorted(source.rglob("*.yaml")):
        text = file.read_text(encoding="utf-8").replace(_STAND_IN, name)
        first = _MODELINE if file.name == f"{_STAND_IN}.yaml" else ""
        yield folder / str(file.relative_to(source)).replace(_STAND_IN, name), f"{first}{text}"
    if not (folder / _SCHEMA).exists():
        yield folder / _SCHEMA, flow_schema_text(CONTRACTS)


def _refuse_what_is_there(files: Mapping[Path, str], name: str) -> None:
    """End the command where a file or the texts of this name are there already."""
    for file in files:
        if not file.exists():
            continue
        if file.parent.name != "texts":
            report(f"{file}: it is there already; choose another name or folder")
            raise typer.Exit(1)
        if re.search(rf"^['\"]?{name}['\"]?\s*[:.]", _read(file), re.MULTILINE):
            report(f"{file}: it has texts of {name} already; choose another name")
            raise typer.Exit(1)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        report(f"{file}: it cannot be read: {error}")
        raise typer.Exit(2) from error


def _show_next(folder: Path) -> None:
    found, _ = check_folder(folder, contracts=CONTRACTS)
    if found.ok:
        say(f"next: change them, then run `lockhouse flow check {folder}` and `lockhouse flow test {folder}`")
    else:
        say(f"next: mend what was wrong in {folder} before; `lockhouse flow check {folder}` shows it")
