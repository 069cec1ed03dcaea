"""Sign-ins that a test controls: somebody comes by a link, proves who they are, and decides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

from engine import Ended
from engine.storage import Unit
from protocols.oauth2 import Closed, Opened, authorizations
from protocols.oauth2.authorization_tokens import AuthorizationTokens
from protocols.oauth2.minting import Mint
from protocols.oauth2.sign_ins import SignInDoor, SignIns, SignInSettings, WayBack
from tests.protocols.world import ISSUER, KEYRING, World, digest_of

T = TypeVar("T")


@dataclass(kw_only=True)
class SignInWorld:
    """The world of the protocols with a grant in it that asks people in their own browser."""

    world: World
    http: httpx2.AsyncClient
    sign_ins: SignIns
    door: SignInDoor

    async def open(self, link: str, execution: str = "e1") -> Opened | Closed:
        """Open an attempt from the page."""
        now = self.world.clock.now()
        return await self._run(lambda unit: self.door.open_attempt(unit, link=link, execution=execution, now=now))

    async def claim(self, link: str, person: str = "sub-ann", execution: str = "e1") -> bool:
        """Let *person* prove who they are."""
        now = self.world.clock.now()
        landing = await self._run(lambda unit: self.door.landing(unit, link, now))
        assert landing is not None
        return await self._run(
            lambda unit: self.sign_ins.claim(
                unit, execution=execution, correlation=landing.request_id, subject=person, now=now
            )
        )

    async def assertion(self, link: str, execution: str = "e1", **changes: Any) -> str:
        """Return what the flow asserts, but for *changes*."""
        now = self.world.clock.now()
        landing = await self._run(lambda unit: self.door.landing(unit, link, now))
        assert landing is not None
        at = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "sign_in",
            "sub": landing.subject,
            "jti": "j1",
            "iat": at,
            "exp": at + 60,
            "execution": execution,
            "flow_digest": digest_of(await self._flow(link)),
            "correlation": landing.request_id,
            "granted": [permission.name for permission in landing.permissions],
            "methods": ["pwd"],
            "auth_time": at,
            **changes,
        }
        return self.world.assertion_key.sign(claims)

    async def receive(self, assertion: str) -> tuple[bool, str]:
        """Hand an assertion to the callback."""
        now = self.world.clock.now()
        answer = await self._run(lambda unit: self.sign_ins.receive(unit, "sign_in", assertion, now))
        return answer.accepted, answer.reason

    async def end(self, link: str, outcome: str, execution: str = "e1", **fields: Any) -> None:
        """End the attempt."""
        now = self.world.clock.now()
        landing = await self._run(lambda unit: self.door.landing(unit, link, now))
        assert landing is not None
        over = Ended(
            execution=execution,
            flow=await self._flow(link),
            outcome=outcome,
            fields=fields,
            correlation=landing.request_id,
            at=now,
        )
        await self._run(lambda unit: self.sign_ins.ended(unit, over))

    async def leave(self, link: str, execution: str = "e1", token: str = "code-" + "c" * 40) -> str | None:
        """Return where the browser goes back to."""
        now = self.world.clock.now()
        return await self._run(lambda unit: self.door.leave(unit, link=link, execution=execution, token=token, now=now))

    async def approved(self, link: str) -> None:
        """Have Ann sign in and approve."""
        assert isinstance(await self.open(link), Opened)
        assert await self.claim(link)
        assert await self.receive(await self.assertion(link)) == (True, "")
        await self.end(link, "approved")

    async def _flow(self, link: str) -> str:
        found = await self._run(lambda unit: authorizations.authorization_by_link(unit, link))
        assert found is not None
        return found.flow

    async def _run(self, act: Callable[[Unit], T]) -> T:
        return await self.world.database.run(act)


def sign_ins_of(world: World) -> SignIns:
    """Return the sign-ins of *world*."""
    return SignIns(
        keyring=KEYRING,
        clients=world.records.clients,
        guard=world.records.token_guard,
        assertion_key=world.assertion_key,
        settings=SignInSettings(issuer=ISSUER, scopes=world.settings.scopes),
    )


def door_of(world: World, sign_ins: SignIns, way_back: WayBack) -> SignInDoor:
    """Return the door to *sign_ins*, whose flows a test runs."""
    return SignInDoor(sign_ins=sign_ins, flows=world.flows, flow_digest=digest_of, way_back=way_back)


def tokens_of(world: World) -> AuthorizationTokens:
    """Return what gives tokens in *world*."""
    policy = world.settings.token_policy()
    return AuthorizationTokens(
        database=world.database,
        guard=world.records.token_guard,
        signing_keys=world.signing_keys,
        policy=policy,
        mint=Mint(keyring=KEYRING, policy=policy, refresh_life=world.settings.refresh_token_life),
        acr_of=world.settings.acr_of,
    )
