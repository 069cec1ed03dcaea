"""The demo itself: asks as a shop, shows the mail, lets somebody decide, polls, verifies the tokens."""

import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.message import EmailMessage
from types import FrameType
from typing import NoReturn

from lockhouse.demo.client import Asked, Poll, Shop
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
_ENDINGS = {
    "access_denied": "access_denied: Ann said no. The shop learns that, and nothing else.",
    "expired_token": "expired_token: nobody decided in time. The shop has to ask again.",
}


def play(*, auto: bool) -> int:
    """Play the journey and return the exit status; whatever happens, nothing is left behind."""
    story = Story()
    try:
        with _ending_on_sigterm():
            return _play(story, auto=auto)
    except KeyboardInterrupt:
        story.ending("Stopped. The server is down and its folder is gone.", good=False)
        return 130
    except DemoFailed as failed:
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
        shop = Shop(issuer=deployment.issuer, client_id=_CLIENT, secret=secret)
        with closing(shop):
            asked = _ask(story, shop)
            link = _receive(story, mailbox)
            answer = _decide(story, shop, asked, link, password, auto=auto)
            return _finish(story, shop, answer)


def _ask(story: Story, shop: Shop) -> Asked:
    story.step("The shop asks")
    asked = shop.ask(login_hint=_ADDRESS, scope="openid profile", binding_message=_MESSAGE, requested_expiry=_LIFE)
    story.exchange(shop.last)
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


def _decide(story: Story, shop: Shop, asked: Asked, link: str, password: str, *, auto: bool) -> Poll:
    story.step("Ann decides, while the shop polls")
    ends = time.monotonic() + asked.expires_in
    first = shop.poll(asked)
    story.exchange(shop.last)
    story.say(f"Not yet. The shop asks again every {asked.interval} seconds.")
    if first.state not in {"waiting", "slow"}:
        return first
    if auto:
        with Person(password=password) as ann:
            for happening in ann.approve(link):
                story.fact(f"Ann sees {happening}")
    else:
        story.your_turn(link, password)
    return _poll_until_final(story, shop, asked, ends)


def _poll_until_final(story: Story, shop: Shop, asked: Asked, ends: float) -> Poll:
    interval, answer = float(asked.interval), Poll(state="waiting", error="authorization_pending")
    with story.waiting() as status:
        while answer.state in {"waiting", "slow"}:
            for _ in range(round(interval * 4)):
                left = max(0, round(ends - time.monotonic()))
                status.update(f"{answer.error} · {left} s left · polling every {interval:.0f} s")
                time.sleep(0.25)
            answer = shop.poll(asked)
            # CIBA Core 11: slow_down asks for five more seconds, for good.
            interval += 5 if answer.state == "slow" else 0
    return answer


def _finish(story: Story, shop: Shop, answer: Poll) -> int:
    story.step("The shop gets its answer")
    if answer.token is None:
        story.fact(f"400 {answer.error}", style="cyan")
        story.ending(_ENDINGS.get(answer.error, f"The request ended without tokens: {answer.error}."), good=False)
        return 1
    tokens = shop.verify(answer.token)
    story.say(f"Tokens, signed with {tokens.algorithm}; verified against the server's published keys:")
    story.claims("ID token: who approved, how and when", tokens.id_token)
    story.claims("Access token: what the shop may do", tokens.access_token)
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
