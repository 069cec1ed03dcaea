"""How the figures of delivery are told, and where they are put."""

from bench.delivery import MARKS, Found, as_report
from bench.pings import PingFigures
from bench.readme import README, replaced
from bench.waiting import CostFigures, WaitFigures

WAITING = WaitFigures(held=10_000, bytes_each=23_400, woken=500, p50_ms=4.2, p99_ms=12.5, longest_ms=20.0)
COST = CostFigures(pending=10_000, by_interval=61.5, by_waiting=12.25)
PINGS = PingFigures(told=1_000, per_second=140.2, p50_ms=30.0, p99_ms=90.0)


def test_every_figure_has_its_line() -> None:
    told = as_report(Found(waiting=WAITING, cost=COST, pings=PINGS))
    assert "| long polls waiting in one process: 10,000 | 23.4 kB each |" in told
    assert "4.2 ms p50, 12.5 ms p99, 20.0 ms at most" in told
    assert "| a minute of 10,000 pending, polled every 5 s | 61.5 CPU seconds |" in told
    assert "| a minute of 10,000 pending, long polls of 30 s | 12.2 CPU seconds |" in told
    assert "| pings: 1,000 | 140 a second, approvals included |" in told


def test_what_was_left_out_has_none() -> None:
    told = as_report(Found(waiting=None, cost=None, pings=PINGS))
    assert "long polls" not in told


def test_the_readme_has_a_place_for_them() -> None:
    page = replaced(README.read_text(), "the new figures", MARKS)
    assert "the new figures" in page
