"""What a run is to measure: read from the command line."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bench.figures import CIBA_KINDS, FLOOR, KINDS, PEER, POSTGRESQL, SQLITE

SUBJECTS = {"floor": FLOOR, "peer": PEER, "sqlite": SQLITE, "postgresql": POSTGRESQL}
_KINDS = {
    "hello": "hello",
    "form": "form",
    "bc-authorize": "begin",
    "poll": "poll",
    "private_key_jwt": "keyed",
    "cycle": "cycle",
}
_MOST_CONNECTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done. No round begins that would not be over ``minutes`` after the start, but for the first."""

    rounds: int
    seconds: float
    connections: tuple[int, ...]
    clients: int
    persons: int
    pending: int
    kinds: tuple[str, ...] = tuple(KINDS)
    subjects: tuple[str, ...] = tuple(SUBJECTS.values())
    minutes: float = 12.0

    @property
    def whole(self) -> bool:
        """Return whether nothing is left out, so that the tables may stand in the README."""
        return self.kinds == FULL.kinds and self.subjects == FULL.subjects and self.connections == FULL.connections

    def kinds_of(self, subject: str) -> tuple[str, ...]:
        """Return the loads that *subject* is put under."""
        able = ("hello", "form") if subject == FLOOR else CIBA_KINDS
        return tuple(kind for kind in self.kinds if kind in able)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Return the subjects that there is a load for."""
        return tuple(subject for subject in self.subjects if self.kinds_of(subject))


FULL = Plan(rounds=5, seconds=1.5, connections=(1, 16, 64), clients=500, persons=10_000, pending=10_000)
QUICK = Plan(rounds=1, seconds=0.5, connections=(1, 16), clients=20, persons=500, pending=3_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of the command."""

    plan: Plan
    json: bool
    write: bool


def read_arguments(arguments: Iterable[str] | None = None) -> Asked:
    """Return what the command line asks for; end with status 2 where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="bench/protocol.py", description="Measure Lockhouse's protocol beside a bare route and oidc-provider."
    )
    parser.add_argument("--json", action="store_true", help="print everything, each sample too, as JSON")
    parser.add_argument("--write", action="store_true", help="put what was found into bench/README.md")
    parser.add_argument("--quick", action="store_true", help="see that it works: one short round")
    parser.add_argument(
        "--rounds", type=_number(1, 50), help="rounds of all loads (5; the median of fewer says little)"
    )
    parser.add_argument("--seconds", type=_number(0.2, 60.0), help="how long each load lasts (1.5)")
    parser.add_argument("--minutes", type=_number(0.5, 120.0), help="begin no round that would end later (12)")
    parser.add_argument("--pending", type=_number(100, 100_000), help="pending requests that polls share (10000)")
    parser.add_argument("--only", type=_several(_KINDS), metavar="LOADS", help=f"some of {','.join(_KINDS)}")
    parser.add_argument("--subject", type=_several(SUBJECTS), metavar="WHO", help=f"some of {','.join(SUBJECTS)}")
    parser.add_argument("--c", type=_connections, metavar="N,…", help="numbers of connections (1,16,64)")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    plan = QUICK if asked.quick else FULL
    given = {
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "minutes": asked.minutes,
        "pending": asked.pending,
        "kinds": asked.only,
        "subjects": asked.subject,
        "connections": asked.c,
    }
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if not plan.loaded:
        parser.error("--only, --subject: expected a load that one of the subjects answers, found none")
    if asked.write and not plan.whole:
        parser.error(
            "--write: expected the whole plan, found a part of it: leave out --only, --subject, --c and --quick"
        )
    return Asked(plan=plan, json=asked.json, write=asked.write)


def _number(least: float, most: float) -> Callable[[str], float]:
    kind = type(least)

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"expected {least} to {most}, found {text}")
        return number

    return read


def _several(known: dict[str, str]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = text.split(",")
        if strange := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, found {', '.join(strange)}")
        return tuple(value for name, value in known.items() if name in names)

    return read


def _connections(text: str) -> tuple[int, ...]:
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        numbers = [0]
    if not 1 <= numbers[0] <= numbers[-1] <= _MOST_CONNECTIONS:
        raise argparse.ArgumentTypeError(f"expected numbers of 1 to {_MOST_CONNECTIONS} such as 1,16,64, found {text}")
    return tuple(numbers)
