"""`lockhouse demo` as a newcomer runs it: alone, in a terminal, interrupted, without its extra; nothing is left."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.relying_party import Person
from tests.fixtures.server import patience

DEMO = (sys.executable, "-m", "lockhouse", "demo")


def environment(folder: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCKHOUSE_")}
    return {**kept, "TMPDIR": str(folder), "TERM": "xterm", **changes}


def servers_of(folder: Path) -> list[str]:
    """Return the command lines of processes that still work in *folder*."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended since
        if str(folder) in line:
            found.append(line)
    return found


def assert_nothing_left(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    assert servers_of(folder) == []


def run(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments],
        env=environment(folder, **changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_without_a_terminal_it_plays_the_person_too_and_a_second_run_works(tmp_path: Path) -> None:
    for arguments in ((), ("--auto",)):
        ended = run(tmp_path, *arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        for told in ("bc-authorize", "authorization_pending", "You have approved", '"auth_time"', "can prove it"):
            assert told in ended.stdout
        assert "\x1b" not in ended.stdout
        assert len(ended.stdout.splitlines()) < 130
        assert_nothing_left(tmp_path)


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'aiosmtpd' else find(name, *a)\n"
        "from lockhouse.demo import run_demo; sys.exit(run_demo(auto=True))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2
    assert "aiosmtpd" in ended.stderr
    assert "pip install 'lockhouse[demo]'" in ended.stderr


class Terminal:
    """A terminal in which the demo runs, and what it shows."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process, self._screen, self.raw = process, screen, ""

    @property
    def text(self) -> str:
        """What is on the screen, without colours and movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw)

    def read_until(self, pattern: str) -> re.Match[str]:
        """Return what *pattern* finds, as soon as it is on the screen."""
        while (found := re.search(pattern, self.text)) is None:
            if not self._read():
                raise AssertionError(f"the demo ended without saying {pattern!r}; it said: {self.text}")
        return found

    def read_to_end(self) -> int:
        """Read until the demo has ended; return its exit status."""
        while self._read():
            pass
        return self.process.wait(30)

    def _read(self) -> bool:
        try:
            piece = os.read(self._screen, 65536)
        except OSError:  # how a terminal says that nobody writes to it any more
            return False
        self.raw += piece.decode(errors="replace")
        return bool(piece)


@contextmanager
def terminal(folder: Path, **changes: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        DEMO, env=environment(folder, **changes), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        os.close(ours)


LINK = r"http://localhost:\d+/a/[A-Za-z0-9_-]{43}"


def test_in_a_terminal_the_reader_plays_the_person(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        password = shown.read_until(r"password: ([a-z]+-[a-z]+-[a-z]+-\d\d)").group(1)
        link = shown.read_until(LINK).group()
        shown.read_until(r"authorization_pending · \d+ s left")
        with Person.at(link) as ann:
            ann.approve(password)
        assert shown.read_to_end() == 0
    assert "can prove it" in shown.text
    assert_nothing_left(tmp_path)


def test_a_reader_who_denies_sees_what_the_client_learns(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        password = shown.read_until(r"password: ([a-z]+-[a-z]+-[a-z]+-\d\d)").group(1)
        with Person.at(shown.read_until(LINK).group()) as ann:
            ann.deny(password)
        assert shown.read_to_end() == 1
    assert "access_denied" in shown.text
    assert_nothing_left(tmp_path)


def test_interrupted_it_leaves_nothing_behind_and_no_color_is_respected(tmp_path: Path) -> None:
    with terminal(tmp_path, NO_COLOR="1") as shown:
        shown.read_until(r"password: [a-z]+-")
        shown.process.send_signal(signal.SIGINT)
        assert shown.read_to_end() == 130
    assert "Traceback" not in shown.text
    assert not re.search(r"\x1b\[(?:[0-9]+;)*[349][0-7]m", shown.raw)
    assert_nothing_left(tmp_path)


def test_ended_while_its_server_is_starting_it_leaves_nothing_behind(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        assert any("serve" in line for _ in patience(60) for line in servers_of(tmp_path))
        shown.process.send_signal(signal.SIGTERM)
        assert shown.read_to_end() == 130
    assert "Traceback" not in shown.text
    assert_nothing_left(tmp_path)
