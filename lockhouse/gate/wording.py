"""The gate's own words in one language: one file, checked when it is read, looked up by key.

What the steps of a flow say comes with the step. Here are the pages around it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import yaml
from markupsafe import Markup, escape

__all__ = ["Wording", "WordingInvalid", "direction_of", "load_wording"]

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
# Languages whose usual script runs from right to left (CLDR, likely subtags), and the scripts that do.
_LEFTWARD: Final = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku-arab", "nqo", "pa-arab", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_LEFTWARD_SCRIPTS: Final = frozenset(
    ["adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc", "thaa", "yezi"]
)


class WordingInvalid(Exception):
    """There are no words for a language, or its file has mistakes; the message says each."""

    code = "wording_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """All words in one language. A text is `texts[key]`, keys joined by dots."""

    language: str
    texts: Mapping[str, str]

    @property
    def direction(self) -> str:
        """Return `rtl` or `ltr`, for the attribute dir."""
        return direction_of(self.language)

    def __contains__(self, key: str) -> bool:
        return key in self.texts

    def plain(self, key: str, **values: object) -> str:
        """Return the text *key* with *values* at its places."""
        return _PLACE.sub(lambda place: str(values[place[1]]), self.texts[key])

    def markup(self, key: str, **values: object) -> Markup:
        """Return the text *key* as HTML; each of *values* is escaped unless it is markup already."""
        text = str(escape(self.texts[key]))
        return Markup(_PLACE.sub(lambda place: str(escape(values[place[1]])), text))  # noqa: S704 - each part is escaped

    def count(self, key: str, number: int) -> str:
        """Return the text *key* for *number*: its own form where the file has one, else `other`."""
        own = f"{key}.{number}"
        return self.plain(own if own in self.texts else f"{key}.other", n=number)


def direction_of(language: str) -> str:
    """Return the direction in which *language* is written.

    >>> direction_of("ar-EG"), direction_of("az-Arab"), direction_of("pa"), direction_of("en-GB")
    ('rtl', 'rtl', 'ltr', 'ltr')
    """
    parts = language.lower().split("-")
    script = next((part for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    if script:
        return "rtl" if script in _LEFTWARD_SCRIPTS else "ltr"
    return "rtl" if parts[0] in _LEFTWARD else "ltr"


@cache
def load_wording(language: str, folder: Path | None = None) -> Wording:
    """Return the words of *language* from *folder*, else from ours; the next wider language where there is none.

    Raises `WordingInvalid` where no file has them, or the file differs from the English one in keys or places.
    """
    own = files("lockhouse.gate") / "texts"
    file = _find(language, [place for place in (folder, own) if place is not None])
    texts = _read(file)
    if mistakes := tuple(_mistakes(texts, _read(own / "en.yaml"))):
        raise WordingInvalid(f"{file}: " + "; ".join(mistakes))
    return Wording(language=language, texts=texts)


def _find(language: str, folders: list[Path | Traversable]) -> Traversable | Path:
    if not _LANGUAGE.fullmatch(language):
        raise WordingInvalid(f'expected a language such as "en" or "pt-BR", found {language!r}')
    parts = language.split("-")
    for count in range(len(parts), 0, -1):
        for folder in folders:
            file = folder / f"{'-'.join(parts[:count])}.yaml"
            if file.is_file():
                return file
    there = ", ".join(sorted({file.name for folder in folders if folder.is_dir() for file in folder.iterdir()}))
    raise WordingInvalid(f"expected a file {language}.yaml with the words of the pages, found {there}; add it")


def _read(file: Traversable | Path) -> Mapping[str, str]:
    try:
        return dict(_flat(yaml.safe_load(file.read_text("utf-8"))))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise WordingInvalid(f"{file}: cannot be read: {error}") from error


def _flat(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(tree, dict):
        yield path, str(tree)
        return
    for key, below in tree.items():
        yield from _flat(below, f"{path}.{key}" if path else str(key))


def _mistakes(texts: Mapping[str, str], english: Mapping[str, str]) -> Iterator[str]:
    """Yield what a file lacks. Problem codes and forms of numbers may be more than English has."""
    for key, text in english.items():
        if key not in texts and not key.endswith(".1"):
            yield f"expected {key}, found nothing; translate {text!r}"
    for key, text in texts.items():
        if key not in english:
            if not key.startswith(("problems.", "time.")):
                yield f"{key} is never read; remove it"
        elif not key.endswith(".other") and set(_PLACE.findall(text)) != set(_PLACE.findall(english[key])):
            yield f"{key}: expected the places of {english[key]!r}, found {text!r}"
