"""People who come by themselves, in a real browser: from an application and back to it, and for a device."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
import httpx2
import jwt
import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browser.people import Desk, heading, press
from tests.fixtures.relying_party import new_connection
from tests.fixtures.server import PASSWORD, PERSON, Lockhouse
from tests.fixtures.serving import serving

pytestmark = pytest.mark.anyio

SECRET = "sign-in-secret-" + "s" * 40
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(kw_only=True)
class Application:
    """An application that people come back to; `brought` is what they brought along."""

    origin: str = ""
    brought: list[dict[str, str]] = field(default_factory=list)

    async def welcome(self, request: Request) -> HTMLResponse:
        self.brought.append(dict(request.query_params))
        return HTMLResponse("<!doctype html><title>Back</title><h1>Welcome back</h1>")


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    made = Application()
    async with serving(Starlette(routes=[Route("/back", made.welcome)])) as origin:
        made.origin = origin
        yield made


async def in_thread(act: Any, *arguments: Any, **named: Any) -> Any:
    return await anyio.to_thread.run_sync(partial(act, *arguments, **named))


def register(lockhouse: Lockhouse, client_id: str, *options: str) -> None:
    lockhouse.run(
        *("client", "add", "--config", str(lockhouse.config), "--id", client_id, "--secret", SECRET, *options)
    )


def post(lockhouse: Lockhouse, path: str, client_id: str, **form: str) -> httpx2.Response:
    with new_connection() as http:
        return http.post(f"http://localhost:{lockhouse.port}{path}", data=form, auth=(client_id, SECRET))


async def prove_and_approve(page: Page) -> None:
    await page.get_by_label("User name, e-mail address or telephone number").fill(f"{PERSON}@example.com")
    await press(page, "Continue")
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    assert await heading(page) == "Do you approve this?"


@pytest.mark.parametrize("script", [True, False], ids=["with-a-script", "without-a-script"])
async def test_a_person_signs_in_at_an_application(desk: Desk, application: Application, script: bool) -> None:
    client_id, back = f"app-{secrets.token_hex(4)}", f"{application.origin}/back"
    await in_thread(
        register,
        desk.lockhouse,
        client_id,
        "--grant",
        "authorization_code",
        "--redirect-uri",
        back,
        "--name",
        "The app",
    )
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": back,
        "scope": "openid profile",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = await desk.browser(java_script_enabled=script)

    await page.goto(f"{desk.lockhouse.url}/oauth2/authorize?{urlencode(asked)}")
    assert await heading(page) == "The app asks you to sign in"
    await press(page, "Continue")
    await prove_and_approve(page)
    await page.get_by_role("button", name="Approve", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")

    (told,) = application.brought
    assert (told["state"], told["iss"]) == ("s-1", desk.lockhouse.url)
    form = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": back, "code_verifier": verifier}
    answer = await in_thread(post, desk.lockhouse, "/oauth2/token", client_id, **form)
    claims = jwt.decode(answer.json()["id_token"], options={"verify_signature": False})
    assert (claims["nonce"], claims["aud"]) == ("n-1", client_id)
    assert desk.troubles == []


async def test_a_person_who_denies_goes_back_too(desk: Desk, application: Application) -> None:
    client_id, back = f"app-{secrets.token_hex(4)}", f"{application.origin}/back"
    await in_thread(register, desk.lockhouse, client_id, "--grant", "authorization_code", "--redirect-uri", back)
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": back, "scope": "openid"}
    challenged = {**asked, "code_challenge": "c" * 43, "code_challenge_method": "S256"}
    page = await desk.browser()

    await page.goto(f"{desk.lockhouse.url}/oauth2/authorize?{urlencode(challenged)}")
    await press(page, "Continue")
    await prove_and_approve(page)
    await page.get_by_role("button", name="Deny", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome back")

    assert [told["error"] for told in application.brought] == ["access_denied"]


async def test_a_person_connects_a_device(desk: Desk) -> None:
    client_id = f"tv-{secrets.token_hex(4)}"
    await in_thread(register, desk.lockhouse, client_id, "--grant", "device_code", "--name", "The television")
    told = (
        await in_thread(post, desk.lockhouse, "/oauth2/device_authorization", client_id, scope="openid profile")
    ).json()
    page = await desk.browser()

    await page.goto(told["verification_uri"])
    await page.get_by_label("Code").fill("BBBB-BBBB")
    await press(page, "Continue")
    await expect(page.get_by_role("alert")).to_contain_text("No device waits with this code")
    await page.get_by_label("Code").fill(told["user_code"].lower())
    await press(page, "Continue")
    assert await heading(page) == "The television asks you to sign in"
    await expect(page.locator("main")).to_contain_text(told["user_code"])
    await press(page, "Continue")
    assert await heading(page) == "Does your device show this code?"
    await expect(page.locator("main")).to_contain_text(told["user_code"])
    await press(page, "Yes, the same code")
    await prove_and_approve(page)
    await press(page, "Approve")
    assert await heading(page) == "You have approved"

    form = {"grant_type": DEVICE, "device_code": told["device_code"]}
    answer = await in_thread(post, desk.lockhouse, "/oauth2/token", client_id, **form)
    assert "id_token" in answer.json()
    assert desk.troubles == []


async def test_a_person_who_was_sent_a_code_stops_the_request(desk: Desk) -> None:
    client_id = f"tv-{secrets.token_hex(4)}"
    await in_thread(register, desk.lockhouse, client_id, "--grant", "device_code", "--name", "The television")
    told = (await in_thread(post, desk.lockhouse, "/oauth2/device_authorization", client_id, scope="openid")).json()
    page = await desk.browser()

    await page.goto(told["verification_uri_complete"])
    await press(page, "Continue")
    await press(page, "Continue")
    await press(page, "No: stop this request")

    form = {"grant_type": DEVICE, "device_code": told["device_code"]}
    answer = await in_thread(post, desk.lockhouse, "/oauth2/token", client_id, **form)
    assert answer.json()["error"] == "access_denied"
    assert desk.troubles == []
