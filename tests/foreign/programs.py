"""The programs of the how-to pages, run against a server: what the pages show is what is tested."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.fixtures.relying_party import Person, link_in, mail_number
from tests.fixtures.server import PASSWORD, Lockhouse
from tests.project.layout import ROOT

HOW_TO = ROOT / "docs" / "how-to"
CLIENTS = Path(__file__).parent / "clients"
# What the pages call their client and whom they ask.
CLIENT, ADDRESS = "till", "ann@example.org"
SECRET = "4kQyqzVb0m8cN2xW6tRj9sLd3fHg7aPe_UoTiXwYvE"


def program_of(page: str, name: str) -> str:
    """Return the block of *page* that begins with the file's *name*."""
    text = (HOW_TO / page).read_text()
    found = re.search(rf"^```\w+\n((?:#|//) {re.escape(name)}\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no block that begins with {name}"
    return found[1]


def placed(name: str, folder: Path) -> Path:
    """Put a program where Node finds its libraries."""
    file = folder / name
    file.write_text((CLIENTS / name).read_text())
    return file


def ask(
    lockhouse: Lockhouse, command: Sequence[str], *, decide: Callable[[Person], None] | None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that asks, let the person *decide* meanwhile (None: nobody does), and return how it ended."""
    mails = len(lockhouse.mails())
    with subprocess.Popen(
        command,
        cwd=Path(command[-1]).parent,
        env={**os.environ, "ISSUER": lockhouse.url, "CLIENT_SECRET": SECRET, "no_proxy": "localhost", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            if decide:
                with Person.at(link_in(mail_number(lockhouse, mails + 1))) as person:
                    decide(person)
            out, err = program.communicate(timeout=30)
        finally:
            program.kill()
    return subprocess.CompletedProcess(command, program.returncode, out, err)


def claims_in(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the claims that the program printed in its last line."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    claims: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return claims


def approve(person: Person) -> None:
    """Sign in and allow."""
    person.approve(PASSWORD)


def deny(person: Person) -> None:
    """Sign in and refuse."""
    person.deny(PASSWORD)
