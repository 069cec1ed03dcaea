"""The pytest plugin: tests of flows are collected, pass and fail with the way until there, and cost nobody else."""

import pytest

from tests.engine.testing.flows import TELL, TELL_TESTS, TRIP, TRIP_TESTS

pytest_plugins = ["pytester"]

# What the sample flows need, as an author's project would have it.
PROJECT = """
from engine import Contract
from tests.engine.testing.flows import CONTRACTS as SAMPLES

class Book:
    contract = SAMPLES[-1]

OTHERS = SAMPLES[:-1]
"""
SETTINGS = "[pytest]\nlockhouse_executors =\n    project:Book\n    project:OTHERS\n"
CONFTEST = """
import project

def pytest_lockhouse_contracts(config):
    return [*project.OTHERS, project.Book.contract]
"""
GREET = """\
flow: greet
version: 1.0.0
language: 1
outcomes: {done: {}, never: {}}
start: ask
nodes:
  ask: {prompt: {title: Hello}, routes: {submit: over, leave: left}}
  over: {end: done}
  left: {end: never}
"""
GREET_TESTS = "tests:\n  says hello:\n    script: [{expect: ask, act: submit}]\n    ends: done\n"


def project(pytester: pytest.Pytester, settings: str = SETTINGS, conftest: str = "", **changes: str) -> None:
    """Write the two sample flows and their tests."""
    pytester.makepyfile(project=PROJECT, conftest=conftest)
    pytester.makeini(settings)
    files = {"tell": TELL, "trip": TRIP.replace("say: trip.wrong", "say: {id: wrong}"), **changes}
    pytester.makefile(".yaml", **files)
    texts = pytester.mkdir("texts")
    (texts / "en.yaml").write_text("trip: {wrong: That code is wrong.}\nwrong: That code is wrong.\n")
    trip = TRIP_TESTS.replace("says: trip.wrong", "says: wrong")
    pytester.makefile(".tests.yaml", tell=TELL_TESTS, trip=trip)


@pytest.mark.parametrize(("settings", "conftest"), [(SETTINGS, ""), ("[pytest]\n", CONFTEST)])
def test_tests_of_flows_are_tests(pytester: pytest.Pytester, settings: str, conftest: str) -> None:
    project(pytester, settings, conftest)

    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=17)


def test_one_is_chosen_by_its_name(pytester: pytest.Pytester) -> None:
    project(pytester)

    pytester.runpytest_inprocess("-k", "cancelled").assert_outcomes(passed=1, deselected=16)
    pytester.runpytest_inprocess("tell.tests.yaml::is told later").assert_outcomes(passed=1)


def test_a_failure_shows_the_first_difference_and_no_python(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", greet=GREET)
    pytester.makefile(".tests.yaml", greet=GREET_TESTS.replace("ends: done", "ends: never"))
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "failed: greet: says hello",
            "  *greet.tests.yaml:4:5",
            "    expected  the end 'never'",
            "    happened  the end 'done'",
            "*started*ask*",
            "*answered*action submit*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_items*")


def test_a_mistake_in_a_flow_is_shown_with_its_line(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", greet=GREET.replace("submit: over", "submit: ovr"))
    pytester.makefile(".tests.yaml", greet=GREET_TESTS)
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*error?LH303?*", "*greet.yaml:7:*", "*did you mean 'over'*"])


def test_a_mistake_in_a_test_is_shown_with_its_line(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", greet=GREET)
    pytester.makefile(".tests.yaml", greet=GREET_TESTS.replace("expect:", "expct:"))
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*error?LH201?*", "*greet.tests.yaml:3:*", "*did you mean 'expect'*"])


def test_a_broken_neighbour_stops_nobody(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", greet=GREET, other=GREET.replace("submit: over", "submit: ovr"))
    pytester.makefile(".tests.yaml", greet=GREET_TESTS)

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_tests_in_the_flow_run_with_those_beside_it(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", greet=GREET + GREET_TESTS.replace("says hello", "says it inside"))
    pytester.makefile(".tests.yaml", greet=GREET_TESTS)

    pytester.runpytest_inprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere:X", "expected module:NAME, found 'nowhere:X'"),
        ("project:PROJECT", "found 'project:PROJECT'"),
        ("os:sep", "neither"),
    ],
)
def test_a_setting_that_names_no_executor_is_refused(pytester: pytest.Pytester, name: str, said: str) -> None:
    project(pytester, f"[pytest]\nlockhouse_executors = {name}\n")
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=2)
    assert said in result.stdout.str()
    result.stdout.no_fnmatch_line("*pytest_items*")


def test_called_flows_may_be_elsewhere(pytester: pytest.Pytester) -> None:
    caller = "flow: caller\nversion: 1.0.0\nlanguage: 1\noutcomes: {done: {}}\nstart: a\nnodes:\n"
    caller += "  a: {call: greet@1, routes: {done: b, never: b}}\n  b: {end: done}\n"
    pytester.mkdir("shared").joinpath("greet.yaml").write_text(GREET)
    own = pytester.mkdir("own")
    (own / "caller.yaml").write_text(caller)
    (own / "caller.tests.yaml").write_text(
        "tests:\n  goes on:\n    script: [{expect: a/ask, act: leave}]\n    ends: done\n"
    )
    pytester.makeini("[pytest]\nlockhouse_flows = shared\n")

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_project_without_flows_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makefile(".tests.yaml", other="- these are no tests of a flow")
    pytester.makepyfile(
        """
        import sys

        def test_nothing_was_imported(request):
            assert request.config.pluginmanager.has_plugin("lockhouse-flows")
            assert not {"engine", "yaml", "jinja2", "sqlalchemy", "lockhouse.pytest_items"} & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:schemathesis").assert_outcomes(passed=1)
