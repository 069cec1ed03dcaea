"""Reads `lockhouse.toml` and the environment into `Settings`, and explains every mistake where it was made.

The environment wins over the file. All mistakes are reported at once, each with the file's line or the
variable's name; a value that is secret is never shown.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from lockhouse.hint_settings import HintIssuerSection
from lockhouse.settings import ScopeSection, Settings
from lockhouse.toml_lines import line_of, lines_by_path

__all__ = ["Configuration", "SettingsInvalid", "load_configuration", "setting_paths", "variable_name"]

PREFIX = "LOCKHOUSE_"
# LOCKHOUSE_CONFIG names the file itself; LOCKHOUSE_TEST_… belongs to the test suite.
_NOT_SETTINGS = ("LOCKHOUSE_CONFIG", "LOCKHOUSE_TEST_")

SettingPath = tuple[str, ...]

# What the tables of tables hold: [scopes.NAME] and such.
_MEMBERS = {"scopes": ScopeSection.model_fields, "hint_issuers": HintIssuerSection.model_fields}


class SettingsInvalid(Exception):
    """The settings cannot be used; `problems` says each mistake with its place, what was expected and what to do."""

    code = "settings_invalid"

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


# What pydantic's error types expect, in words that need no knowledge of it.
_EXPECTED = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text",
    "model_type": "a table of settings",
    "model_attributes_type": "a table of settings",
    "dict_type": "a table of settings",
    "missing": "a value; it is required",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Settings together with the folder that relative paths in them start from."""

    settings: Settings
    folder: Path
    file: Path | None

    def path(self, text: str) -> Path:
        """Return *text* as a path, relative to the settings file."""
        return self.folder / text


def setting_paths(
    model: type[BaseModel] = Settings, above: SettingPath = ()
) -> Iterator[tuple[SettingPath, FieldInfo]]:
    """Walk every setting: its path, such as ``("mail", "host")``, and its field."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_paths(field.annotation, (*above, name))
        else:
            yield (*above, name), field


def variable_name(path: SettingPath) -> str:
    """Return the environment variable of one setting.

    >>> variable_name(("mail", "host"))
    'LOCKHOUSE_MAIL__HOST'
    """
    return PREFIX + "__".join(path).upper()


def load_configuration(file: Path | None, *, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read *file* (none: defaults) and the environment. Raise `SettingsInvalid` with every mistake."""
    text = _read(file) if file else ""
    values = _parse(text, file)
    variables, unknown = _from_environment(os.environ if environ is None else environ)
    problems = list(unknown)
    merged = _merge(values, variables)
    places = _Places(file=file, lines=lines_by_path(text), variables=variables)
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        problems.extend(_explain(detail, places) for detail in error.errors(include_url=False))
    if problems:
        raise SettingsInvalid(tuple(problems))
    folder = file.resolve().parent if file else Path.cwd()
    return Configuration(settings=settings, folder=folder, file=file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where each value came from."""

    file: Path | None
    lines: Mapping[SettingPath, int]
    variables: "_Variables"

    def of(self, path: SettingPath) -> str:
        if path in self.variables:
            return self.variables[path][0]
        return f"{self.file}:{line_of(self.lines, path)}" if self.file else "settings"


_Variables = dict[SettingPath, tuple[str, str]]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "run `lockhouse init DIR` to make one, or name it with --config"
        raise SettingsInvalid((f"{file}: there is no such settings file; {hint}",)) from None
    except IsADirectoryError:
        raise SettingsInvalid((f"{file}: is a folder; name the file in it: {file / 'lockhouse.toml'}",)) from None
    except UnicodeDecodeError as error:
        raise SettingsInvalid((f"{file}: expected UTF-8 text, found other bytes at {error.start}",)) from error
    except OSError as error:
        raise SettingsInvalid((f"{file}: cannot be read: {error.strerror}; see who may read it",)) from error


def _parse(text: str, file: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at line ")
        line = place.partition(",")[0] if place else str(text.count("\n") + 1)
        raise SettingsInvalid((f"{file}:{line}: not TOML: {reason}",)) from error


def _from_environment(environ: Mapping[str, str]) -> tuple[_Variables, list[str]]:
    """Sort our variables into settings and mistakes. One underscore between the parts is understood too."""
    known = {"_".join(path): path for path, _ in setting_paths()}
    found: _Variables = {}
    problems = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(_NOT_SETTINGS):
            continue
        path = known.get(name.removeprefix(PREFIX).lower().replace("__", "_"))
        if path is None:
            names = [variable_name(known_path) for known_path in known.values()]
            problems.append(f"{name}: there is no such setting{_nearest(name, names)}")
        elif path in found and found[path][1] != environ[name]:
            problems.append(f"{name}: says something else than {found[path][0]}; keep one of them")
        else:
            found[path] = (name, environ[name])
    return found, problems


def _merge(values: dict[str, Any], variables: _Variables) -> dict[str, Any]:
    for path, (_, text) in variables.items():
        table = values
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                break
        else:
            table[path[-1]] = text
    return values


def _explain(detail: ErrorDetails, places: _Places) -> str:
    # A mapping's key that is wrong comes as (…, key, "[key]").
    path = tuple(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "misplaced":  # a rule over several settings names the one to change
        path = (*path, *detail["ctx"]["setting"].split("."))
    known = dict(setting_paths())
    place, name = places.of(path), ".".join(path)
    if detail["type"] == "extra_forbidden":
        siblings = {".".join(other) for other in known} | {other[0] for other in known if len(other) > 1}
        siblings |= {f"{name.rpartition('.')[0]}.{field}" for field in _MEMBERS.get(path[0], {})}
        return f"{place}: {name}: there is no such setting{_nearest(name, siblings)}"
    subject = f"{place}: {name}: " if name else "settings: "
    return f"{subject}expected {_expected(detail)}{_found(detail, _field_above(known, path))}"


def _nearest(name: str, names: Any) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {close[0]}?" if close else "; `lockhouse init` writes a file with every setting"


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    said = detail["msg"].removeprefix("Input should be ").removeprefix("Value should have ")
    if "error" in context:
        said = str(context["error"])
    elif "pattern" in context:
        said = f"a text like {context['pattern']}"
    return _EXPECTED.get(detail["type"], said)


def _field_above(known: Mapping[SettingPath, FieldInfo], path: SettingPath) -> FieldInfo | None:
    return next((known[path[:length]] for length in range(len(path), 0, -1) if path[:length] in known), None)


def _found(detail: ErrorDetails, field: FieldInfo | None) -> str:
    secret = field is None or field.annotation is SecretStr
    found = detail.get("input")
    if secret or isinstance(found, dict | BaseModel) or detail["type"] == "missing":
        return ""
    return f", found {found!r}" if not isinstance(found, str) else f', found "{found}"'
