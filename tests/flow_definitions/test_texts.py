"""What the shipped flows say: nothing missing, nothing that nobody shows, no word that a person need not know."""

import re

from engine.language import PromptNode, Target
from tests.flow_definitions.shipped import shipped

JARGON = re.compile(
    r"\b(oauth|ciba|token|client|flow|node|execution|callback|assertion|scope|binding|null)\b", re.IGNORECASE
)


def texts() -> dict[str, str]:
    return dict(shipped().catalogue.languages["en"])


def wanted() -> set[str]:
    ids: set[str] = set()
    for graph in shipped().flows:
        for node in graph.nodes.values():
            ids |= {target.say.id for target in said(node) if target.say is not None}
            if isinstance(node, PromptNode):
                prompt = str(node.texts)
                ids |= {f"{prompt}.title", f"{prompt}.help"}
                ids |= {f"{prompt}.show.{name}" for name in node.show}
                ids |= {f"{prompt}.fields.{name}.label" for name in node.fields}
                ids |= {f"{prompt}.actions.{name}.label" for name in node.routes}
    return ids


def said(node: object) -> list[Target]:
    routes = dict(getattr(node, "routes", {}))
    cases = [case.target for case in getattr(node, "cases", ())]
    otherwise = getattr(node, "otherwise", None)
    return [*routes.values(), *cases, *([otherwise] if otherwise is not None else [])]


def test_there_is_a_text_for_all_that_is_shown_and_no_other() -> None:
    assert set(texts()) == wanted()


def test_texts_are_plain_english() -> None:
    assert {text for text in texts().values() if JARGON.search(text)} == set()


def test_the_message_about_a_wrong_password_says_how_many_tries_are_left() -> None:
    assert shipped().catalogue.text("login.wrong", locale="en", params={"left": 4}) == (
        "That password is not right. Tries left: 4."
    )
