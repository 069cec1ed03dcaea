"""What is measured, and how rounds become a table: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

FLOOR, PEER, SQLITE, POSTGRESQL = "floor", "oidc-provider", "lockhouse sqlite", "lockhouse postgresql"
OURS = (SQLITE, POSTGRESQL)
# What each kind of load is called, and how many requests make one of it.
KINDS: Mapping[str, tuple[str, int]] = {
    "hello": ("bare route", 1),
    "form": ("form, Basic, HMAC", 1),
    "begin": ("bc-authorize", 1),
    "poll": ("pending poll", 1),
    "keyed": ("private_key_jwt", 1),
    "cycle": ("whole cycle", 3),
}
CIBA_KINDS = ("begin", "poll", "keyed", "cycle")
AIMS = {"poll": 1.0, "begin": 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One load on one subject in one round; ``rate`` counts whole things a second, a cycle as one.

    ``cpu_ms`` is the processor time of the serving process for one of them: others on the machine move it less.
    """

    round: int
    subject: str
    kind: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: medians over the rounds, the ratios taken inside each round first."""

    kind: str
    connections: int
    subject: str
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    to_peer: float | None
    to_floor: float | None
    spread: tuple[float, float] | None


def lines(samples: Iterable[Sample]) -> list[Line]:
    """Return the table, in the order of kinds, connections and subjects."""
    by_place: dict[tuple[str, int, str], dict[int, Sample]] = {}
    for sample in samples:
        by_place.setdefault((sample.kind, sample.connections, sample.subject), {})[sample.round] = sample
    table = []
    for (kind, connections, subject), rounds in by_place.items():
        of_peer = by_place.get((kind, connections, PEER), {}) if subject in OURS else {}
        to_peer = ratios(rounds, of_peer)
        floor = {} if subject == FLOOR else by_place.get(("form", connections, FLOOR), {})
        to_floor = ratios(rounds, floor)
        each = list(rounds.values())
        line = Line(
            kind=kind,
            connections=connections,
            subject=subject,
            rate=median(sample.rate for sample in each),
            p50_ms=median(sample.p50_ms for sample in each),
            p99_ms=median(sample.p99_ms for sample in each),
            cpu_ms=median(sample.cpu_ms for sample in each),
            to_peer=median(to_peer) if to_peer else None,
            to_floor=median(to_floor) if to_floor else None,
            spread=(min(to_peer), max(to_peer)) if to_peer else None,
        )
        table.append(line)
    order = list(KINDS)
    subjects = [FLOOR, PEER, *OURS]
    return sorted(table, key=lambda line: (order.index(line.kind), line.connections, subjects.index(line.subject)))


def ratios(ours: Mapping[int, Sample], theirs: Mapping[int, Sample]) -> list[float]:
    """Return the ratio of each round that has both."""
    return [sample.rate / theirs[number].rate for number, sample in ours.items() if number in theirs]


def as_markdown(table: Sequence[Line]) -> str:
    """Return the table for people."""
    rows = [
        "| load | c | subject | per second | p50 ms | p99 ms | CPU ms each | of oidc-provider | of the form floor |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for line in table:
        peer = "" if line.to_peer is None or line.spread is None else f"{line.to_peer:.2f} {_spread(line.spread)}"
        floor = "" if line.to_floor is None else f"{line.to_floor:.2f}"
        rows.append(
            f"| {KINDS[line.kind][0]} | {line.connections} | {line.subject} | {line.rate:,.0f} "
            f"| {line.p50_ms:g} | {line.p99_ms:g} | {line.cpu_ms:.2f} | {peer} | {floor} |"
        )
    return "\n".join(rows)


def judged(table: Sequence[Line]) -> list[str]:
    """Return what came of the aims: ours on durable SQLite at sixteen connections."""
    found = {line.kind: line.to_peer for line in table if line.subject == SQLITE and line.connections == 16}
    told = []
    for kind, aim in AIMS.items():
        ratio = found.get(kind)
        if ratio is not None:
            verdict = "reached" if ratio >= aim else "missed"
            told.append(f"{KINDS[kind][0]} at c = 16 on SQLite: {ratio:.2f} of the peer, aim {aim}: **{verdict}**")
    return told


def as_report(
    *,
    about: Mapping[str, object],
    table: Sequence[Line],
    work: Mapping[str, Mapping[str, int]],
    memory: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return all that was found, for people: on which machine, the aims, the table, the counts, the memory."""
    parts = [
        ", ".join(f"{name} {value}" for name, value in about.items()),
        "\n".join(f"- {told}" for told in judged(table)),
        as_markdown(table),
        "What one request asks of the database, counted at the unit; `tests/bench` holds it:",
        work_as_markdown(work),
    ]
    if memory:
        pending = about["pending"]
        parts.append(f"Resident memory of the serving process, measured with {pending} pending requests:")
        parts.append(memory_as_markdown(memory))
    return "\n\n".join(part for part in parts if part)


def work_as_markdown(work: Mapping[str, Mapping[str, int]]) -> str:
    """Return the count of database work for people."""
    rows = ["| request | units | snapshots | statements | rows written |", "| --- | ---: | ---: | ---: | ---: |"]
    rows += [
        f"| {name} | {each['units']} | {each['reads']} | {each['statements']} | {each['rows']} |"
        for name, each in work.items()
    ]
    return "\n".join(rows)


def memory_as_markdown(memory: Mapping[str, Mapping[str, Any]]) -> str:
    """Return memory for people, in MB of 1,000,000 bytes."""
    rows = ["| subject | before, MB | growth with 10,000 pending, MB |", "| --- | ---: | ---: |"]
    rows += [
        f"| {name} | {each['before'] / 1e6:.0f} | {each['per_10000'] / 1e6:.1f} |" for name, each in memory.items()
    ]
    return "\n".join(rows)


def _spread(spread: tuple[float, float]) -> str:
    return f"({spread[0]:.2f} to {spread[1]:.2f})"
