"""What each block of a document means, and how it runs."""

import email
import email.policy
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from lockhouse.configuration import load_configuration
from tests.fixtures.relying_party import Person, link_in
from tests.fixtures.server import patience
from tests.project.shell import Shell

PLAYED = re.compile(r"^<!-- person: (approves|will approve) -->$", re.MULTILINE)
FLOW = re.compile(r"# (\S+\.yaml)\n")
BESIDE_FLOWS = re.compile(r"\S+\.tests\.yaml|executors\.yaml")
PROGRAM = re.compile(r"(?:#|//) (\S+\.(?:py|mjs))\n")
# What a document calls the person's password, everywhere.
PASSWORD = "correct horse battery"


def run_console(example: Example) -> None:
    shell: Shell = example.namespace["shell"]
    shell.check(example.parsed)


def check_flow(example: Example) -> None:
    """A block that is a whole flow passes the check, under the name in its first line if there is one.

    What belongs beside flows is checked with those that are there, or with the first that follows.
    """
    text = str(example.parsed)
    name = FLOW.match(text)
    shell: Shell = example.namespace["shell"]
    file = shell.folder / (name[1] if name else "flow.yaml")
    file.write_text(text)
    if not any(not BESIDE_FLOWS.fullmatch(each.name) for each in shell.folder.glob("*.yaml")):
        return
    checked = "." if BESIDE_FLOWS.fullmatch(file.name) else file.name
    said = shell.run(f"lockhouse flow check {checked} && echo fine")
    assert said.endswith("fine"), said


def check_settings(example: Example) -> None:
    shell: Shell = example.namespace["shell"]
    file = shell.folder / "settings.toml"
    file.write_text(str(example.parsed))
    load_configuration(file, environ={})


def run_python(example: Example) -> None:
    """Run the block here; a block that begins with a file's name becomes that file, for a console block to run."""
    if PROGRAM.match(str(example.parsed)):
        write_file(example)
    else:
        PythonEvaluator()(example)


def write_file(example: Example) -> None:
    name = PROGRAM.match(str(example.parsed))
    assert name, "expected the file's name in the block's first line, so that a console block can run it"
    shell: Shell = example.namespace["shell"]
    (shell.folder / name[1]).write_text(str(example.parsed))


def play_the_person(example: Example) -> None:
    """Approve the newest request: now, or as soon as a mail comes, while the next command waits for that."""
    folder: Path = example.namespace["shell"].folder
    if example.parsed == "approves":
        approve(folder)
        return
    known = set(folder.glob("*/mail/*.eml"))
    threading.Thread(target=approve, args=(folder, known), daemon=True).start()


def approve(folder: Path, known: frozenset[Path] | set[Path] = frozenset()) -> None:
    """Open the link in the newest mail in *folder* that is not *known*, sign in with the documents' password, allow."""
    mails = [found for _ in patience(20) if (found := sorted(set(folder.glob("*/mail/*.eml")) - known))][:1]
    assert mails, "no mail came"
    message = email.message_from_bytes(mails[0][-1].read_bytes(), policy=email.policy.default)
    with Person.at(link_in(message)) as person:
        person.approve(PASSWORD)
        assert person.page.heading == "You have approved", person.page.text


def played(document: Document) -> Iterator[Region]:
    for found in PLAYED.finditer(document.text):
        yield Region(found.start(), found.end(), found[1], play_the_person)


RUN = {
    "console": run_console,
    "yaml": check_flow,
    "toml": check_settings,
    "python": run_python,
    "javascript": write_file,
}
SYBIL = Sybil(parsers=[*(CodeBlockParser(language, run) for language, run in RUN.items()), played])


def run_document(document: Path, folder: Path) -> None:
    """Run every block of *document* in *folder*, in order, as somebody would who follows it."""
    parsed = SYBIL.parse(document)
    examples = list(parsed.examples())
    if not examples:
        return
    with Shell(folder) as shell:
        parsed.namespace["shell"] = shell
        for example in examples:
            example.evaluate()
