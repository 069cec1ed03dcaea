"""What ping and push clients are told of a move, queued in the transaction of the move (CIBA Core sections 10 to 12).

At most one move of a request tells its client something, so that nothing can be told out of order. The tokens of a push
are built there too, once: each try sends the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.storage import Keyring, Postbox, Unit, from_micros
from protocols.oauth2 import Client, Clients, NewGrant, SigningKeys, store_grant
from protocols.oauth2.minting import SigningPair
from protocols.oauth2.sender_proofs import is_bound_as_owed
from protocols.oauth2_ciba.evaluation import ANSWERS
from protocols.oauth2_ciba.minting import RequestMint, derived_names
from protocols.oauth2_ciba.moves import TRIED_FOR
from protocols.oauth2_ciba.requests import Request, auth_req_id_of, notification_token_of
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import BY_EVENT, NOTHING, PUSH, Event, Move

PING_SENDER, PUSH_SENDER = "ciba.ping", "ciba.push"
TOKENS = "tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to a client, ready to be queued, and the grant that its tokens belong to, if it carries some."""

    sender: str
    payload: Mapping[str, str] = field(repr=False)
    grant: NewGrant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addressee:
    """Whom a notice is for, and what it is to be sent with."""

    client: Client
    auth_req_id: str = field(repr=False)
    token: str = field(repr=False)


class Deliveries:
    """Writes notices and queues them."""

    def __init__(
        self, *, keyring: Keyring, clients: Clients, signing_keys: SigningKeys, settings: CibaSettings
    ) -> None:
        self._keyring, self._clients, self._signing_keys = keyring, clients, signing_keys
        self._profile = settings.profile
        self._mint = RequestMint(keyring=keyring, settings=settings)
        self._postbox = Postbox(keyring=keyring)

    def notice(
        self, unit: Unit, event: Event, request: Request, *, writes: Mapping[str, Any], now: datetime
    ) -> Notice | None:
        """Return what the client is to be told once *request*, as it stands before, has moved by *event*.

        *writes* is what the move carries. None where the table has nothing for this delivery mode, or the client is
        gone.
        """
        move = BY_EVENT[event]
        told = move.tells(request.delivery_mode)
        if told == NOTHING or (to := self._addressee(unit, request)) is None:
            return None
        if request.delivery_mode != PUSH:
            return Notice(sender=PING_SENDER, payload=_payload(move, request, to, _ping(to)))
        if told != TOKENS:
            _, description = ANSWERS[move.to]
            return _push_error(move, request, to, error=told, description=description)
        if not is_bound_as_owed(to.client, request.confirmation, profile=self._profile):
            why = "your tokens are bound to a key that this request did not show: ask again"
            return _push_error(move, request, to, error="transaction_failed", description=why)
        return self._push(unit, move, _approved(request, writes), to, now)

    def post(self, unit: Unit, notice: Notice, *, now: datetime) -> None:
        """Queue *notice*, and store the grant whose tokens it carries."""
        if notice.grant is not None:
            store_grant(unit, notice.grant, now=now)
        request_id = notice.payload["request_id"]
        self._postbox.post(
            unit,
            name=f"{notice.sender}.{request_id}",
            sender=notice.sender,
            correlation=request_id,
            payload=notice.payload,
            now=now,
            give_up_at=now + TRIED_FOR,
        )

    def _addressee(self, unit: Unit, request: Request) -> _Addressee | None:
        auth_req_id = auth_req_id_of(self._keyring, request)
        token = notification_token_of(self._keyring, request)
        client = self._clients.find(unit, request.client_id)
        if auth_req_id is None or token is None or client is None:
            return None
        return _Addressee(client=client, auth_req_id=auth_req_id, token=token)

    def _push(self, unit: Unit, move: Move, request: Request, to: _Addressee, now: datetime) -> Notice:
        keys = SigningPair(
            access_token=self._signing_keys.at_hand(unit, now),
            id_token=self._signing_keys.at_hand(unit, now, to.client.id_token_alg),
        )
        minted = self._mint.make(
            request,
            to.client,
            auth_req_id=to.auth_req_id,
            keys=keys,
            names=derived_names(self._keyring, request.request_id),
            resources=(),
            confirmation=request.confirmation,
            now=now,
        )
        body = {**minted.members, "auth_req_id": to.auth_req_id}
        return Notice(sender=PUSH_SENDER, payload=_payload(move, request, to, body), grant=minted.grant)


def _ping(to: _Addressee) -> dict[str, str]:
    """Return the body of a ping: this member and nothing else (CIBA Core section 10.2)."""
    return {"auth_req_id": to.auth_req_id}


def _push_error(move: Move, request: Request, to: _Addressee, *, error: str, description: str) -> Notice:
    """Return a push of an error (CIBA Core section 12)."""
    body = {"error": error, "error_description": description, "auth_req_id": to.auth_req_id}
    return Notice(sender=PUSH_SENDER, payload=_payload(move, request, to, body))


def _payload(move: Move, request: Request, to: _Addressee, body: Mapping[str, Any]) -> dict[str, str]:
    return {
        # An empty address is refused when the message leaves: the client was registered anew without one.
        "recipient": to.client.notification_endpoint or "",
        "request_id": request.request_id,
        "status": move.to.value,
        "token": to.token,
        "body": json.dumps(body),
    }


def _approved(request: Request, writes: Mapping[str, Any]) -> Request:
    """Return *request* with what its approval writes."""
    return replace(
        request,
        granted=tuple(json.loads(writes["granted"])),
        methods=tuple(json.loads(writes["methods"])),
        auth_time=from_micros(writes["auth_time"]),
    )
