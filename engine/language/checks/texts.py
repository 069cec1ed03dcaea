"""Texts that the catalogue lacks, in any of its languages, and parameters that a text is not given."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.catalogue import parameters
from engine.language.diagnostics import Diagnostic, Span, nearest
from engine.language.graph import PromptNode, Say
from engine.language.study import Study, placed_targets
from engine.language.yaml_tree import Path


def check_texts(study: Study) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every text that is named and not there."""
    for name, node in study.document.nodes.items():
        if isinstance(node, PromptNode) and isinstance(node.texts, str):
            yield from _prompt(study, name, node, node.texts)
    for placed in placed_targets(study.document):
        if placed.target.say:
            yield from _say(study, placed.path, placed.target.say)


def _prompt(study: Study, name: str, node: PromptNode, texts: str) -> Iterator[Diagnostic]:
    spots, base = study.document.spots, ("nodes", name)
    if not study.catalogue.has_any(texts):
        known = {text_id.removesuffix(".title") for text_id in study.catalogue.ids() if text_id.endswith(".title")}
        hint = nearest(texts, known, "add it to texts/LANG.yaml, or write prompt: {title: …}")
        yield study.report("LH901", spots.value(*base, "prompt"), f"there are no texts '{texts}'", hint=hint)
        return
    yield from _needed(study, f"{texts}.title", spots.value(*base, "prompt"))
    for field in node.fields:
        yield from _needed(study, f"{texts}.fields.{field}.label", spots.key(*base, "fields", field))
    for action in node.routes:
        yield from _needed(study, f"{texts}.actions.{action}.label", spots.key(*base, "routes", action))
    for shown in node.show:
        yield from _needed(study, f"{texts}.show.{shown}", spots.key(*base, "show", shown))


def _needed(study: Study, text_id: str, span: Span) -> Iterator[Diagnostic]:
    lacking = study.catalogue.lacking(text_id)
    if not study.catalogue.has(text_id):
        files = " and ".join(f"texts/{language}.yaml" for language in sorted(study.catalogue.languages))
        yield study.report("LH901", span, f"there is no text '{text_id}'", hint=f"add it to {files or 'texts/en.yaml'}")
    elif lacking:
        files = " and ".join(f"texts/{language}.yaml" for language in lacking)
        yield study.report("LH902", span, f"the text '{text_id}' is missing in {files}", hint="translate it")


def _say(study: Study, path: Path, say: Say) -> Iterator[Diagnostic]:
    spots = study.document.spots
    span = spots.value(*path, "say", "id") if say.params else spots.value(*path, "say")
    if not study.catalogue.has(say.id):
        hint = nearest(say.id, study.catalogue.ids(), "add it to texts/LANG.yaml")
        yield study.report("LH901", span, f"there is no text '{say.id}'", hint=hint)
        return
    yield from _needed(study, say.id, span)
    for language, texts in sorted(study.catalogue.languages.items()):
        missing = _parameters(texts.get(say.id, "")) - say.params.keys()
        if missing:
            wanted = min(missing)
            message = f"the text '{say.id}' (texts/{language}.yaml) puts in '{wanted}', which is not given"
            hint = f"write say: {{id: {say.id}, params: {{{wanted}: =…}}}}"
            yield study.report("LH903", span, message, hint=hint)
            return


def _parameters(source: str) -> frozenset[str]:
    try:
        return parameters(source)
    except ValueError:
        return frozenset()  # reported where the catalogue is read
