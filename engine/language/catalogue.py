"""The texts that people read, by language and id: ``texts/LANG.yaml``, nested or with dotted keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.contracts import frozen
from engine.language.diagnostics import Findings
from engine.language.reading import Reading
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import YamlBad, YamlMap, YamlNode, YamlScalar

# Texts are handed on as plain text; whoever makes HTML of them escapes them there.
_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(undefined=ChainableUndefined, autoescape=False)
DEFAULT_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Texts by language and id. ``default`` is the language to fall back to."""

    languages: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: frozen({}))
    default: str = DEFAULT_LANGUAGE

    def has(self, text_id: str) -> bool:
        """Return whether any language has this text."""
        return any(text_id in texts for texts in self.languages.values())

    def has_any(self, prefix: str) -> bool:
        """Return whether any language has this text or one below it."""
        return any(key == prefix or key.startswith(f"{prefix}.") for texts in self.languages.values() for key in texts)

    def ids(self) -> frozenset[str]:
        """Return every id of every language."""
        return frozenset(key for texts in self.languages.values() for key in texts)

    def lacking(self, text_id: str) -> tuple[str, ...]:
        """Return the languages that lack this text, though another has it."""
        return tuple(sorted(language for language, texts in self.languages.items() if text_id not in texts))

    def text(self, text_id: str, *, locale: str, params: Mapping[str, Any] | None = None) -> str | None:
        """Return the text in the nearest language, with *params* put in; None where no language has it.

        A missing parameter leaves a gap, and a text that cannot be filled in is returned as it stands: a person
        who waits is better served by either than by an error.
        """
        source = self._find(text_id, locale)
        if source is None or "{" not in source:
            return source
        try:
            return _ENVIRONMENT.from_string(source).render(params or {})
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError):
            return source

    def _find(self, text_id: str, locale: str) -> str | None:
        wanted = (locale, locale.partition("-")[0], self.default, *self.languages)
        return next((texts[text_id] for name in wanted if text_id in (texts := self.languages.get(name, {}))), None)


def parameters(source: str) -> frozenset[str]:
    """Return the names that a text puts in; ValueError, with the reason, where it is no template."""
    try:
        return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
    except TemplateSyntaxError as error:
        raise ValueError(error.message or "it cannot be read") from error


def parse_catalogue(source: str | bytes, findings: Findings) -> Mapping[str, str]:
    """Return the texts of one language's file by their ids; what is wrong is in *findings*."""
    root = read_yaml(source, findings)
    if root is None:
        return frozen({})
    texts: dict[str, str] = {}
    for text_id, node in _texts(Reading(findings), root, ""):
        if text_id in texts:
            findings.add("LH105", node.span, f"the text '{text_id}' is written twice", hint="keep one of them")
            continue
        texts[text_id] = str(node.value)
        _check_template(text_id, node, findings)
    return frozen(texts)


def _texts(reading: Reading, node: YamlNode, prefix: str) -> Iterator[tuple[str, YamlScalar]]:
    match node:
        case YamlMap(entries=entries):
            for entry in entries:
                yield from _texts(reading, entry.value, f"{prefix}.{entry.key}" if prefix else entry.key)
        case YamlScalar(value=str()) if prefix:
            yield prefix, node
        case YamlBad():
            return
        case _:
            reading.text(node, "a text") if prefix else reading.map(node, "ids with their texts")


def _check_template(text_id: str, node: YamlScalar, findings: Findings) -> None:
    try:
        parameters(str(node.value))
    except ValueError as error:
        findings.add("LH904", node.span, f"the text '{text_id}' cannot be filled in: {error}", hint="close the braces")
