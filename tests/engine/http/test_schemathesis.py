"""Schemathesis drives the API from its own document, with every check it has."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from engine.storage import ENGINE_TABLES, Database, upgrade
from tests.engine.http.kit import fronted
from tests.engine.runtime.kit import make_house
from tests.fixtures.serving import serving

ROOT = Path(__file__).parents[3]
CONFIG = Path(__file__).with_name("schemathesis.toml")


class Served:
    """The API on a port, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.origin: Future[str] = Future()
        self._stop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()

    async def _serve(self) -> None:
        over = asyncio.Event()
        self._stop.set_result((asyncio.get_running_loop(), over))
        async with (
            Database.open(self._url) as database,
            fronted(make_house(database, work=True), exposed=["login", "expense"]) as front,
            serving(front.app) as origin,
        ):
            self.origin.set_result(origin)
            await over.wait()
            front.house.engine.stop_waiting()

    def stop(self) -> None:
        loop, over = self._stop.result()
        loop.call_soon_threadsafe(over.set)
        self._thread.join()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the API is served."""
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'api.sqlite'}"
    upgrade(url, [ENGINE_TABLES])
    served = Served(url)
    yield served.origin.result(timeout=30)
    served.stop()


def run(origin: str, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run schemathesis with every check, in *folder*, where it leaves what it finds."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--config-file", str(CONFIG), "run", f"{origin}/openapi.json", "--checks", "all", "--no-color"]
    environment = {**os.environ, "LOCKHOUSE_TEST_API": origin, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, *options], check=False, capture_output=True, text=True, cwd=folder, env=environment, timeout=600
    )


def test_the_api_does_what_its_document_says(origin: str, tmp_path: Path) -> None:
    done = run(origin, tmp_path, "--phases", "fuzzing", "--max-examples", "4", "--seed", "1")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [2])
def test_the_api_does_what_its_document_says_for_long(origin: str, tmp_path: Path, seed: int) -> None:
    done = run(origin, tmp_path, "--max-examples", "10", "--seed", str(seed))

    assert done.returncode == 0, done.stdout + done.stderr
