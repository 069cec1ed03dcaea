"""``migrate``: the older version is there, and what it keeps covers what the newer one reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.language.diagnostics import Diagnostic, diagnostic, nearest
from engine.language.document import FlowDocument
from engine.language.graph import Graph, Migration
from engine.language.migrating import uncovered


def check_migrations(documents: Sequence[FlowDocument], graphs: Sequence[Graph]) -> Iterator[Diagnostic]:
    """Yield a diagnostic for every ``migrate`` that cannot be followed, as far as both versions compile."""
    compiled = {(graph.name, graph.version): graph for graph in graphs}
    versions: dict[str, set[str]] = {}
    for document in documents:
        versions.setdefault(document.name, set()).add(document.version)
    for document in documents:
        migrate = document.migrate
        if migrate is None:
            continue
        if migrate.from_version not in versions[document.name] - {document.version}:
            others = sorted(versions[document.name] - {document.version})
            yield _unknown(document, migrate, others)
            continue
        new = compiled.get((document.name, document.version))
        old = compiled.get((document.name, migrate.from_version))
        if old is not None and new is not None:
            yield from _lacking(document, old, new)


def _unknown(document: FlowDocument, migrate: Migration, others: Sequence[str]) -> Diagnostic:
    span = document.spots.value("migrate", "from")
    message = (
        f"version {migrate.from_version} of '{document.name}' is not checked with it: the migration was not checked"
    )
    hint = nearest(migrate.from_version, others, "add the older version's file")
    return diagnostic("LH318", document.file, span, message, hint=hint)


def _lacking(document: FlowDocument, old: Graph, new: Graph) -> Iterator[Diagnostic]:
    for lack in uncovered(old, new):
        span = document.spots.key("migrate", "nodes", lack.old)
        if not lack.location:
            yield diagnostic("LH303", document.file, span, lack.reason, hint=nearest(lack.old, old.nodes))
            continue
        shown = ".".join(lack.location)
        message = f"'{lack.new}' or a later node reads '{shown}', and {lack.reason}"
        hint = f"lead it to another node, or give '{shown}' a default"
        yield diagnostic("LH319", document.file, span, message, hint=hint)
