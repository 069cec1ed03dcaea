"""Compiling is a function: the same flows give the same graphs, in any order, in any process; and whatever comes in,
what comes out is diagnostics with places.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flow_definitions
from engine.language import CheckReport, Source, check_flows, diagnostics_json, render_diagnostics
from lockhouse.flows import CONTRACTS
from tests.engine.proof.random_flows import TEXTS, compile_flows, write_flows

DIGESTS = """
from random import Random
from tests.engine.proof.random_flows import compile_flows, write_flows
print([graph.digest for seed in range(3) for graph in compile_flows(write_flows(Random(seed))) or ()])
"""


def digests(flows: dict[str, Any]) -> dict[str, str] | None:
    graphs = compile_flows(flows)
    return None if graphs is None else {graph.name: graph.digest for graph in graphs}


def shuffled(value: Any, rng: Random) -> Any:
    """Return *value* with the keys of every record in another order."""
    if isinstance(value, dict):
        keys = rng.sample(sorted(value), len(value))
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(part, rng) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_keys_and_files_changes_nothing(seed: int) -> None:
    flows = write_flows(Random(seed))
    # The order of routes is the order of a form's buttons, and that of cases decides: only those of records move.
    mixed = {
        name: {key: flow[key] for key in Random(seed).sample(sorted(flow), len(flow))} for name, flow in flows.items()
    }
    moved = {name: {**flow, "nodes": _moved(flow["nodes"], seed)} for name, flow in mixed.items()}
    assert digests(flows) == digests(dict(reversed(moved.items())))


def _moved(nodes: dict[str, Any], seed: int) -> dict[str, Any]:
    return {name: shuffled(nodes[name], Random(seed)) for name in Random(seed).sample(sorted(nodes), len(nodes))}


def test_another_process_with_another_hash_seed_compiles_the_same() -> None:
    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, check=True, text=True
        )
        return done.stdout

    assert run("1") == run("2")


# any input at all

FOLDER = flow_definitions.folder()
FILES = sorted(FOLDER.glob("*.yaml"))
SHIPPED: dict[str, str] = {file.name: file.read_text(encoding="utf-8") for file in FILES}
FLOWS = [name for name in SHIPPED if not name.endswith(".tests.yaml")]
WORDS = (
    "{ } [ ] : , - = ' \" # &a *a !!str !!python/object:os.system << | > ? % @ yes no null ~ 010 0x1f .inf 1e999 "
    "2030-01-01 =inputs. =steps. =vars.x task prompt decide call wait end with: routes: timeout: max_visits: set: say: "
    "retry: catch: nodes: start: flow: \u2026 \u2028 \ufeff \ud7ff \U0010ffff list_of true -5 9999999999999999999 1h"
)
PIECES = st.sampled_from(
    [*WORDS.split(" "), "\n", "\n\n", "  ", "\t", "\x00", "\x85", "\r", "---\n", "...\n", "- ", ": "]
)


def checked(sources: Sequence[tuple[str, str | bytes]], tests: Sequence[Source] = ()) -> CheckReport:
    """Check, render in each form, and look at every diagnostic's place."""
    report = check_flows(sources, contracts=CONTRACTS, catalogue=TEXTS, tests=tests)
    texts = {**dict(sources), **{source.file: source.text for source in tests}}
    assert render_diagnostics(report.diagnostics, texts, color=True)
    assert json.dumps(diagnostics_json(report.diagnostics))
    for found in report.diagnostics:
        assert found.line >= 1
        assert 1 <= found.column < found.end_column
        assert found.message
    return report


def edited(data: st.DataObject, text: str) -> str:
    """Return *text* after a few edits that know what YAML and flows are made of."""
    for _ in range(data.draw(st.integers(1, 4))):
        lines = text.split("\n")
        line = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.integers(0, len(lines) - 1))
        words = lines[line].split(" ")
        word = data.draw(st.integers(0, len(words) - 1))
        match data.draw(st.sampled_from(["drop", "swap", "indent", "double", "word", "piece", "move", "cut"])):
            case "drop":
                del lines[line]
            case "swap":
                lines[line], lines[other] = lines[other], lines[line]
            case "indent":
                lines[line] = " " * data.draw(st.integers(0, 8)) + lines[line].lstrip()
            case "double":
                lines.insert(other, lines[line])
            case "word":
                words[word] = data.draw(st.sampled_from(lines[other].split(" ")))
                lines[line] = " ".join(words)
            case "piece":
                words[word] = data.draw(PIECES | st.text(max_size=6))
                lines[line] = " ".join(words)
            case "move":
                lines.insert(other, lines.pop(line))
            case _:
                lines[line] = lines[line][: data.draw(st.integers(0, len(lines[line])))]
        text = "\n".join(lines) or "\n"
    return text


def fuzz_flow(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FLOWS))
    others = [(other, SHIPPED[other]) for other in FLOWS if other != name]
    checked([(name, edited(data, SHIPPED[name])), *others])


def fuzz_tests(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FLOWS))
    file = name.replace(".yaml", ".tests.yaml")
    own = Source(file=file, text=edited(data, SHIPPED[file]).encode("utf-8", "surrogatepass"))
    checked([(name, SHIPPED[name])], [own])


def fuzz_bytes(data: st.DataObject) -> None:
    content = data.draw(st.binary(max_size=200) | st.lists(PIECES, max_size=40).map("".join))
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    assert not checked([("any.yaml", content)]).ok
    checked([], [Source(file="any.tests.yaml", text=content)])


def test_a_deadline_at_a_list_of_records_is_an_error_and_no_traceback() -> None:
    name = "login_approval.yaml"
    report = checked([(name, SHIPPED[name].replace("at: =inputs.expires_at", "at: =inputs.permissions"))])
    assert "LH602" in {found.code for found in report.errors}


FUZZERS = {"flow": fuzz_flow, "tests": fuzz_tests, "bytes": fuzz_bytes}


@pytest.mark.parametrize("kind", FUZZERS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_edit_gives_diagnostics_and_no_traceback(kind: str, data: st.DataObject) -> None:
    FUZZERS[kind](data)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", FUZZERS)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_many_edits_give_diagnostics_and_no_traceback(kind: str, data: st.DataObject) -> None:
    FUZZERS[kind](data)
