"""Checking flows together, and loading a folder of them: the door that tools and the runtime use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.contracts import Contract, UnknownFlow, frozen
from engine.language.catalogue import DEFAULT_LANGUAGE, Catalogue, parse_catalogue
from engine.language.checks import check_study
from engine.language.checks.migrations import check_migrations
from engine.language.checks_of_tests import check_tests
from engine.language.compile import compile_document
from engine.language.contract_file import CONTRACTS_FILE, parse_contracts
from engine.language.diagnostics import Diagnostic, Findings, FlowsInvalid, Span, diagnostic
from engine.language.document import CallDraft, FlowDocument
from engine.language.files import read_file
from engine.language.flow_tests import FlowTest
from engine.language.graph import Graph
from engine.language.origins import Summary
from engine.language.parse_flow import parse_flow, parse_test_file
from engine.language.proving import summary_of
from engine.language.study import Study

TESTS_SUFFIX = ".tests.yaml"
_TOP = Span(1, 1, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's name, for diagnostics, and what is in it."""

    file: str
    text: str | bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What checking found, and the graphs of the flows that have no error in them or in what they call."""

    diagnostics: tuple[Diagnostic, ...]
    flows: tuple[Graph, ...]
    tests: Mapping[str, tuple[FlowTest, ...]] = field(default_factory=lambda: frozen({}))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Return the diagnostics that keep a flow from running."""
        return tuple(found for found in self.diagnostics if found.severity == "error")

    @property
    def ok(self) -> bool:
        """Return whether nothing keeps the flows from running."""
        return not self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSet:
    """Compiled flows, their texts and their tests."""

    flows: tuple[Graph, ...]
    catalogue: Catalogue = field(default_factory=Catalogue)
    tests: Mapping[str, tuple[FlowTest, ...]] = field(default_factory=lambda: frozen({}))
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the flows, sorted."""
        return tuple(sorted({graph.name for graph in self.flows}))

    @property
    def by_digest(self) -> Mapping[str, Graph]:
        """Return every graph, callees too, by its digest."""
        return frozen({graph.digest: graph for graph in self.flows})

    def latest(self, name: str) -> Graph:
        """Return the highest version of a flow; UnknownFlow where there is none."""
        versions = [graph for graph in self.flows if graph.name == name]
        if not versions:
            raise UnknownFlow(name, self.names)
        return max(versions, key=lambda graph: version_key(graph.version))


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by.

    >>> version_key("1.10.0") > version_key("1.9.9")
    True
    """
    return tuple(int(part) for part in version.split("."))


def contracts_by_name(contracts: Iterable[Contract] | Mapping[str, Contract]) -> Mapping[str, Contract]:
    """Return *contracts* by their names, however they were given."""
    given = contracts.values() if isinstance(contracts, Mapping) else contracts
    return frozen({contract.name: contract for contract in given})


def check_flows(
    sources: Sequence[Source | tuple[str, str | bytes]],
    *,
    contracts: Iterable[Contract] | Mapping[str, Contract],
    catalogue: Catalogue | None = None,
    tests: Sequence[Source] = (),
) -> CheckReport:
    """Check the flows of *sources* together, in one pass that collects everything."""
    files = [source if isinstance(source, Source) else Source(file=source[0], text=source[1]) for source in sources]
    found: list[Diagnostic] = []
    documents = [document for source in files if (document := _parse(source, found)) is not None]
    found += _doubled(documents)
    callees = _newest(documents)
    known = contracts_by_name(contracts)
    for study in _studies(documents, known, callees, catalogue or Catalogue()):
        found += check_study(study, [one for one in found if one.file == study.document.file])
    flows = _compile(documents, known, callees, {d.file for d in found if d.severity == "error"})
    if migrations := list(check_migrations(documents, flows)):
        found += migrations
        flows = _compile(documents, known, callees, {d.file for d in found if d.severity == "error"})
    beside = _tests(documents, tests, found)
    found += _check_tests(flows, beside)
    return CheckReport(diagnostics=tuple(_in_order(found, files)), flows=tuple(flows), tests=beside)


def _in_order(found: Iterable[Diagnostic], files: Sequence[Source]) -> list[Diagnostic]:
    order = {source.file: index for index, source in enumerate(files)}
    return sorted(set(found), key=lambda d: (order.get(d.file, len(order)), d.file, d.line, d.column, d.code))


def _parse(source: Source, found: list[Diagnostic]) -> FlowDocument | None:
    findings = Findings(source.file)
    document = parse_flow(source.text, source.file, findings)
    found += findings.found
    return document


def _doubled(documents: Sequence[FlowDocument]) -> list[Diagnostic]:
    first: dict[tuple[str, str], FlowDocument] = {}
    found = []
    for document in documents:
        before = first.setdefault((document.name, document.version), document)
        if before is not document and document.name:
            span = document.spots.value("flow")
            message = f"'{document.name}' {document.version} is in {before.file} already"
            found.append(diagnostic("LH309", document.file, span, message, hint="rename it, or raise its version"))
    return found


def _newest(documents: Sequence[FlowDocument]) -> Mapping[str, FlowDocument]:
    ordered = sorted(documents, key=lambda document: version_key(document.version))
    return frozen({document.reference: document for document in ordered if document.name})


def _studies(
    documents: Sequence[FlowDocument],
    contracts: Mapping[str, Contract],
    callees: Mapping[str, FlowDocument],
    catalogue: Catalogue,
) -> list[Study]:
    """Return what the checks look at, each with what the flows that it may call prove."""
    proven: dict[str, Summary] = {}

    def study_of(document: FlowDocument) -> Study:
        called = {f"{node.flow}@{node.major}" for node in document.nodes.values() if isinstance(node, CallDraft)}
        for name in sorted(called & callees.keys() - proven.keys()):
            proven[name] = {}  # what calls itself is reported, and proves nothing
            proven[name] = summary_of(study_of(callees[name]))
        own = {name: proven[name] for name in called & proven.keys()}
        return Study(document=document, contracts=contracts, callees=callees, catalogue=catalogue, proven=own)

    return [study_of(document) for document in documents]


def _compile(
    documents: Sequence[FlowDocument],
    contracts: Mapping[str, Contract],
    callees: Mapping[str, FlowDocument],
    broken: set[str],
) -> list[Graph]:
    """Compile what has no error and calls nothing that has one, callees first."""
    done: dict[str, Graph | None] = {}

    def compiled(document: FlowDocument) -> Graph | None:
        if document.file in done:
            return done[document.file]
        done[document.file] = None  # what calls itself was reported, and ends here
        called = {f"{node.flow}@{node.major}" for node in document.nodes.values() if isinstance(node, CallDraft)}
        graphs = {name: compiled(callees[name]) for name in sorted(called) if name in callees}
        whole = {name: graph for name, graph in graphs.items() if graph is not None}
        if document.file not in broken and whole.keys() == called:
            done[document.file] = compile_document(document, contracts, whole)
        return done[document.file]

    return [graph for document in documents if (graph := compiled(document)) is not None]


def _tests(
    documents: Sequence[FlowDocument], sources: Sequence[Source], found: list[Diagnostic]
) -> Mapping[str, tuple[FlowTest, ...]]:
    tests = {document.name: document.tests for document in documents}
    stems = {Path(document.file).stem: document.name for document in documents}
    for source in sources:
        findings = Findings(source.file)
        read = parse_test_file(source.text, source.file, findings)
        flow = stems.get(Path(source.file).name.removesuffix(TESTS_SUFFIX))
        if flow is None:
            message = "these tests belong to no flow"
            findings.add("LH302", _TOP, message, hint="name the file like its flow: NAME.tests.yaml beside NAME.yaml")
        else:
            tests[flow] = (*tests[flow], *read)
        found += findings.found
    return frozen({name: own for name, own in tests.items() if own})


def _check_tests(flows: Sequence[Graph], tests: Mapping[str, tuple[FlowTest, ...]]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the tests of those flows that have no mistake themselves: of each the newest."""
    graphs = {graph.digest: graph for graph in flows}
    newest = {graph.name: graph for graph in sorted(flows, key=lambda graph: version_key(graph.version))}
    for name, own in tests.items():
        if name in newest:
            yield from check_tests(newest[name], graphs, own)


def load_catalogue(folder: Path, found: list[Diagnostic], *, default: str = DEFAULT_LANGUAGE) -> Catalogue:
    """Return the texts of ``folder/LANG.yaml``; what is wrong with them is added to *found*."""
    languages = {}
    for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        findings = Findings(str(file))
        content = read_file(file, found)
        if content is not None:
            languages[file.stem] = parse_catalogue(content, findings)
        found += findings.found
    return Catalogue(languages=frozen(languages), default=default)


def check_folder(
    paths: Path | str | Sequence[Path | str],
    *,
    contracts: Iterable[Contract] | Mapping[str, Contract],
    besides: Sequence[Source] = (),
) -> tuple[CheckReport, Catalogue]:
    """Check a folder of flows, or single files: ``*.yaml``, ``*.tests.yaml`` beside them, ``texts/LANG.yaml``.

    ``executors.yaml`` among them declares executors beside *contracts*; *besides* are flows that are in no file.
    """
    given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    found: list[Diagnostic] = []
    files = [file for path in given for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    folders = {path if path.is_dir() else path.parent for path in given}
    texts: dict[str, dict[str, str]] = {}
    for folder in sorted(folders):
        for language, own in load_catalogue(folder / "texts", found).languages.items():
            texts.setdefault(language, {}).update(own)
    catalogue = Catalogue(languages=frozen({language: frozen(own) for language, own in texts.items()}))
    flows, tests = _sources([file for file in files if file.name != CONTRACTS_FILE], found)
    known = declared_contracts(folders, contracts, found)
    report = check_flows([*flows, *besides], contracts=known, catalogue=catalogue, tests=tests)
    whole = CheckReport(diagnostics=(*found, *report.diagnostics), flows=report.flows, tests=report.tests)
    return whole, catalogue


def declared_contracts(
    folders: Iterable[Path], contracts: Iterable[Contract] | Mapping[str, Contract], found: list[Diagnostic]
) -> Mapping[str, Contract]:
    """Return *contracts* with those that ``executors.yaml`` in *folders* declares; mistakes in them go to *found*."""
    known = dict(contracts_by_name(contracts))
    for file in sorted(folder / CONTRACTS_FILE for folder in folders):
        if file.is_file():
            findings = Findings(str(file))
            known |= {one.name: one for one in parse_contracts(file.read_bytes(), known, findings)}
            found += findings.found
    return frozen(known)


def _sources(files: Sequence[Path], found: list[Diagnostic]) -> tuple[list[Source], list[Source]]:
    flows = [file for file in dict.fromkeys(files) if not file.name.endswith(TESTS_SUFFIX)]
    beside = [file.with_name(file.stem + TESTS_SUFFIX) for file in flows]
    tests = [
        file for file in dict.fromkeys([*(f for f in files if f.name.endswith(TESTS_SUFFIX)), *beside]) if file.exists()
    ]
    return _read(flows, found), _read(tests, found)


def _read(files: Iterable[Path], found: list[Diagnostic]) -> list[Source]:
    contents = ((file, read_file(file, found)) for file in files)
    return [Source(file=str(file), text=content) for file, content in contents if content is not None]


def load_flows(
    paths: Path | str | Sequence[Path | str], *, contracts: Iterable[Contract] | Mapping[str, Contract]
) -> FlowSet:
    """Return the checked flows of a folder (or of files); FlowsInvalid, with every diagnostic, where one has errors."""
    report, catalogue = check_folder(paths, contracts=contracts)
    if not report.ok:
        raise FlowsInvalid(report.diagnostics)
    return FlowSet(flows=report.flows, catalogue=catalogue, tests=report.tests, warnings=report.diagnostics)
