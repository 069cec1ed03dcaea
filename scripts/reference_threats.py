"""The page on threats, read from tests/abuse: who tries what, what stops them, and the test that tries it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.abuse.attacks import ATTACK, EVERYBODY, Attack  # noqa: E402 - the tests are no installed package
from tests.spec.collecting import marked  # noqa: E402

HEAD = """# Threats

Who may mean harm, what they try, and what stops them. Every line is a test in `tests/abuse` that tries it: against
whole programs, over real sockets, or against the protocol as it answers HTTP. What is promised beside this stands in
[what is stored](explanation/what-is-stored.md) and [what is promised at each hop](explanation/promises.md)."""


def threats_page() -> str:
    """Return every attack, by who makes it."""
    found = [
        (getattr(test, ATTACK), f"{module.__name__.rpartition('.')[2]}.py", name)
        for module, name, test in marked("tests.abuse", ATTACK)
    ]
    parts = [HEAD]
    for who in EVERYBODY:
        rows = [_row(attack, file, name) for attack, file, name in found if attack.who == who]
        head = "| what they do | what stops them | test |\n| --- | --- | --- |"
        parts.append("\n".join([f"## {who[0].upper()}{who[1:]}\n", head, *rows]))
    return "\n\n".join(parts)


def _row(attack: Attack, file: str, name: str) -> str:
    cells = (attack.tries, attack.stopped_by, f"`{file}`: `{name}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
