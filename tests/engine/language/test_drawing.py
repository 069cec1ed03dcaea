"""Pictures of flows: everything in its place, nothing on anything else, readable without colours."""

import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flow_definitions
from engine.language import FlowSet, draw_dot, draw_mermaid, draw_svg, load_flows, picture_of
from engine.language.draw_layout import LaidArrow, LaidBox, Layout, lay_out
from engine.language.draw_picture import START, Arrow, Box, Kind, Picture
from engine.language.draw_ranks import Rows, crossings, neighbours_of, sorted_rows
from engine.language.draw_sizes import label_size
from lockhouse.flows import CONTRACTS

Rectangle = tuple[float, float, float, float]
SVG = "{http://www.w3.org/2000/svg}"
KINDS: Mapping[Kind, str] = {
    "prompt": "polygon",
    "task": "rect",
    "decide": "polygon",
    "call": "rect",
    "wait": "polygon",
    "end": "rect",
}


@pytest.fixture(scope="module")
def shipped() -> FlowSet:
    """Return the flows that come with Lockhouse."""
    return load_flows(flow_definitions.folder(), contracts=CONTRACTS)


def rectangle(laid: LaidBox) -> Rectangle:
    return (
        laid.x - laid.width / 2,
        laid.y - laid.height / 2,
        laid.x + laid.width / 2,
        laid.y + laid.height / 2,
    )


def label(laid: LaidArrow) -> Rectangle:
    width, height = label_size(laid.lines)
    return laid.x - width / 2, laid.y - height / 2, laid.x + width / 2, laid.y + height / 2


def overlap(one: Rectangle, other: Rectangle) -> bool:
    slack = 0.01
    across = one[0] < other[2] - slack and other[0] < one[2] - slack
    return across and one[1] < other[3] - slack and other[1] < one[3] - slack


def straight(laid: LaidArrow) -> Iterator[Rectangle]:
    """Yield the pieces of an arrow that go straight down or up, between rows or through them."""
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(laid.spots)):
        if number % 2 == 0:
            yield min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y)


def assert_apart(layout: Layout) -> None:
    """Nothing stands on anything else, and no way goes through a box that it has nothing to do with."""
    things = [rectangle(box) for box in layout.boxes]
    things += [label(arrow) for arrow in layout.arrows if arrow.lines]
    assert not [pair for pair in combinations(things, 2) if overlap(*pair)]
    for arrow in layout.arrows:
        ends = {arrow.arrow.source, arrow.arrow.target}
        foreign = [rectangle(box) for box in layout.boxes if box.box.id not in ends]
        assert not [piece for piece in straight(arrow) for box in foreign if overlap(piece, box)]
    right, bottom = layout.width + 0.01, layout.height + 0.01
    assert all(left >= -0.01 and to_right <= right and to_bottom <= bottom for left, _, to_right, to_bottom in things)
    for box in layout.boxes:
        if box.inner is not None:
            assert_apart(box.inner)


def test_nothing_stands_on_anything_else_in_the_shipped_flows(shipped: FlowSet) -> None:
    for graph in shipped.flows:
        assert_apart(lay_out(picture_of(graph)))
        assert_apart(lay_out(picture_of(graph, calls=shipped.by_digest)))


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    names = [f"n{number}" for number in range(draw(st.integers(1, 9)))]
    kinds = [draw(st.sampled_from(sorted(KINDS))) for _ in names]
    boxes = [Box(id=START, kind="start"), *(Box(id=name, kind=kind) for name, kind in zip(names, kinds, strict=True))]
    ways = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=16))
    words = st.text("ab .", min_size=1, max_size=40)
    arrows = [Arrow(source=START, target=names[0])]
    arrows += [Arrow(source=source, target=target, label=draw(words)) for source, target in ways]
    return Picture(name="any", title="Any", boxes=tuple(boxes), arrows=tuple(arrows))


@settings(max_examples=40, deadline=None)
@given(pictures())
def test_nothing_stands_on_anything_else_in_any_picture(picture: Picture) -> None:
    layout = lay_out(picture)
    assert_apart(layout)
    assert len(layout.arrows) == len(picture.arrows)
    ET.fromstring(draw_svg(picture))


def test_sorting_rows_uncrosses_what_can_be_uncrossed() -> None:
    links = [("a", "z"), ("b", "y"), ("c", "x")]
    neighbours = neighbours_of("abcxyz", list(links))
    rows: Rows = [["a", "b", "c"], ["x", "y", "z"]]
    assert crossings(rows, neighbours) == 3
    assert crossings(sorted_rows(rows, neighbours), neighbours) == 0


def test_a_large_flow_is_drawn_while_one_waits() -> None:
    names = [f"n{number}" for number in range(100)]
    boxes = tuple(Box(id=name, kind="task", about="charge") for name in names)
    arrows = [Arrow(source=one, target=other, label="charged") for one, other in pairwise(names)]
    arrows += [Arrow(source=name, target=names[-1], label="declined") for name in names[:-2:4]]
    began = time.perf_counter()
    draw_svg(Picture(name="large", title="Large", boxes=boxes, arrows=tuple(arrows)))
    assert time.perf_counter() - began < 20


def test_an_svg_stands_alone_and_says_what_it_shows(shipped: FlowSet) -> None:
    graph = shipped.latest("login_approval")
    text = draw_svg(picture_of(graph))
    root = ET.fromstring(text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in text
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == graph.title
    said = root.findtext(f"{SVG}desc") or ""
    assert "begins at ask_password" in said
    assert all(name in said for name in ("done", "refused", "late"))


def test_each_kind_of_node_has_a_shape_of_its_own() -> None:
    boxes = tuple(Box(id=kind, kind=kind) for kind in KINDS)
    root = ET.fromstring(draw_svg(Picture(name="kinds", title="Kinds", boxes=boxes, arrows=())))
    shapes = {}
    for kind, tag in KINDS.items():
        group = next(each for each in root.iter(f"{SVG}g") if each.get("class") == kind)
        drawn = [part for part in group if part.get("class") == "shape"]
        assert drawn[0].tag == SVG + tag
        corners = [float(point.split(",")[0]) for point in (drawn[0].get("points") or "").split()]
        upright = bool(corners) and corners[0] == min(corners)  # the slanted box begins beside its left edge
        shapes[kind] = (tag, len(corners), upright, len(drawn), drawn[0].get("rx"))
    assert len(set(shapes.values())) == len(KINDS)


def test_coverage_shows_what_no_test_took_in_words_and_strokes(shipped: FlowSet) -> None:
    graph = shipped.latest("notification_dispatch")
    routes = [{"node": "find_channels", "route": "found", "to": "can_be_texted", "taken": 2}]
    coverage = {graph.name: {"nodes": {"find_channels": 2, "can_be_texted": 1}, "routes": routes}}
    picture = picture_of(graph, coverage=coverage)
    assert {arrow.label for arrow in picture.arrows if arrow.taken} == {"found"}
    svg = draw_svg(picture)
    assert "visited 2 times" in svg
    assert "visited once" in svg
    assert svg.count("never visited") == len(graph.nodes) - 2
    assert "dashed: no test came this way" in svg
    assert 'label="late\\nend: undeliverable\\nnever visited"' in draw_dot(picture)
    assert "(never taken)" in draw_mermaid(picture)


def test_calls_are_drawn_with_what_they_call(shipped: FlowSet) -> None:
    graph = shipped.latest("ciba_journey")
    closed, opened = picture_of(graph), picture_of(graph, calls=shipped.by_digest)
    assert "find_channels" not in draw_svg(closed)
    for drawn in (draw_svg(opened), draw_dot(opened), draw_mermaid(opened)):
        assert "find_channels" in drawn
    assert "subgraph" in draw_dot(opened)
    assert "subgraph" in draw_mermaid(opened)


def test_words_of_authors_cannot_leave_their_place() -> None:
    boxes = (Box(id="a", kind="prompt", about='</text><script>"\x00\\'),)
    picture = Picture(name="x", title="<&>", boxes=boxes, arrows=(Arrow(source="a", target="a", label='"]-->'),))
    assert "<script" not in draw_svg(picture)
    assert ET.fromstring(draw_svg(picture)).findtext(f"{SVG}title") == "<&>"
    assert '\\"' in draw_dot(picture)
    assert "<script" not in draw_mermaid(picture)
