"""Executors of other distributions: really installed ones, allowed or not, whole or broken."""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lockhouse.configuration import SettingsInvalid, load_configuration
from lockhouse.installation import opened
from lockhouse.plugins import installed_plugins, plugins_of
from lockhouse.wiring import wired
from tests.lockhouse.distributions import DECLARED, ORDER, STOCK, install, wheel
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

Install = Callable[..., None]
ALLOW = "LOCKHOUSE_PLUGINS__EXECUTORS"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that distributions are installed into, on Python's path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def distribution(site: Path, tmp_path: Path) -> Install:
    """What builds a wheel and installs it."""

    def make(name: str, modules: Mapping[str, str], **points: str) -> None:
        install(wheel(tmp_path, name, modules, points), site)
        importlib.invalidate_caches()

    return make


@pytest.fixture
def stock(distribution: Install) -> None:
    """The distribution acme-stock, which brings one executor."""
    distribution("acme-stock", {"acme_stock": STOCK}, reserve_stock="acme_stock:ReserveStock")


@pytest.fixture
def flows(home: Path) -> Path:
    """A folder with a flow that needs the executor."""
    folder = home / "flows"
    folder.mkdir()
    (folder / "order.yaml").write_text(ORDER)
    return folder


def refused(home: Path, allowed: str) -> str:
    configuration = load_configuration(home / "lockhouse.toml", environ={ALLOW: allowed})
    with pytest.raises(SettingsInvalid) as caught:
        plugins_of(configuration)
    return str(caught.value)


@pytest.mark.usefixtures("stock")
def test_an_allowed_executor_works_in_check_run_and_the_server(
    run: Run, home: Path, flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOW, "reserve_stock")
    checked = run("flow", "check", str(flows))
    walked = run("flow", "run", "order", str(flows), "--script", "-", stdin="pen\nreserved\n5\n")

    async def serve() -> tuple[str | None, dict[str, object]]:
        monkeypatch.setenv("LOCKHOUSE_FLOWS__DIRECTORY", "flows")
        configuration = load_configuration(home / "lockhouse.toml")
        async with opened(configuration) as place, wired(place, work=False) as parts:
            inputs = {"article": "pen"}
            step = await parts.engine.begin(
                execution="e1", flow="order", inputs=inputs, on_end="flow_api", correlation=""
            )
            return step.outcome, dict(step.result)

    assert (checked.code, checked.err) == (0, "")
    assert "reserve_stock" in walked.out
    (flows / "executors.yaml").write_text(DECLARED)
    assert asyncio.run(serve()) == ("ordered", {"left": 7})


@pytest.mark.usefixtures("stock")
def test_what_is_installed_but_not_allowed_is_not_imported(run: Run, flows: Path) -> None:
    checked = run("flow", "check", str(flows))
    doctor = json.loads(run("doctor", "--json").out)

    assert "acme_stock" not in sys.modules
    assert list(installed_plugins()) == ["reserve_stock"]
    assert (checked.code, "reserve_stock" in checked.err) == (1, True)
    said = [each for each in doctor["findings"] if each["check"] == "plug-ins"]
    assert [(each["status"], "not imported: reserve_stock" in each["says"]) for each in said] == [("ok", True)]


@pytest.mark.usefixtures("stock")
def test_the_doctor_shows_what_is_loaded_and_what_cannot_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW, "reserve_stock")
    loaded = json.loads(run("doctor", "--json").out)["findings"]
    monkeypatch.setenv(ALLOW, "reserve_stock,nothing")
    missing = json.loads(run("doctor", "--json").out)["findings"]

    assert {"check": "plug-ins", "status": "ok", "says": "executor reserve_stock of acme-stock 1.0", "remedy": ""} in (
        loaded
    )
    (failed,) = [each for each in missing if each["check"] == "plug-ins" and each["status"] == "fail"]
    assert "expected an installed plug-in 'nothing', found reserve_stock" in failed["says"]


@pytest.mark.usefixtures("stock")
def test_what_authors_declare_must_be_what_is_installed(run: Run, flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (flows / "executors.yaml").write_text(DECLARED)
    alone = run("flow", "check", str(flows))
    monkeypatch.setenv(ALLOW, "reserve_stock")
    same = run("flow", "check", str(flows))
    (flows / "executors.yaml").write_text(DECLARED.replace("count: {type: integer, min: 1}", "count: string"))
    other = run("flow", "check", str(flows))

    assert (alone.code, same.code, other.code) == (0, 0, 1)
    assert 'inputs.count.type: declared "string", installed "integer"' in other.err
    assert "inputs.count.min: declared nothing, installed 1" in other.err


def test_what_is_allowed_and_missing_names_what_there_is(home: Path, stock: None) -> None:
    said = refused(home, "reserve_stok")
    assert "plugins.executors: expected an installed plug-in 'reserve_stok', found reserve_stock" in said
    assert "install the distribution" in said


def test_a_name_that_two_distributions_have_is_refused_and_neither_is_imported(
    home: Path, distribution: Install, stock: None
) -> None:
    distribution("other-stock", {"other_stock": STOCK}, reserve_stock="other_stock:ReserveStock")
    assert "two distributions have a plug-in 'reserve_stock': acme-stock 1.0 and other-stock 1.0" in refused(
        home, "reserve_stock"
    )
    assert not {"acme_stock", "other_stock"} & set(sys.modules)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("import nowhere_to_be_found", "bad:X", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("X = 1", "bad:Y", "AttributeError"),
        ("class X:\n    def __init__(self, url): ...", "bad:X", "a class that is made without arguments"),
        ("class X: ...", "bad:X", "expected `contract = Contract.declare(…)`, found none"),
        (STOCK + "\nX = ReserveStock", "bad:X", "expected a contract of the name 'bad', as the entry point says"),
        (STOCK.replace("reserve_stock", "bad") + "\nX = ReserveStock\nX.run = None", "bad:X", "a method `run`"),
        (STOCK.replace("reserve_stock", "bad").replace("async def", "def"), "bad:ReserveStock", "`async def run(self"),
        (
            STOCK.replace("reserve_stock", "bad").replace('"external"', '"transactional"'),
            "bad:ReserveStock",
            "`def run(",
        ),
    ],
)
def test_what_is_no_executor_is_named_with_its_distribution(
    home: Path, distribution: Install, code: str, value: str, expected: str
) -> None:
    distribution("acme-bad", {"bad": code}, bad=value)
    said = refused(home, "bad")
    assert "the plug-in 'bad' of acme-bad 1.0" in said
    assert expected in said


def test_a_shipped_executor_is_not_replaced(home: Path, distribution: Install) -> None:
    distribution("acme-evil", {"evil": STOCK}, consent="evil:ReserveStock")
    assert "'consent' is an executor that comes with Lockhouse" in refused(home, "consent")
    assert "evil" not in sys.modules


def test_every_mistake_is_told_at_once_and_a_name_stands_once(home: Path) -> None:
    assert refused(home, "one,two").count("expected an installed plug-in") == 2
    with pytest.raises(SettingsInvalid, match="each name once; twice: one"):
        load_configuration(home / "lockhouse.toml", environ={ALLOW: "one,one"})
