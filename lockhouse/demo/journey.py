"""The demo itself: asks as a shop, shows the mail, lets somebody decide, waits, shows the tokens."""

import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import FrameType
from typing import NoReturn

import jwt

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    Asked,
    CibaClient,
    CibaClientError,
    Denied,
    Expired,
    Failed,
    Outcome,
    Pending,
)
from lockhouse.demo.client import Recorder, open_shop
from lockhouse.demo.deployment import Deployment
from lockhouse.demo.errors import DemoFailed
from lockhouse.demo.mailbox import Mailbox
from lockhouse.demo.person import Person
from lockhouse.demo.story import Story

__all__ = ["play"]

_CLIENT, _CLIENT_NAME = "blue-harbour-books", "Blue Harbour Books"
_ADDRESS = "ann@demo.example"
_MESSAGE = "Order 4711 · blue heron"
_LIFE = 300
_WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heron", "inlet", "juniper", "kelp", "larch")
_ENDINGS: Mapping[type[Outcome], str] = {
    Denied: "access_denied: Ann said no. The shop learns that, and nothing else.",
    Expired: "expired_token: nobody decided in time. The shop has to ask again.",
    Failed: "invalid_grant: the request is there no more. The shop has to ask again.",
}


@dataclass(frozen=True, slots=True)
class _Ann:
    """The person of the demo: her link and password, and whether the reader `plays` her."""

    link: str
    password: str = field(repr=False)
    plays: bool


def play(*, auto: bool) -> int:
    """Play the journey and return the exit status; whatever happens, nothing is left behind."""
    story = Story()
    try:
        with _ending_on_sigterm():
            return _play(story, auto=auto)
    except KeyboardInterrupt:
        story.ending("Stopped. The server is down and its folder is gone.", good=False)
        return 130
    except (DemoFailed, CibaClientError) as failed:
        sys.stderr.write(f"The demo stopped: {failed}\n")
        return 1


def _play(story: Story, *, auto: bool) -> int:
    password = "-".join([*(secrets.choice(_WORDS) for _ in range(3)), str(secrets.randbelow(90) + 10)])
    secret = secrets.token_urlsafe(32)
    story.opening()
    with Mailbox() as mailbox, Deployment(mail_port=mailbox.port) as deployment:
        # Each is a run of the command line: two at once, so that nobody waits for them in turn.
        with ThreadPoolExecutor(2) as both:
            client = both.submit(deployment.add_client, _CLIENT, secret, name=_CLIENT_NAME)
            person = both.submit(
                deployment.add_person, "ann", full_name="Ann Example", email=_ADDRESS, password=password
            )
            client.result()
            person.result()
        recorder = Recorder()
        with open_shop(issuer=deployment.issuer, client_id=_CLIENT, secret=secret, recorder=recorder) as shop:
            asked = _ask(story, shop, recorder)
            link = _receive(story, mailbox)
            outcome = _decide(story, shop, recorder, asked, _Ann(link, password, plays=not auto))
            return _finish(story, shop, outcome)


def _ask(story: Story, shop: CibaClient, recorder: Recorder) -> Asked:
    story.step("The shop asks")
    question = ApprovalRequest(
        login_hint=_ADDRESS, scope="openid profile", binding_message=_MESSAGE, requested_expiry=_LIFE
    )
    asked = shop.ask(question)
    story.exchange(recorder.last)
    story.say(
        "The shop authenticated itself and named Ann by a hint. It holds a ticket (auth_req_id) at once, "
        "and learns nothing more until Ann has decided."
    )
    return asked


def _receive(story: Story, mailbox: Mailbox) -> str:
    story.step("Ann gets a message")
    message = mailbox.wait(seconds=30)
    story.mail(message)
    story.say("The link belongs to this one request. It is not the ticket, and opening it changes nothing.")
    return _link(message)


def _decide(story: Story, shop: CibaClient, recorder: Recorder, asked: Asked, ann: _Ann) -> Outcome:
    story.step("Ann decides, while the shop waits")
    ends = time.monotonic() + _LIFE
    first = shop.poll(asked)
    story.exchange(recorder.last)
    if not isinstance(first, Pending):
        return first
    story.say("Not yet. From now on the shop lets the server hold its question back until there is news.")
    if ann.plays:
        story.your_turn(ann.link, ann.password)
    else:
        with Person(password=ann.password) as person:
            for happening in person.approve(ann.link):
                story.fact(f"Ann sees {happening}")
    with story.waiting(lambda: f"authorization_pending · {max(0, round(ends - time.monotonic()))} s left"):
        return shop.wait(first.asked)


def _finish(story: Story, shop: CibaClient, outcome: Outcome) -> int:
    story.step("The shop gets its answer")
    if not isinstance(outcome, Approved):
        story.fact(type(outcome).__name__, style="cyan")
        story.ending(_ENDINGS[type(outcome)], good=False)
        return 1
    algorithm = jwt.get_unverified_header(outcome.tokens.id_token or "")["alg"]
    story.say(f"Tokens, the ID token signed with {algorithm}; verified against the server's published keys:")
    story.claims("ID token: who approved, how and when", outcome.claims)
    story.claims("Access token: what the shop may do", shop.introspect(outcome.tokens.access_token).claims)
    story.ending("Ann approved on her own device, and the shop can prove it.", good=True)
    return 0


def _link(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    found = re.search(r"https?://\S+/a/[A-Za-z0-9_-]+", part.get_content() if part else "")
    if found is None:
        raise DemoFailed("the mail holds no link")
    return found.group()


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does: through every block's end."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
