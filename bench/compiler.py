"""What compiling and running a flow costs: medians of processor time, which others on the machine move less than time.

python bench/compiler.py            # the table
python bench/compiler.py --json     # for programs
python bench/compiler.py --write    # the table into bench/README.md
python bench/compiler.py --quick    # does it work? small sizes, few rounds
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.contracts import Contract
from engine.execution import Started, Submitted, position, transition
from engine.language import CheckReport, check_flows, compile_expression

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- compiler: begin -->", "<!-- compiler: end -->"
EXPRESSIONS = ("inputs.amount > 1000", "inputs.amount > 1000 and steps.ask.why | default('none') != 'none'")
SCOPE: dict[str, Any] = {"inputs": {"amount": 2000}, "steps": {"ask": {"why": "trip"}}, "vars": {}, "execution": {}}
CHARGE = Contract.declare(
    name="charge",
    summary="Charges a card.",
    effect="external",
    takes_key=True,
    inputs={"amount": "integer", "note": "string"},
    outcomes={"charged": {"receipt": "string"}, "declined": {}},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. ``aim`` is the greatest value that is wanted, in the same unit."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    beside: str = ""

    @property
    def verdict(self) -> str:
        """Return whether the aim was reached."""
        return "" if self.aim is None else "reached" if self.value <= self.aim else "missed"


def flow_of(nodes: int) -> str:
    """Return a flow of *nodes* nodes as an author writes one: prompts, tasks, decisions, each read by what follows."""
    lines = ["flow: big", "version: 1.0.0", "language: 1", "inputs: {amount: integer, who: id}"]
    lines += ["outcomes: {done: {receipt: string}, refused: {}}", "start: n0", "nodes:"]
    steps = nodes - 2
    for index in range(steps):
        onward = f"n{index + 1}" if index + 1 < steps else "done"
        lines += _node(index, onward if index + 1 < steps else "refused")
    lines += ['  done: {end: done, with: {receipt: "=steps.n1.receipt"}}', "  refused: {end: refused}"]
    return "\n".join(lines) + "\n"


def _node(index: int, onward: str) -> list[str]:
    name = f"n{index}"
    match index % 3:
        case 0:
            fields, ways = "{why: {type: string, max: 200, optional: true}}", f"{{submit: {onward}, deny: refused}}"
            return [f"  {name}: {{prompt: {{title: Allow it?}}, fields: {fields}, routes: {ways}}}"]
        case 1:
            note = f"\"=steps.n{index - 1}.why | default('none')\""
            arguments = f"{{amount: =inputs.amount, note: {note}}}"
            return [
                f"  {name}:",
                "    task: charge",
                f"    with: {arguments}",
                f"    routes: {{charged: {onward}, declined: refused}}",
            ]
        case _:
            case = f'{{when: "=inputs.amount > {index} and inputs.who != steps.n1.receipt", to: {onward}}}'
            other = "done" if index == 2 else onward
            return [f"  {name}: {{decide: [{case}], else: {other}}}"]


def compiled(nodes: int) -> CheckReport:
    """Return the report on a flow of *nodes* nodes, which is whole."""
    report = check_flows([("big.yaml", flow_of(nodes))], contracts=[CHARGE])
    if not report.flows:
        raise AssertionError(f"the flow of {nodes} nodes has mistakes: {report.errors[:3]}")
    return report


def seconds_of(work: Callable[[], object], rounds: int, repeat: int = 1) -> float:
    """Return the median of *rounds*, each of *repeat* calls, for one call."""
    samples = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(repeat):
            work()
        samples.append((time.process_time() - began) / repeat)
    return median(samples)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of the line through the logarithms: 1 is linear, 2 is quadratic."""
    points = [(math.log(size), math.log(each)) for size, each in zip(sizes, seconds, strict=True)]
    middle = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    rise = sum((x - middle[0]) * (y - middle[1]) for x, y in points)
    return rise / sum((x - middle[0]) ** 2 for x, _ in points)


def compiling(sizes: Sequence[int], rounds: int) -> list[Figure]:
    """Measure compiling a flow of ten nodes and of each size."""
    small = seconds_of(lambda: compiled(10), rounds * 5)
    found = [Figure(what="compile a flow of 10 nodes", value=small * 1e3, unit="ms", aim=20)]
    times = [seconds_of(lambda size=size: compiled(size), rounds) for size in sizes]  # type: ignore[misc] # the size of now
    for size, each in zip(sizes, times, strict=True):
        aim = 2000.0 if size == 1000 else None
        found.append(Figure(what=f"compile a flow of {size:,} nodes", value=each * 1e3, unit="ms", aim=aim))
    listed = "/".join(f"{size:,}" for size in sizes)
    grows = exponent(sizes, times)
    return [*found, Figure(what=f"growth over {listed} nodes", value=grows, unit="exponent", aim=1.2)]


def evaluating(rounds: int, repeat: int) -> list[Figure]:
    """Measure a short and a longer expression beside Jinja2's sandbox, in turns."""
    return [_beside(source, aim, rounds, repeat) for source, aim in zip(EXPRESSIONS, (1.0, None), strict=True)]


def _beside(source: str, aim: float | None, rounds: int, repeat: int) -> Figure:
    ours = compile_expression(source)
    theirs = ImmutableSandboxedEnvironment(autoescape=False).compile_expression(source)
    if ours.evaluate(SCOPE) is not True or theirs(**SCOPE) is not True:
        raise AssertionError("the two do not agree, so comparing them says nothing")
    pairs = [
        (seconds_of(lambda: ours.run(SCOPE), 1, repeat), seconds_of(lambda: theirs(**SCOPE), 1, repeat))
        for _ in range(rounds)
    ]
    mine, other = median(one for one, _ in pairs), median(two for _, two in pairs)
    beside = f"{other / mine:.1f} times as fast as Jinja2's sandbox ({other * 1e6:.1f} µs)"
    return Figure(what=f"evaluate `{source}`".replace("|", "\\|"), value=mine * 1e6, unit="µs", aim=aim, beside=beside)


def moving(rounds: int, repeat: int) -> list[Figure]:
    """Measure a transition: an answer is checked and stored, and the next task is asked for."""
    graphs = {graph.digest: graph for graph in compiled(10).flows}
    started = Started(execution="e", digest=next(iter(graphs)), inputs={"amount": 5, "who": "ann"})
    state, _ = transition(graphs, None, started, NOON)
    answer = Submitted(position=position(state.frames), action="submit", values={"why": "because"})
    each = seconds_of(lambda: transition(graphs, state, answer, NOON), rounds, repeat)
    return [Figure(what="a transition", value=each * 1e6, unit="µs", aim=20)]


def commanding(rounds: int) -> list[Figure]:
    """Measure the command as a process, warm: the first run is not counted."""
    command = [str(Path(sys.executable).with_name("lockhouse")), "flow", "check"]

    def spent() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    spent()
    seconds = median(spent() for _ in range(rounds))
    return [Figure(what="`lockhouse flow check` of the shipped flows", value=seconds, unit="s", aim=0.5)]


def measure(*, quick: bool) -> list[Figure]:
    """Return every figure."""
    sizes = (10, 20, 40) if quick else (125, 250, 500, 1000, 2000)
    rounds, repeat = (1, 20) if quick else (5, 2000)
    figures = [*compiling(sizes, rounds), *evaluating(rounds * 5, repeat), *moving(rounds * 5, repeat)]
    return figures if quick else [*figures, *commanding(5)]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    load = os.getloadavg()[0]
    return {"cores": os.cpu_count(), "load_average": round(load, 1), "python": platform.python_version()}


def as_markdown(figures: Sequence[Figure]) -> str:
    """Return the table for people."""
    rows = ["| what | median | aim | | |", "| --- | ---: | ---: | --- | --- |"]
    for each in figures:
        aim = "" if each.aim is None else f"{each.aim:g} {each.unit}"
        rows.append(f"| {each.what} | {each.value:.2f} {each.unit} | {aim} | {each.verdict} | {each.beside} |")
    return "\n".join([*rows, "", ", ".join(f"{name} {value}" for name, value in machine().items())])


def written(text: str, table: str) -> str:
    """Return *text* with *table* between the markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"bench/README.md: expected the markers {BEGIN} and {END}, found none; put them back")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="write the table into bench/README.md")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds, without the command")
    chosen = parser.parse_args()
    figures = measure(quick=chosen.quick)
    if chosen.json:
        shown = [{**asdict(each), "verdict": each.verdict} for each in figures]
        print(json.dumps({"machine": machine(), "figures": shown}))
    else:
        print(as_markdown(figures))
    if chosen.write:
        README.write_text(written(README.read_text(encoding="utf-8"), as_markdown(figures)), encoding="utf-8")


if __name__ == "__main__":
    main()
