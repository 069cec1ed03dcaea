"""The server as a process: it starts, says where it is, and stops cleanly."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from lockhouse.command_line import main
from lockhouse.serve import bind


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server") / "home"
    assert main(["init", str(folder)]) == 0
    return folder


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the program; yield it and the issuer that it prints. It is killed at the end, should it still run."""
    command = [sys.executable, "-m", "lockhouse", "serve", "--config", str(home / "lockhouse.toml"), *options]
    environ = {**os.environ, "LOCKHOUSE_LOG__FORMAT": "json", "NO_COLOR": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=home.parent
    ) as process:
        try:
            assert process.stdout is not None
            printed = "".join(process.stdout.readline() for _ in range(3))
            found = re.search(r"issuer +(\S+)", printed)
            assert found, printed + process.communicate()[1]
            yield process, found[1]
        finally:
            process.kill()


def test_it_answers_at_the_address_that_it_prints_and_stops_on_sigterm(home: Path) -> None:
    with serving(home, "--port", "0") as (process, issuer):
        metadata = httpx2.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).json()
        ready = httpx2.get(f"{issuer}/readyz", trust_env=False)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)

    assert (metadata["issuer"], ready.status_code, process.returncode) == (issuer, 200, 0)
    assert '"path": "/readyz"' in log
    assert "Traceback" not in log


def test_an_interrupt_is_a_normal_end_also_with_as_many_connections_as_the_settings_allow(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKHOUSE_LISTEN__CONNECTIONS", "8")
    with serving(home, "--port", "0") as (process, issuer), ExitStack() as closing:
        port = int(issuer.rpartition(":")[2])
        sockets = [closing.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(9)]
        turned_away = select.select(sockets, [], [], 10)[0]
        said = {each.recv(12) for each in turned_away}
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=30)

    assert (len(turned_away), said) == (1, {b"HTTP/1.1 503"})
    assert process.returncode == 0
    assert '"too_many_connections"' in log
    assert "Traceback" not in log


def test_a_port_in_use_is_one_clear_line(home: Path) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "lockhouse", "serve", "--config", str(home / "lockhouse.toml")]
        ended = subprocess.run([*command, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"error: port {port} on 127.0.0.1 is in use by another program" in ended.stderr
    assert "Traceback" not in ended.stderr
