"""A shell that lives through one document: console blocks run in it, and what they print is compared."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.fixtures.server import QUICK, free_port, patience

# The issuer of the documents; a test's own port stands in for it.
WRITTEN = "localhost:8400"
# Last on the path: for machines that lack what a document uses.
STAND_INS = Path(__file__).parents[1] / "fixtures" / "programs"


class TranscriptDiffers(AssertionError):
    """A command printed something else than the document says."""


class Shell:
    """Runs commands in *folder*, one after the other, in one bash; `lockhouse serve` goes on beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        programs = [str(Path(sys.executable).parent), os.environ["PATH"], str(STAND_INS)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKHOUSE_")}
        environment = {
            **inherited,
            "PATH": os.pathsep.join(programs),
            "LOCKHOUSE_ISSUER": f"http://localhost:{self.port}",
            "LOCKHOUSE_PASSWORD__MEMORY_KIB": QUICK["LOCKHOUSE_PASSWORD__MEMORY_KIB"],
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "no_proxy": "localhost",
        }
        self._served: list[subprocess.Popen[bytes]] = []
        self._environment = environment
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def check(self, transcript: str) -> None:
        """Run each `$ command` of *transcript* and compare; `…` stands for anything."""
        for command, expected in commands(transcript):
            printed = self.run(command)
            if not matches(expected, printed):
                raise TranscriptDiffers(f"$ {command}\nexpected:\n{expected}\nfound:\n{printed}")

    def run(self, command: str) -> str:
        """Run *command* and return what it printed, in the document's words."""
        command = command.replace(WRITTEN, f"localhost:{self.port}")
        if "lockhouse serve" in command:
            self._serve(command)
            return ""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        mark = f"end-{secrets.token_hex(8)}"
        self._bash.stdin.write(f"{command}\necho; echo {mark}\n")
        self._bash.stdin.flush()
        lines: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == mark:
                break
            lines.append(line)
        return "".join(lines).replace(f"localhost:{self.port}", WRITTEN).strip()

    def _serve(self, command: str) -> None:
        # exec: so that what we end is the server and not a shell around it.
        variables, _, rest = command.partition("lockhouse serve")
        with (self.folder / "serve.log").open("wb") as log:
            words = ["bash", "-c", f"{variables} exec lockhouse serve {rest}"]
            environment = {**self._environment, "LOCKHOUSE_CIBA__INTERVAL": "5"}
            self._served.append(
                subprocess.Popen(words, cwd=self.folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
        for _ in patience(30):
            try:
                if httpx2.get(f"http://localhost:{self.port}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx2.TransportError:
                continue
        raise TranscriptDiffers(f"$ {command}\nnot ready:\n{(self.folder / 'serve.log').read_text()[-3000:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for served in self._served:
            served.terminate()
            served.wait(15)
        self._bash.communicate()


def commands(transcript: str) -> Iterator[tuple[str, str]]:
    """Yield each command with what it must print.

    >>> list(commands("$ echo a\\na\\n$ true\\n"))
    [('echo a', 'a'), ('true', '')]
    """
    for part in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected.strip()


def matches(expected: str, printed: str) -> bool:
    """Return whether *printed* is *expected*, where `…` is anything.

    >>> matches("a … c", "a b c"), matches("a", "ab")
    (True, False)
    """
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected))
    return re.fullmatch(pattern, printed.strip(), flags=re.DOTALL) is not None
