"""``lockhouse flow publish|versions|rollback``: what they do to a server's database, and what they refuse."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

import flow_definitions
from engine.runtime import ExecutorsDiffer
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.wiring import wired
from tests.lockhouse.distributions import ORDER, STOCK, install, wheel
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

TEA = """\
flow: tea
version: 1.0.0
language: 1
type: utility
title: Tea
outcomes: {chosen: {}}
start: ask
nodes:
  ask: {prompt: {title: "Tea?"}, submits: [], routes: {yes_please: done}}
  done: {end: chosen}
"""
MILK = TEA.replace("1.0.0", "1.1.0").replace('"Tea?"', '"With milk?"')


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's own flows, with TEA among them, stored by a start."""
    flows = home / "flows"
    shutil.copytree(flow_definitions.folder(), flows, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (flows / "tea.yaml").write_text(TEA)
    monkeypatch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", "flows")
    monkeypatch.setenv("LOCKHOUSE_PASSWORD__MEMORY_KIB", "8")
    ask(home, "e0")
    return flows


def ask(home: Path, execution: str) -> str:
    """Begin an execution of the flow as a server that has just been started does; return its question."""

    async def go() -> str:
        async with opened(load_configuration(home / "lockhouse.toml")) as place, wired(place, work=False) as parts:
            step = await parts.engine.begin(
                execution=execution, flow="tea", inputs={}, on_end="flow_api", correlation=""
            )
            assert step.title is not None
            return step.title.text

    return asyncio.run(go())


def listed(run: Run) -> list[tuple[str, bool, int]]:
    return [
        (each["version"], each["live"], each["open"])
        for each in json.loads(run("flow", "versions", "tea", "--json").out)
    ]


def test_a_published_version_stays_live_over_a_restart_until_somebody_goes_back(
    run: Run, home: Path, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "milk.yaml").write_text(MILK)
    published = run("flow", "publish", str(tmp_path / "milk.yaml"))
    asked = ask(home, "e1")
    after = listed(run)
    back = run("flow", "rollback", "tea", "--json")

    assert (published.code, published.out) == (0, "published: tea\n")
    assert asked == "With milk?", "though the server's own folder has the older one"
    assert after == [("1.0.0", False, 1), ("1.1.0", True, 1)]
    assert json.loads(back.out) == {"published": ["tea"], "moved": [], "stayed": {}}
    assert ask(home, "e2") == "Tea?"
    assert run("flow", "versions", "tea").out.count("live") >= 1


def test_older_executions_end_where_the_operator_says_so(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "milk.yaml").write_text(MILK)
    said = run("flow", "publish", str(tmp_path), "--existing", "abort")

    assert "executions that left an older version: 1" in said.out
    assert listed(run) == [("1.0.0", False, 0), ("1.1.0", True, 0)]


def test_a_version_is_named_by_number_or_digest(run: Run, home: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "milk.yaml").write_text(MILK)
    run("flow", "publish", str(tmp_path))
    digests = {each["version"]: each["digest"] for each in json.loads(run("flow", "versions", "tea", "--json").out)}

    assert run("flow", "rollback", "tea", "--to", "1.0.0").code == 0
    assert run("flow", "rollback", "tea", "--to", digests["1.1.0"][:12]).code == 0
    assert ask(home, "e1") == "With milk?"
    for wrong in ("3.0.0", "zz"):
        said = run("flow", "rollback", "tea", "--to", wrong)
        assert (said.code, "found none" in said.err) == (1, True)
    several = run("flow", "rollback", "tea", "--to", "")
    assert (several.code, "found several" in several.err) == (1, True)


def test_going_back_needs_something_to_go_back_to(run: Run, folder: Path) -> None:
    said = run("flow", "rollback", "tea")

    assert said.code == 1
    assert "no version of flow 'tea' was live before the live one" in said.err


def test_nothing_is_published_with_a_mistake_in_it_or_a_text_that_the_server_lacks(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "tea.yaml").write_text(MILK)
    (tmp_path / "coffee.yaml").write_text(
        TEA.replace("tea", "coffee").replace('prompt: {title: "Tea?"}', "prompt: coffee.question")
    )
    said = run("flow", "publish", str(tmp_path))
    nothing = run("flow", "publish", str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    empty = run("flow", "publish", str(tmp_path / "empty"))

    assert said.code == 1
    assert "coffee.question" in said.err
    assert str(folder / "texts") in said.err
    assert listed(run) == [("1.0.0", True, 1)]
    assert (nothing.code, empty.code) == (2, 2)


def test_looking_publishes_nothing(run: Run) -> None:
    said = [run("execution", "list"), run("flow", "versions"), run("flow", "versions")]

    assert [each.code for each in said] == [0, 0, 0]
    assert "no version is stored" in said[-1].err


def test_who_lost_an_executor_can_still_end_what_needs_it(
    run: Run, home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install(wheel(tmp_path, "acme-lost", {"acme_lost": STOCK}, {"reserve_stock": "acme_lost:ReserveStock"}), site)
    monkeypatch.syspath_prepend(site)
    waits = (
        ORDER.replace("start: reserve", "start: ask")
        .replace("version: 1.0.0", "version: 2.0.0")
        .replace("order", "tea")
    )
    waits += '  ask: {prompt: {title: "Now?"}, submits: [], routes: {now: reserve}}\n'
    (tmp_path / "tea.yaml").write_text(
        waits.replace("inputs: {article: {type: id}}\n", "").replace("=inputs.article", "pen")
    )
    monkeypatch.setenv("LOCKHOUSE_PLUGINS__EXECUTORS", "reserve_stock")
    assert run("flow", "publish", str(tmp_path / "tea.yaml")).code == 0
    ask(home, "e1")
    monkeypatch.delenv("LOCKHOUSE_PLUGINS__EXECUTORS")

    with pytest.raises(ExecutorsDiffer, match=r"- flow 'tea' 2\.0\.0 needs executor 'reserve_stock', not installed"):
        ask(home, "e2")
    shown = run("execution", "show", "e1")
    back = run("flow", "rollback", "tea", "--existing", "abort")

    assert (shown.code, "waiting" in shown.out) == (0, True)
    assert (back.code, "executions that left an older version: 1" in back.out) == (0, True)
    assert ask(home, "e2") == "Tea?"
    again = run("flow", "rollback", "tea", "--to", "2.0.0")
    assert (again.code, "needs executor 'reserve_stock'" in again.err) == (1, True)
