"""What the demo says: short, in the order in which things happen, each with the reason."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qsl

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.status import Status
from rich.syntax import Syntax
from rich.text import Text

from lockhouse.demo.client import Exchange

__all__ = ["Story"]

_WIDTH = 100
_TIMES = frozenset({"iat", "exp", "auth_time", "nbf"})
_SHORTENED = frozenset({"auth_req_id"})
_KEPT_HEADERS = ("From", "To", "Subject")


class Story:
    """Prints the journey. NO_COLOR, and an output that is no terminal, are respected (by rich)."""

    def __init__(self, console: Console | None = None) -> None:
        made = console or Console(highlight=False)
        self._console = made if made.width <= _WIDTH else Console(highlight=False, width=_WIDTH)
        self._step = 0

    def opening(self) -> None:
        """Say what this is about."""
        self._console.print(Rule("[bold]Lockhouse: CIBA in one minute[/bold]", style="dim"))
        self.say(
            "A shop wants Ann's approval, but Ann is not at the shop's screen: she decides on her own device. "
            "Client-Initiated Backchannel Authentication (CIBA) is the standard for that. "
            "Everything here is real: server, mail, pages, tokens; all in a temporary folder."
        )

    def step(self, title: str) -> None:
        """Begin the next part."""
        self._step += 1
        self._console.print()
        self._console.print(Text.assemble((f" {self._step} ", "bold reverse"), (f" {title}", "bold")))

    def say(self, text: str) -> None:
        """Explain."""
        self._print(Text(text, style="dim"))

    def fact(self, text: str, *, style: str = "") -> None:
        """Tell what happened."""
        self._print(Text(text, style=style))

    def exchange(self, exchange: Exchange | None) -> None:
        """Show one request and its answer as they went over the wire, without the secret in the header."""
        if exchange is None:
            return
        lines = [Text(f"{exchange.method} {exchange.path}", style="bold")]
        lines += [Text(f"  {name} = {_shorten(name, value)}") for name, value in parse_qsl(exchange.sent)]
        shown = {name: _shorten(name, value) for name, value in json.loads(exchange.received).items()}
        lines.append(Text(f"{exchange.status} {json.dumps(shown, ensure_ascii=False)}", style="cyan"))
        self._print(Group(*lines))

    def mail(self, message: EmailMessage) -> None:
        """Show *message* as its reader sees it."""
        part = message.get_body(preferencelist=("plain",))
        heads = [Text(f"{name}: {message[name]}", style="dim") for name in _KEPT_HEADERS]
        # A link must stay in one piece to be copied: lines are not broken inside words.
        text = Text(part.get_content().strip() if part else "", overflow="fold")
        panel = Panel(Group(*heads, Text(), text), box=box.ROUNDED, title="Ann's mailbox", title_align="left")
        self._console.print(panel)

    def your_turn(self, link: str, password: str) -> None:
        """Hand the part of the person to the reader."""
        self.fact("You are Ann now. Open this link in a browser (on this machine), and decide:", style="bold")
        self._console.print(f"\n[link={link}]{link}[/link]\n", style="bold cyan", soft_wrap=True)
        self._print(Text.assemble("Ann's password: ", (password, "bold green")))

    def claims(self, title: str, claims: Mapping[str, Any]) -> None:
        """Show the claims of a token, times also in words."""
        told = json.dumps(dict(claims), indent=2, ensure_ascii=False)
        now = {name: datetime.fromtimestamp(claims[name], UTC) for name in _TIMES & claims.keys()}
        lines = [
            f"{line}  // {now[name]:%H:%M:%S} UTC" if (name := line.partition('":')[0].strip(' "')) in now else line
            for line in told.splitlines()
        ]
        body = Syntax("\n".join(lines), "javascript", theme="ansi_dark", background_color="default", word_wrap=True)
        self._print(Panel(body, title=title, title_align="left", box=box.ROUNDED))

    def waiting(self, line: Callable[[], str]) -> Status:
        """Return a block in which *line* is shown, asked for anew all the time; where there is no terminal, nothing."""
        return self._console.status(_Live(line), spinner="dots")

    def _print(self, told: RenderableType) -> None:
        self._console.print(Padding(told, (0, 0, 0, 4), expand=False))

    def ending(self, text: str, *, good: bool) -> None:
        """Say how it ended."""
        self._console.print()
        self._console.print(Text(text, style="bold green" if good else "bold red"))


class _Live:
    """A line that is made each time it is drawn."""

    def __init__(self, line: Callable[[], str]) -> None:
        self._line = line

    def __rich__(self) -> Text:
        return Text(self._line())


def _shorten(name: str, value: Any) -> Any:
    return f"{value[:12]}…" if name in _SHORTENED and isinstance(value, str) else value
