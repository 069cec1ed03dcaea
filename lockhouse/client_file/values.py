"""Single values in a file of clients: each has the kind that the table of fields gives its key."""

from pathlib import Path
from typing import Any

from engine.language import YamlBad, YamlList, YamlMap, YamlNode, YamlScalar, nearest
from lockhouse.client_fields import ClientField

__all__ = ["ValueWrong", "found_words", "read_value"]


class ValueWrong(ValueError):
    """A value is not of its key's kind. ``message`` says what is expected, ``hint`` what to do."""

    code = "value_wrong"

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


def read_value(node: YamlNode, field: ClientField, *, folder: Path) -> Any:
    """Return the value in *node* as *field* has it; a key set is read from the file in *folder* that it names."""
    match field.kind, node:
        case "text", YamlScalar(value=str() as text):
            return _chosen(text, field)
        case "file", YamlScalar(value=str() as name):
            return _contents(folder, name)
        case "texts", YamlList(items=items) if all(_is_text(item) for item in items):
            return tuple(_chosen(str(item.value), field) for item in items if isinstance(item, YamlScalar))
        case "flag", YamlScalar(value=bool() as flag):
            return flag
        case (("count" | "seconds"), YamlScalar(value=int() as number)) if not isinstance(number, bool):
            return _bounded(number, field)
    raise ValueWrong(f"expected {_EXPECTED[field.kind]}", found_words(node))


def found_words(node: YamlNode) -> str:
    """Return what *node* is, without what stands in it."""
    match node:
        case YamlList():
            return "found a list"
        case YamlMap():
            return "found keys with values"
        case YamlBad():
            return ""
        case YamlScalar(value=str()):
            return "found a text"
        case YamlScalar(value=bool()):
            return "found true or false; a text stands in quotes"
        case _:
            return "found a number; a text stands in quotes"


_EXPECTED = {
    "text": "a text",
    "texts": "a list of texts",
    "flag": "true or false",
    "count": "a whole number",
    "seconds": "a whole number of seconds",
    "file": "the name of a file with a key set",
}


def _is_text(node: YamlNode) -> bool:
    return isinstance(node, YamlScalar) and isinstance(node.value, str)


def _chosen(text: str, field: ClientField) -> str:
    if field.choices and text not in field.choices:
        raise ValueWrong(f"expected {' or '.join(field.choices)}, found {text}", nearest(text, field.choices, " "))
    return text


def _bounded(number: int, field: ClientField) -> int:
    if number < field.low or (field.high is not None and number > field.high):
        bounds = f"{field.low} to {field.high}" if field.high is not None else f"{field.low} or more"
        raise ValueWrong(f"expected {bounds}, found {number}")
    return number


def _contents(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueWrong(f"the file {name} cannot be read", "it stands relative to this file") from error
