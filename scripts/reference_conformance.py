"""The page on conformance, read from tests/spec: each numbered requirement, its test, and what must break that test."""

import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.spec.collecting import Proof, peer_cases, proofs, suite_proofs  # noqa: E402 - the tests are no installed package
from tests.spec.requirements import Mutation, PeerCase  # noqa: E402
from tests.spec.scope import ELSEWHERE, OPEN  # noqa: E402
from tests.spec.suite_plans import BASIC, FAPI_CIBA, NOT_HERE  # noqa: E402

HEAD = """# Conformance

What OpenID Connect CIBA Core 1.0, FAPI-CIBA and the RFCs around them demand, as numbered requirements in our words.
Each has a test in `tests/spec` of the same number, and each test names changes of the code that must turn it red:
`make spec-mutants` makes every one of them and expects that. A requirement without a test says why."""
MODULES = """## Modules of the conformance suite

The OpenID Foundation's suite has a module for each of these, which [runs against a server](../how-to/conformance.md).
What can be had of it without the suite is a test here; TLS itself is tried with a real nginx in `tests/front`."""
PEERS = """## Cases of a peer

What the best peer's own tests look at, by number. Where our decisions differ, the difference is said."""


def conformance_page() -> str:
    """Return every requirement with its test and its changes, those without a test, and the peer's cases."""
    found = sorted(proofs(), key=lambda proof: (proof.section, proof.requirement.number))
    parts = [HEAD]
    for section, group in groupby(found, key=lambda proof: proof.section):
        rows = [_row(proof) for proof in group]
        parts.append(f"## {section.rstrip('.')}\n\n{_table(('no.', 'what it says', 'test', 'must turn it red'), rows)}")
    parts.append("## Not tested\n\n" + _table(("no.", "why"), _untested()))
    parts.append(f"{MODULES}\n\n{_table(('module', 'what it looks at', 'must turn it red'), _modules())}")
    rows = [_peer(name, case) for name, case in peer_cases()]
    parts.append(f"{PEERS}\n\n{_table(('no.', 'what it looks at', 'ours', 'test'), rows)}")
    return "\n\n".join(parts)


def _row(proof: Proof) -> tuple[str, ...]:
    changes = "<br>".join(_change(mutation) for mutation in proof.requirement.mutations)
    return str(proof.requirement.number), proof.requirement.says, f"`{proof.test}`", changes


def _change(mutation: Mutation) -> str:
    by = _line(mutation.by)
    return f"{mutation.file}: {_code(_line(mutation.replace))} → {_code(by) if by else 'nothing'}"


def _line(source: str) -> str:
    return " ⏎ ".join(line.strip() for line in source.strip().splitlines())


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _untested() -> list[tuple[str, ...]]:
    places = {**{number: f"open: {why}" for number, why in OPEN.items()}, **ELSEWHERE}
    return [(str(number), places[number]) for number in sorted(places)]


def _modules() -> list[tuple[str, ...]]:
    played = {proof.suite_module.name: proof.suite_module for proof in suite_proofs()}
    rows: list[tuple[str, ...]] = []
    for name in (*FAPI_CIBA, *BASIC):
        module = played.get(name)
        says = NOT_HERE[name] if module is None else module.says
        changes = "not tested" if module is None else "<br>".join(_change(each) for each in module.mutations)
        rows.append((f"`{name}`", says, changes))
    return rows


def _peer(name: str, case: PeerCase) -> tuple[str, ...]:
    return str(case.number), case.says, case.differs or "the same", f"`{name}`"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
