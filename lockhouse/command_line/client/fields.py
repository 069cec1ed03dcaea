"""The options by which `add` and `change` say what a client is: made from the table of its fields."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from lockhouse.client_fields import FIELDS, LIMITS, ClientField, client_with, key_of
from lockhouse.client_policy import policy_for
from lockhouse.configuration import Configuration
from protocols.oauth2 import ClientInvalid, NewClient

__all__ = ["checked", "described", "given_values", "with_fields"]

_TYPES: Mapping[str, Any] = {
    "text": str | None,
    "texts": list[str] | None,
    "flag": bool | None,
    "count": int | None,
    "seconds": int | None,
    "file": Path | None,
}
_METAVARS = {"text": "TEXT", "texts": "TEXT", "count": "COUNT", "seconds": "SECONDS", "file": "FILE"}


def with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command*, which takes ``**values``, one option for each field of a client; None where it was not named."""

    @wraps(command)
    def wrapped(**arguments: Any) -> None:
        command(**arguments)

    own = [each for each in inspect.signature(command).parameters.values() if each.kind is not each.VAR_KEYWORD]
    given = [
        inspect.Parameter(field.key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(field))
        for field in (*FIELDS, *LIMITS)
    ]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + given
    # Typer reads the signature and the annotations, never the function itself.
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # functions may carry one
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return wrapped


def described(values: Mapping[str, Any], base: NewClient) -> NewClient:
    """Return *base* with *values*, or raise ClientInvalid that names the option to change."""
    try:
        return client_with(values, base)
    except ClientInvalid as error:
        raise ClientInvalid(key_of(error.setting), error.expected) from error


def given_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that were named, key sets read from their files."""
    named = {key: value for key, value in values.items() if value is not None}
    if "jwks" in named:
        named["jwks"] = _text_of(named["jwks"])
    return named


def checked(client: NewClient, configuration: Configuration, *, secret_kept: bool = False) -> NewClient:
    """Return *client*, or raise ClientInvalid that names the option to change."""
    try:
        policy_for(configuration).check(client, secret_kept=secret_kept)
    except ClientInvalid as error:
        raise ClientInvalid(key_of(error.setting), error.expected) from error
    return client


def _annotation(field: ClientField) -> Any:
    names = [f"{field.option}/--no-{field.option[2:]}"] if field.kind == "flag" else [field.option]
    says = f"{field.says.removesuffix('.')}: {', '.join(field.choices)}." if field.choices else field.says
    numeric = field.kind in {"count", "seconds"}
    option = typer.Option(
        *names,
        metavar=_METAVARS.get(field.kind),
        help=says,
        show_default=False,
        min=field.low if numeric else None,
        max=field.high if numeric else None,
    )
    return Annotated[_TYPES[field.kind], option]


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientInvalid("jwks", f"a file with a key set, found {file}, which cannot be read") from error
