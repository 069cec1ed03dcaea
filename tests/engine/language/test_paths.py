"""Walks over graphs of names agree with networkx, which is too slow to import for every check."""

from itertools import pairwise

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.paths import backwards, knots, loop_through, reached_from, shortest_path, within

NAMES = "abcdefg"
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES})


@settings(max_examples=80, deadline=None)
@given(GRAPHS, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_every_walk_agrees_with_networkx(ways: dict[str, list[str]], start: str, end: str) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(ways)
    reached = {start} | nx.descendants(graph, start)
    assert reached_from(ways, [start]) == reached
    assert reached_from(backwards(ways), [end]) == {end} | nx.ancestors(graph, end)
    path = shortest_path(ways, [start], end)
    assert len(path) == (nx.shortest_path_length(graph, start, end) + 1 if end in reached else 0)
    assert all(after in ways[before] for before, after in pairwise(path))
    expected = [set(found) for found in nx.strongly_connected_components(graph)]
    looped = [found for found in expected if len(found) > 1 or graph.has_edge(*[next(iter(found))] * 2)]
    assert sorted(map(sorted, knots(ways))) == sorted(map(sorted, looped))


@settings(max_examples=80, deadline=None)
@given(GRAPHS, st.sampled_from(NAMES))
def test_a_loop_is_one(ways: dict[str, list[str]], name: str) -> None:
    loop = loop_through(ways, name)
    on_a_loop = any(name in knot for knot in knots(ways))
    assert bool(loop) == on_a_loop
    if loop:
        assert loop[0] == loop[-1] == name
        assert all(after in ways[before] for before, after in pairwise(loop))
        assert within(ways, loop).keys() == set(loop)
