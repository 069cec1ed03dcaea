"""From state to step: texts from the catalogue or the flow, fields, choices, and nothing that breaks a page."""

from collections.abc import Mapping
from typing import Any

from engine.contracts import parse_fields
from engine.execution import Said, Started, State, transition
from engine.language import Graph, LiteralTexts, PromptField, PromptNode
from engine.runtime import Step, render_step
from tests.engine.execution.flows import NOON, end, flow, routes, value, values


class Words:
    """A catalogue with a few words."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def text(self, text_id: str, *, locale: str, params: Mapping[str, Any]) -> str | None:
        found = self._words.get(text_id)
        return None if found is None else found.format_map({**params, "locale": locale})


FIELDS: Mapping[str, Any] = {
    "size": {"type": ["small", "big"]},
    "count": {"type": "integer", "min": 1, "max": 9},
    "mail": {"type": "email", "optional": True},
    "code": {"type": "code"},
    "kinds": {"type": "list of string"},
}


def page(texts: str | LiteralTexts, *, show: Mapping[str, Any], choose: Any = None) -> Graph:
    declared = parse_fields(FIELDS)
    fields = {
        name: PromptField(
            declaration=part,
            choose=value(choose) if name == "kinds" and choose is not None else None,
            default=value("=inputs.much") if name == "count" else None,
        )
        for name, part in declared.items()
    }
    node = PromptNode(
        id="ask",
        texts=texts,
        show=values(show),
        fields=fields,
        submits=("send",),
        by=value("=inputs.who"),
        routes=routes({"send": "done", "leave": "done"}),
    )
    return flow("page", node, end("done", "done"), inputs={"who": "id", "much": "integer", "list": "json"})


def drawn(graph: Graph, words: Mapping[str, str] | None = None, *, said: Said | None = None, offered: Any = ()) -> Step:
    event = Started(execution="e", digest=graph.digest, inputs={"who": "ann", "much": 3, "list": offered}, locale="de")
    state, _ = transition({graph.digest: graph}, None, event, NOON)
    if said is not None:
        state = State.from_json({**state.to_json(), "messages": [[said.id, dict(said.params)]]})
    return render_step({graph.digest: graph}, state, flow="page", token="t", texts=Words(words or {}))


def test_texts_come_from_the_catalogue_in_the_language_of_the_execution() -> None:
    words = {
        "p.title": "Titel für {who} ({locale})",
        "p.help": "Hilfe",
        "p.fields.size.label": "Größe",
        "p.actions.send.label": "Senden",
        "p.show.who": "Wer",
    }
    step = drawn(page("p", show={"who": "=inputs.who"}), words)
    assert step.title is not None
    assert (step.title.id, step.title.text) == ("p.title", "Titel für ann (de)")
    assert step.help is not None
    assert step.help.text == "Hilfe"
    assert step.fields[0].label == "Größe"
    assert [(action.label, action.style) for action in step.actions] == [("Senden", "primary"), ("Leave", "secondary")]
    assert [(shown.label, shown.type, shown.value) for shown in step.show] == [("Wer", "string", "ann")]
    assert (step.by, step.token) == ("ann", "t")


def test_texts_may_stand_in_the_flow() -> None:
    own = LiteralTexts(
        title="Hello", help="Do it", fields={"size": "How big"}, actions={"send": "Go"}, show={"who": "W"}
    )
    step = drawn(page(own, show={"who": "=inputs.who"}))
    assert (step.title and step.title.text, step.help and step.help.text) == ("Hello", "Do it")
    assert (step.fields[0].label, step.fields[1].label) == ("How big", "Count")
    assert (step.actions[0].label, step.show[0].label) == ("Go", "W")


def test_a_text_that_is_missing_is_replaced_by_words_of_its_name() -> None:
    step = drawn(page("p", show={}))
    assert step.title is not None
    assert step.title.text == "ask"
    assert step.help is None
    assert step.fields[2].label == "Mail"


def test_fields_tell_their_type_limits_choices_and_default() -> None:
    fields = {field.name: field for field in drawn(page("p", show={}, choose=["a", "b"])).fields}
    assert [choice.name for choice in fields["size"].choices or ()] == ["small", "big"]
    assert (fields["count"].constraints, fields["count"].default) == ({"min": 1, "max": 9}, 3)
    assert (fields["mail"].required, fields["mail"].autocomplete) == (False, "email")
    assert (fields["code"].autocomplete, fields["code"].default) == ("one-time-code", None)
    assert [choice.title for choice in fields["kinds"].choices or ()] == ["a", "b"]


def test_choices_that_cannot_be_computed_offer_nothing_and_the_page_is_still_drawn() -> None:
    for choose in ("=inputs.nothing", "=inputs.much"):
        fields = {field.name: field for field in drawn(page("p", show={"x": "=inputs.nothing"}, choose=choose)).fields}
        assert fields["kinds"].choices == ()


def test_records_to_choose_from_have_titles_and_descriptions() -> None:
    offered = [{"name": "pay", "title": "Pay", "description": "Money", "required": True}, {"title": "no name"}]
    step = drawn(page("p", show={}, choose="=inputs.list"), offered=offered)
    (choice,) = step.fields[4].choices or ()
    assert (choice.name, choice.title, choice.description, choice.required) == ("pay", "Pay", "Money", True)


def test_values_are_shown_as_json_with_their_kind() -> None:
    show = {
        "flag": True,
        "count": 3,
        "share": 0.5,
        "list": [1],
        "record": {"a": 1},
        "text": "x",
        "time": "=execution.started_at",
    }
    shown = {each.name: (each.type, each.value) for each in drawn(page("p", show=show)).show}
    assert shown == {
        "flag": ("boolean", True),
        "count": ("integer", 3),
        "share": ("number", 0.5),
        "list": ("list", [1]),
        "record": ("record", {"a": 1}),
        "text": ("string", "x"),
        "time": ("string", "2030-01-01T12:00:00Z"),
    }


def test_a_message_is_shown_in_words_or_by_its_id() -> None:
    graph = page("p", show={})
    known = drawn(graph, {"wrong": "{left} tries left"}, said=Said("wrong", {"left": 2}))
    assert [(each.text, each.params) for each in known.messages] == [("2 tries left", {"left": 2})]
    assert drawn(graph, said=Said("unheard_of")).messages[0].text == "unheard_of"
    assert "interrupted" in drawn(graph, said=Said("engine.secret_lost")).messages[0].text


def test_an_end_that_was_not_told_yet_still_works() -> None:
    graph = flow("short", end("done", "done"))
    state, _ = transition({graph.digest: graph}, None, Started(execution="e", digest=graph.digest, inputs={}), NOON)
    told = render_step({}, state, flow="short", token=None, texts=Words({}))
    assert (told.status, told.outcome) == ("ended", "done")
    assert render_step({}, state, flow="short", token=None, texts=Words({}), ended=False).status == "working"
