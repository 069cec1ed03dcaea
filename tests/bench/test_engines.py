"""The benchmark of engines: how samples become a table, and that ours runs."""

from pathlib import Path

import pytest

from bench.engines import MARKS, OURS, PEERS, Parked, Sample, as_markdown, ours, parked, ratios
from bench.readme import README, replaced

pytestmark = pytest.mark.anyio


def sample(subject: str, rate: float, in_flight: int = 1) -> Sample:
    return Sample(subject=subject, in_flight=in_flight, rate=rate, resume_p50_ms=1, resume_p99_ms=2, parked_bytes=900)


def test_a_ratio_is_that_of_the_medians_at_the_same_number_in_flight() -> None:
    found = [sample(OURS, rate) for rate in (90, 100, 500)] + [sample("LangGraph", rate) for rate in (9, 10, 11)]
    assert ratios([*found, sample("LangGraph", 1, 32)]) == {("LangGraph", 1): 10}


def test_the_table_has_every_engine_the_versions_and_what_is_parked() -> None:
    parking = Parked(flows=7, start_up_ms=1, memory_mb=80, without_memory_mb=79, due_plan="SEARCH")
    page = as_markdown([sample(OURS, 100), sample("Burr", 50)], parking, {"burr": "1.0"})
    for part in ("burr 1.0", "| Burr | 1 | 50 |", "2.0 times", "With 7 flows parked", "`SEARCH`"):
        assert part in page


def test_the_page_has_a_place_for_the_table_and_the_peers_are_pinned() -> None:
    assert "found" in replaced(README.read_text(), "found", MARKS)
    pinned = (README.parent / "requirements-peers.txt").read_text().splitlines()
    assert len(pinned) == len(PEERS) + 1, "LangGraph is two packages"
    assert all("==" in line for line in pinned)


async def test_ours_runs_flows_and_parks_them_where_a_timer_is_found_by_an_index(tmp_path: Path) -> None:
    found = await ours(tmp_path, 8, 4)
    assert found.rate > 0
    assert found.parked_bytes >= 0
    assert "engine_executions_due" in (await parked(tmp_path, 8)).due_plan
