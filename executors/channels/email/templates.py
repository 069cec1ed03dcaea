"""One message as a mail's three texts: ``ID.subject.j2``, ``ID.txt.j2`` and ``ID.html.j2``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executors.channels.wording import Templates, one_line

PARTS: Final = ("subject", "txt", "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One message in words."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def write(templates: Templates, message: str, locale: str, values: Mapping[str, Any]) -> Texts:
    """Return *message* in the words of *locale*; Fault where it is unknown or a parameter is missing."""
    subject, text, html = templates.render(message, locale, values)
    return Texts(subject=one_line(subject), text=text, html=html)
