"""The CIBA grant: a poll is evaluated in one unit; an approval becomes tokens in memory and is redeemed in another.

Nothing that can fail stands between the tokens and the commit that redeems: a fault on the way leaves the request
approved, and the next poll gives tokens.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import partial

from engine import Clock
from engine.storage import Database, Keyring, OutcomeUnknown, Place, Unit
from protocols.oauth2 import (
    RESOURCE,
    Client,
    Clients,
    NewGrant,
    OAuthError,
    SigningKeys,
    TokenRequest,
    authenticate,
    narrowed_resources,
    require_grant,
    revoke_grant,
    store_grant,
)
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.minting import RandomNames, SigningPair
from protocols.oauth2.sender_proofs import confirm
from protocols.oauth2_ciba.evaluation import (
    Evaluation,
    Over,
    Poll,
    Redeemable,
    Repeated,
    Waiting,
    error_of,
    evaluate,
    pushed,
)
from protocols.oauth2_ciba.guard import AccountGuard
from protocols.oauth2_ciba.holding import Held, Holding
from protocols.oauth2_ciba.minting import RequestMint
from protocols.oauth2_ciba.moves import audit, move
from protocols.oauth2_ciba.requests import Request, by_auth_req_id, by_id, set_pace
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import PUSH, Event, State
from protocols.oauth2_ciba.tables import REQUESTS
from protocols.oauth2_ciba.waiting import Waiters

# Each round that does not answer has lost against a writer that moved the request for good; one may be waited out.
_ROUNDS = 4


class Redeemed(Enum):
    """What came of an attempt to redeem."""

    YES = "the tokens stand"
    REFUSED = "the guard said no: the request is denied now"
    LOST = "the request was moved meanwhile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that a redemption writes, ready: the answer, and the same sealed where it is to be kept."""

    request: Request
    grant: NewGrant
    answer: bytes = field(repr=False)
    sealed: bytes | None = field(repr=False)
    key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What one unit found for a poll."""

    client: Client
    request: Request | None
    confirmation: Confirmation | None
    evaluation: Evaluation


class CibaGrant:
    """Answers ``grant_type=urn:openid:params:grant-type:ciba`` at the token endpoint (CIBA Core section 10.1)."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        clients: Clients,
        guard: AccountGuard,
        signing_keys: SigningKeys,
        waiters: Waiters,
        clock: Clock,
        settings: CibaSettings,
    ) -> None:
        self._clock = clock
        self._holding = Holding(database=database, waiters=waiters)
        self._database, self._keyring, self._clients = database, keyring, clients
        self._guard, self._signing_keys, self._settings = guard, signing_keys, settings
        self._mint = RequestMint(keyring=keyring, settings=settings)

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the token response; raise OAuthError for every other answer.

        Where the client is ready to wait and the request is pending, that is held back: for news, for the client to
        leave, or for the time to pass. Then all of it is judged anew.
        """
        held: Held | None = None
        for _ in range(_ROUNDS):
            async with self._holding.turn(held):
                polled = await self._database.run(partial(self._poll, asked=asked, held=held is not None))
            match polled.evaluation:
                case Waiting() as waiting if held is None and (
                    held := await self._holding.wait(polled.request, waiting, asked)
                ):
                    asked = replace(asked, now=self._clock.now())
                case Waiting() | Over():
                    raise polled.evaluation.error
                case Repeated(answer):
                    return answer
                case Redeemable(request):
                    prepared = await self._prepare(request, asked, polled)
                    if asked.hold is not None and asked.hold.left:  # the tokens would be lost with the connection
                        raise error_of(State.PENDING)
                    if await self._redeem(prepared, asked.now) is Redeemed.YES:
                        return prepared.answer
        raise OAuthError("temporarily_unavailable", "try again", headers={"Retry-After": "1"})

    def _poll(self, unit: Unit, *, asked: TokenRequest, held: bool) -> Polled:
        """Authenticate, find and evaluate. A pending request has its polling columns written, nothing else."""
        client = authenticate(unit, self._clients, asked.shown)
        require_grant(client)
        if client.delivery_mode == PUSH:
            raise pushed()
        auth_req_id = asked.form.require("auth_req_id")
        request = by_auth_req_id(unit, auth_req_id)
        mine = request is not None and request.client_id == client.client_id
        # A proof that fails has touched nothing: neither the request nor how its client polls.
        confirmation = confirm(unit, client, asked.sender) if mine else None
        key = self._key(asked, auth_req_id, confirmation)
        # One that overlaps may have ended since: then this poll was too early by as little.
        overlaps = request is not None and not held and self._holding.waits(request)
        poll = Poll(
            client_id=client.client_id,
            now=asked.now,
            key=key,
            confirmation=confirmation,
            overlaps=overlaps,
            held=held,
        )
        settings = self._settings
        found = evaluate(request, poll, keep_answer=settings.keep_answer, replay_after=settings.replay_after)
        if request is not None:
            found = self._record(unit, request, found, asked.now)
        return Polled(client=client, request=request, confirmation=confirmation, evaluation=found)

    def _record(self, unit: Unit, request: Request, found: Evaluation, now: datetime) -> Evaluation:
        """Store what an evaluation leaves behind, and open a stored answer."""
        match found:
            case Waiting(pace=pace) if pace != request.pace:
                set_pace(unit, request.request_id, pace)
            case Over(revoke=grant_id, audit=True):
                audit(unit, request.request_id, what="redeemed again", why="", now=now)
                if grant_id is not None:
                    revoke_grant(unit, grant_id, reason="auth_req_id replayed", now=now)
            case Repeated(sealed):
                return Repeated(self._keyring.open(_place(request.request_id), sealed))
            case _:
                pass
        return found

    async def _prepare(self, request: Request, asked: TokenRequest, polled: Polled) -> Prepared:
        """Build and sign everything in memory. Nothing is stored, so nothing is lost where this fails."""
        auth_req_id, asked_for = asked.form.require("auth_req_id"), asked.form.every(RESOURCE)
        default, client, confirmation = self._settings.token_policy().audience, polled.client, polled.confirmation
        minted = self._mint.make(
            request,
            client,
            auth_req_id=auth_req_id,
            keys=await SigningPair.of(self._signing_keys, client, asked.now),
            names=RandomNames.fresh(),
            resources=narrowed_resources(asked_for, granted=request.resources, default=default),
            confirmation=confirmation,
            now=asked.now,
        )
        answer = json.dumps(minted.members).encode()
        key = self._key(asked, auth_req_id, confirmation)
        return Prepared(
            request=request,
            grant=minted.grant,
            answer=answer,
            sealed=None if key is None else self._keyring.seal(_place(request.request_id), answer),
            key=key,
        )

    async def _redeem(self, prepared: Prepared, now: datetime) -> Redeemed:
        try:
            return await self._database.run(lambda unit: self._commit(unit, prepared, now))
        except OutcomeUnknown:
            # The connection was lost in COMMIT. Only the row knows whether the tokens in our hands stand.
            request = await self._database.run(lambda unit: by_id(unit, prepared.request.request_id))
            if request is not None and request.grant_id == prepared.grant.grant_id:
                return Redeemed.YES
            raise

    def _commit(self, unit: Unit, prepared: Prepared, now: datetime) -> Redeemed:
        """Ask the guard, redeem by one conditional UPDATE, and store the grant: together or not at all."""
        request, settings = prepared.request, self._settings
        if not self._guard.allows(unit, subject=request.user_id, client_id=request.client_id):
            kept = now + settings.keep_final
            move(unit, Event.REVOCATION, request.request_id, now=now, reason="account", due_at=kept)
            return Redeemed.REFUSED
        keep = settings.keep_final if prepared.sealed is None else settings.keep_answer
        bound = prepared.grant.tokens.confirmation
        writes = {
            "grant_id": prepared.grant.grant_id,
            "confirmation": None if bound is None else bound.as_stored(),
            "answer": prepared.sealed,
            "answer_key": prepared.key,
        }
        moved = move(
            unit, Event.REDEMPTION, request.request_id, now=now, reason="redeemed", due_at=now + keep, writes=writes
        )
        if not moved:
            return Redeemed.LOST
        store_grant(unit, prepared.grant, now=now)
        return Redeemed.YES

    def _key(self, asked: TokenRequest, auth_req_id: str, confirmation: Confirmation | None) -> bytes | None:
        """Return the keyed hash under which the answer to this very attempt is kept: for whoever has the same key."""
        if (key := asked.key) is None:
            return None
        bound = () if confirmation is None else (confirmation.as_stored(),)
        return self._keyring.mac("ciba.answer", asked.shown.client_id, auth_req_id, key, *bound)


def _place(request_id: str) -> Place:
    return Place(REQUESTS.name, "answer", request_id)
