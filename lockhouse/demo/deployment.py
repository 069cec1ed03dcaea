"""A Lockhouse of its own for the demo: made by the command line in a temporary folder, run as a process, removed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from lockhouse.demo.errors import DemoFailed

__all__ = ["Deployment"]

_LOCKHOUSE = (sys.executable, "-m", "lockhouse")
_PATIENCE = 30.0
_TRIES = 3


class Deployment:
    """A server on a free loopback port with a fresh database; leaving the block ends it and removes its folder."""

    def __init__(self, *, mail_port: int) -> None:
        self._mail_port = mail_port
        self._folder = tempfile.TemporaryDirectory(prefix="lockhouse-demo-")
        self._process: subprocess.Popen[bytes] | None = None
        self.issuer = ""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def folder(self) -> Path:
        """The deployment's folder, as `lockhouse init` made it."""
        return Path(self._folder.name) / "lockhouse"

    def add_client(self, client_id: str, secret: str, *, name: str) -> None:
        """Register a client that polls."""
        named = ("--id", client_id, "--secret", secret, "--mode", "poll", "--name", name)
        self._run("client", "add", *self._config(), *named)

    def add_person(self, name: str, *, full_name: str, email: str, password: str) -> None:
        """Register a person who is reached by mail."""
        reached = ("--email", email, "--name", full_name, "--password-stdin")
        self._run("person", "add", name, *self._config(), *reached, text=f"{password}\n")

    def _start(self) -> None:
        self._choose_port()
        self._run("init", str(self.folder))
        for _ in range(_TRIES):
            if self._serve():
                return
            # Somebody took the port between our look and the server's: take another.
            self._choose_port()
        raise DemoFailed(f"the server did not start:\n{self._log()}")

    def _choose_port(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.issuer = f"http://localhost:{listener.getsockname()[1]}"

    def _config(self) -> tuple[str, ...]:
        return ("--config", str(self.folder / "lockhouse.toml"))

    def _environment(self) -> Mapping[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKHOUSE_")}
        return {
            **inherited,
            "LOCKHOUSE_ISSUER": self.issuer,
            "LOCKHOUSE_DEVELOPMENT": "true",
            "LOCKHOUSE_MAIL__HOST": "127.0.0.1",
            "LOCKHOUSE_MAIL__PORT": str(self._mail_port),
            "LOCKHOUSE_MAIL__SECURITY": "none",
            "LOCKHOUSE_CIBA__INTERVAL": "2",
        }

    def _run(self, *arguments: str, text: str = "") -> None:
        ended = subprocess.run(  # noqa: S603 - our own program, with arguments of our own
            [*_LOCKHOUSE, *arguments],
            env=self._environment(),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if ended.returncode != 0:
            raise DemoFailed(f"lockhouse {arguments[0]} ended with status {ended.returncode}:\n{ended.stderr.strip()}")

    def _serve(self) -> bool:
        port = self.issuer.rpartition(":")[2]
        with self._log_file().open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
                [*_LOCKHOUSE, "serve", *self._config(), "--port", port],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is ours: the server is told to stop when we leave, and not in the middle of a request.
                start_new_session=True,
            )
        return self._becomes_ready(self._process)

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        until = time.monotonic() + _PATIENCE
        with httpx2.Client(trust_env=False, timeout=2) as http:
            while process.poll() is None and time.monotonic() < until:
                try:
                    if http.get(f"{self.issuer}/readyz").status_code == 200:
                        return True
                except httpx2.TransportError:
                    pass  # not listening yet
                time.sleep(0.05)
        self._stop()
        return False

    def _log_file(self) -> Path:
        return Path(self._folder.name) / "server.log"

    def _log(self) -> str:
        return self._log_file().read_text("utf-8", errors="replace")[-2000:]

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def _end(self) -> None:
        with _undisturbed():
            try:
                self._stop()
            finally:
                self._folder.cleanup()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C not cut off the tidying up."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
