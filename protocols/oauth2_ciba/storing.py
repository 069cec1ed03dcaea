"""Stores a request that was taken, and has its person told: both in one unit."""

import logging
from dataclasses import dataclass
from datetime import datetime

from engine.storage import Keyring, Unit
from protocols.oauth2 import Client, permissions_of
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2_ciba.addressees import Addressee
from protocols.oauth2_ciba.composition import Composer, decision_inputs
from protocols.oauth2_ciba.initiations import Acknowledgement
from protocols.oauth2_ciba.moves import audit
from protocols.oauth2_ciba.parameters import Parameters
from protocols.oauth2_ciba.requests import Ids, NewRequest, insert_request
from protocols.oauth2_ciba.settings import CibaSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvable:
    """A request that every rule has let pass. ``confirmation`` is what the tokens that are pushed are bound to."""

    client: Client
    addressee: Addressee
    hint_verified: bool
    parameters: Parameters
    confirmation: Confirmation | None = None


class Storing:
    """Makes rows and starts flows. A decoy's are made and started like anybody's."""

    def __init__(self, *, keyring: Keyring, composer: Composer, settings: CibaSettings) -> None:
        self._keyring, self._composer, self._settings = keyring, composer, settings

    def store(self, unit: Unit, found: Approvable, ids: Ids, *, now: datetime) -> Acknowledgement:
        """Store *found* as pending, start what tells its person, and return what the client is answered."""
        client, asked = found.client, found.parameters
        new = NewRequest(
            ids=ids,
            client_id=client.client_id,
            user_id=found.addressee.subject,
            delivery_mode=client.delivery_mode,
            scopes=asked.scopes,
            acr_values=asked.acr_values,
            resources=asked.resources,
            notification_token=asked.notification_token,
            hint_unverified=not found.hint_verified,
            decoy=found.addressee.decoy is not None,
            confirmation=found.confirmation,
            binding_message=asked.binding_message,
            interval=asked.interval,
            expires_in=asked.expires_in,
            flow_digest=self._composer.journey_digest(client.client_id),
        )
        # The row is there before the flow starts: a flow that ends at once finds it.
        insert_request(unit, new, keyring=self._keyring, now=now)
        remark = _remark(found)
        audit(unit, ids.request_id, what="asked", why=remark, now=now)
        if remark:
            unit.after_commit(lambda: _tell_operator(ids.request_id, remark))
        self._tell(unit, client, new, now=now)
        return Acknowledgement(auth_req_id=ids.auth_req_id, expires_in=asked.expires_in, interval=asked.interval)

    def _tell(self, unit: Unit, client: Client, new: NewRequest, *, now: datetime) -> None:
        permissions = permissions_of(new.scopes, self._settings.scopes)
        params = {
            "requester": client.name,
            "binding_message": new.binding_message or "",
            "permissions": [each.title for each in permissions],
        }
        self._composer.notify(
            unit,
            execution=new.ids.execution,
            journey=new.flow_digest is not None,
            notice={
                "message": {"id": self._settings.message_id, "params": params},
                "link": self._settings.link(new.ids.link),
            },
            decision=decision_inputs(
                subject=new.user_id,
                requester=client.name,
                binding_message=new.binding_message,
                permissions=permissions,
                callback=self._settings.callback_name,
                request_id=new.ids.request_id,
                expires_at=now + new.expires_in,
            ),
            now=now,
        )


def _tell_operator(request_id: str, remark: str) -> None:
    log.warning("request_remarked", extra={"ciba_request": request_id, "reason": remark})


def _remark(found: Approvable) -> str:
    """Return what the operator should know of how the person was named; nothing for most."""
    if found.addressee.decoy is not None:
        return f"decoy: {found.addressee.decoy}"
    return "" if found.hint_verified else "hint unverified"
