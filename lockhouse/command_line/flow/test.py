"""``lockhouse flow test``: the tests of flows, without a server, a database or a network."""

# ruff: noqa: PT028 - the command is called test; it is not one

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.language import FlowSet
from engine.testing import Coverage, TestResult, coverage, junit_xml, run_flow_tests, simulate
from lockhouse.command_line.console import print_json, print_table, report
from lockhouse.command_line.flow.installed import SettingsOption, installed
from lockhouse.command_line.flow.loading import loaded
from lockhouse.command_line.flow.sources import PathsArgument, written
from lockhouse.command_line.flow.untaken import show_paths
from lockhouse.command_line.options import JsonOption

__all__ = ["test"]


def test(
    paths: PathsArgument = None,
    *,
    name: Annotated[str, typer.Option("-k", metavar="NAME", help="Only tests with this in their name.")] = "",
    floor: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Fail where a flow's coverage is below this.")
    ] = 0,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the results as JUnit XML too.")] = None,
    paths_only: Annotated[
        bool,
        typer.Option("--paths", help="List the paths that no test takes, with a test for each, ready to be filled."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --paths: append these tests to NAME.tests.yaml.")
    ] = False,
    config: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the tests of flows and show how much of each flow they cover.

    Tests are under `tests:` in the flow or in NAME.tests.yaml beside it. Exit code 0: all passed; 1: one failed, or
    the coverage is below the floor; 2: nothing could be run.

    Example: lockhouse flow test my_flows/ --floor 100
    """
    flows = loaded(paths, installed(config))
    if write and not paths_only:
        report("--write needs --paths: it writes tests for the paths that no test takes")
        raise typer.Exit(2)
    if paths_only:
        show_paths(flows, run_flow_tests(flows), write=write, as_json=as_json)
        return
    results = _run(flows, name)
    covered = [coverage(flows.latest(flow), results) for flow in flows.names]
    low = [each for each in covered if each.percent < floor]
    if junit is not None:
        written(junit, junit_xml(results))
    failed = [result for result in results if not result.passed]
    if as_json:
        print_json(
            {
                "ok": not failed and not low,
                "tests": [result.to_json() for result in results],
                "coverage": {each.flow: each.to_json() for each in covered},
            }
        )
    else:
        _show(results, failed, covered, chosen=bool(name))
        _blame(low, floor)
    if failed or low:
        raise typer.Exit(1)


def _run(flows: FlowSet, part: str) -> list[TestResult]:
    """Run the tests with *part* in their name; ends the command where there are none."""
    chosen = [
        (flow, test)
        for flow, tests in flows.tests.items()
        for test in tests
        if part.lower() in f"{flow}: {test.name}".lower()
    ]
    if not chosen:
        called = f" called like '{part}'" if part else "; write them in NAME.tests.yaml beside NAME.yaml"
        report(f"there are no tests{called}")
        raise typer.Exit(2)
    return [simulate(flows.by_digest, flows.latest(flow), test) for flow, test in chosen]


def _show(
    results: Sequence[TestResult], failed: Sequence[TestResult], covered: Sequence[Coverage], *, chosen: bool
) -> None:
    for result in failed:
        sys.stdout.write(f"{result.report()}\n\n")
    rows = []
    for each in covered:
        own = [result for result in results if result.flow == each.flow]
        shares = {part: f"{reached}/{whole}" for part, (reached, whole) in each.parts.items()}
        tests = f"{sum(result.passed for result in own)}/{len(own)}"
        rows.append({"flow": each.flow, "passed": tests, **shares, "least": f"{each.percent:3.0f} %"})
    print_table(["flow", "passed", "nodes", "routes", "outcomes", "least"], rows, empty="")
    for each in covered if not chosen else ():  # of a few tests, what they miss says nothing
        for part in each.missed:
            sys.stdout.write(f"{each.flow}: no test reaches {part}\n")
    count = len(results)
    verdict = f"{len(failed)} failed, {count - len(failed)} passed" if failed else f"{count} passed"
    sys.stdout.write(f"{verdict}\n")


def _blame(low: Sequence[Coverage], floor: float) -> None:
    for each in low:
        report(f"{each.flow}: its tests cover {each.percent:.0f} % of it, and the floor is {floor:g} %")
