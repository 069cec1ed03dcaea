"""The demo's stand-in for a person: opens the link, reads the forms that are really there, and sends them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from lockhouse.demo.errors import DemoFailed

__all__ = ["Person"]

_PAGES = 12


@dataclass(slots=True)
class _Form:
    """One form: what would be sent, and the names of the fields that a person fills."""

    action: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    open_fields: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the first heading, the forms and whether the page reloads itself."""

    def __init__(self) -> None:
        super().__init__()
        self.heading = ""
        self.forms: list[_Form] = []
        self.reloads = False
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a browser would."""
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and given.get("http-equiv") == "refresh":
            self.reloads = True
        elif tag == "form":
            self.forms.append(_Form(given.get("action", "")))
        elif tag in {"h1", "button"}:
            self._inside = tag
        if self.forms and tag == "input":
            self._take_input(self.forms[-1], given)
        if self.forms and tag == "button":
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", ""), ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave a heading or a button."""
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """Collect the words of headings and buttons."""
        words = " ".join(data.split())
        if self._inside == "h1":
            self.heading = f"{self.heading} {words}".strip()
        elif self._inside == "button" and self.forms:
            name, value, label = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (name, value, f"{label} {words}".strip())

    @staticmethod
    def _take_input(form: _Form, given: Mapping[str, str]) -> None:
        kind, name, value = given.get("type", "text"), given.get("name", ""), given.get("value", "")
        if kind == "hidden" or (kind in {"checkbox", "radio"} and "checked" in given and "disabled" not in given):
            form.pairs.append((name, value))
        elif kind not in {"checkbox", "radio", "submit"}:
            form.open_fields.append(name)


class Person:
    """Plays the person in the browser's place, with cookies and the headers that a browser sends."""

    def __init__(self, *, password: str) -> None:
        self._password = password
        self._http = httpx2.Client(trust_env=False, follow_redirects=True, timeout=40)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def approve(self, link: str) -> Iterator[str]:
        """Go through the pages behind *link*, always pressing the first button; yield what happens, in words."""
        answer = self._http.get(link)
        for _ in range(_PAGES):
            page = _Reader()
            page.feed(answer.text)
            if page.forms and page.forms[0].buttons:
                form = page.forms[0]
                yield f"“{page.heading}” → {self._act(form)}"
                answer = self._send(str(answer.url), form)
            elif page.reloads:
                answer = self._http.get(link)
            else:
                yield f"“{page.heading}”"
                return
        raise DemoFailed(f"the pages did not come to an end; the last one was {answer.status_code}")

    def _act(self, form: _Form) -> str:
        pressed = f"presses “{form.buttons[0][2]}”"
        return f"types the password, {pressed}" if form.open_fields else pressed

    def _send(self, page: str, form: _Form) -> httpx2.Response:
        name, value, _ = form.buttons[0]
        pairs = [*form.pairs, *((field_name, self._password) for field_name in form.open_fields), (name, value)]
        parts = urlsplit(page)
        return self._http.post(
            urljoin(page, form.action),
            content=urlencode(pairs),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"{parts.scheme}://{parts.netloc}",
                "Sec-Fetch-Site": "same-origin",
            },
        )
