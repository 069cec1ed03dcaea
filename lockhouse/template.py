"""Writes the settings file of a new installation: the few that are set, and every other one with its default."""

import json
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from lockhouse.settings import Settings

__all__ = ["settings_file"]

_HEADER = """\
# Settings of this Lockhouse server. Each may also be given in the environment, which wins:
# mail.host is LOCKHOUSE_MAIL__HOST. What is commented out shows the default.

"""


def settings_file(*, issuer: str | None, url: str | None) -> str:
    """Return the text of a new `lockhouse.toml`: for development on this machine, unless *issuer* says otherwise."""
    given = issuer or "http://localhost:8400"
    development = given.startswith("http:")
    lines = [_HEADER, f"issuer = {json.dumps(given)}\n"]
    lines.append(f"development = {'true' if development else 'false'}  # an http issuer on this machine\n")
    lines.append(f"\n[database]\nurl = {json.dumps(url or 'sqlite:///lockhouse.sqlite')}\n")
    lines.append('\n[keys]\nfile = "lockhouse.keys"  # back it up, apart from the database\n')
    # Whole sections are commented out, so that adding one at the end of the file just works.
    for name, field in Settings.model_fields.items():
        if name not in {"issuer", "development", "database", "keys", "scopes"} and _is_section(field):
            lines.append("\n")
            lines.extend(f"# {line}\n" for line in _section(name, field))
    lines.append('\n# [callbacks]\n# payments = "https://payments.example/callback"\n')
    lines.append('\n# [hint_issuers.desk]\n# issuer = "https://desk.example"\n# jwks = "desk.jwks.json"\n')
    lines.append('\n# [scopes.payment]\n# title = "Make a payment"\n# description = ""\n# required = false\n')
    return "".join(lines)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _section(name: str, field: FieldInfo) -> Iterator[str]:
    model = field.annotation
    assert isinstance(model, type)  # noqa: S101 - _is_section said so; this tells the type checker
    yield f"[{name}]"
    sections = []
    for key, inner in model.model_fields.items():
        if _is_section(inner):
            sections.append((f"{name}.{key}", inner))
        else:
            yield f"{key} = {_literal(inner)}  # {inner.description}"
    for path, inner in sections:
        yield from _section(path, inner)


def _literal(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        default = ""
    if default is None and field.examples:
        default = field.examples[0]
    return _toml(default)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
