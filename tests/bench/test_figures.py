"""How rounds become a table."""

import json
from pathlib import Path

import pytest

from bench.figures import FLOOR, PEER, SQLITE, Sample, as_markdown, judged, lines

BENCH = Path(__file__).parents[2] / "bench"


def sample(number: int, subject: str, rate: float, kind: str = "poll") -> Sample:
    return Sample(
        round=number, subject=subject, kind=kind, connections=16, rate=rate, p50_ms=1, p99_ms=2, cpu_ms=1000 / rate
    )


def test_a_ratio_is_taken_in_each_round_before_the_median() -> None:
    # The machine was ten times slower in the second round: that says nothing about either.
    peers, ours = (1000, 100, 1000), (900, 110, 950)
    table = lines(
        [sample(n, PEER, rate) for n, rate in enumerate(peers)]
        + [sample(n, SQLITE, rate) for n, rate in enumerate(ours)]
    )
    line = next(line for line in table if line.subject == SQLITE)
    assert line.to_peer == pytest.approx(0.95)
    assert line.spread == pytest.approx((0.9, 1.1))
    assert line.rate == 900


def test_an_aim_is_judged_on_durable_sqlite_at_sixteen_connections() -> None:
    table = lines([sample(0, PEER, 100), sample(0, SQLITE, 99)])
    (told,) = judged(table)
    assert "0.99 of the peer, aim 1.0: **missed**" in told


def test_the_table_names_every_subject_once() -> None:
    table = lines([sample(0, FLOOR, 500, "form"), sample(0, PEER, 100), sample(0, SQLITE, 200)])
    text = as_markdown(table)
    assert [line.subject for line in table] == [FLOOR, PEER, SQLITE]
    assert "2.00 (2.00 to 2.00)" in text
    assert len(text.splitlines()) == 5


def test_the_lock_of_the_peers_names_no_registry() -> None:
    packages = json.loads((BENCH / "package-lock.json").read_text())["packages"]
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
