"""bc-authorize: from an authenticated form to a stored request whose notification is on its way, in one unit."""

from dataclasses import dataclass
from datetime import datetime

from engine.storage import Keyring, Unit
from protocols.oauth2 import (
    Accounts,
    Ambiguous,
    Client,
    Clients,
    Form,
    OAuthError,
    Presented,
    authenticate,
    permissions_of,
    require_grant,
)
from protocols.oauth2_ciba import limits as counting
from protocols.oauth2_ciba.composition import Composer, decision_inputs
from protocols.oauth2_ciba.guard import is_blocked
from protocols.oauth2_ciba.initiations import Acknowledgement, Initiations
from protocols.oauth2_ciba.moves import audit
from protocols.oauth2_ciba.parameters import Parameters, parse_parameters
from protocols.oauth2_ciba.requests import Ids, NewRequest, insert_request
from protocols.oauth2_ciba.settings import CibaSettings, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of bc-authorize, read but not judged."""

    form: Form
    shown: Presented
    key: str | None
    ids: Ids


class Initiation:
    """Takes backchannel requests."""

    def __init__(
        self, *, keyring: Keyring, accounts: Accounts, clients: Clients, composer: Composer, settings: CibaSettings
    ) -> None:
        self._keyring, self._accounts, self._clients = keyring, accounts, clients
        self._composer, self._settings = composer, settings
        self._initiations = Initiations(keyring=keyring)

    def take(self, unit: Unit, asked: Asked, *, now: datetime) -> Acknowledgement:
        """Judge the call in the fixed order and store what passes; raise what CIBA Core section 13 has for the rest.

        Everything before the person is resolved is independent of whether there is such a person.
        """
        client = authenticate(unit, self._clients, asked.shown, lock=True)
        require_grant(client)
        if asked.key is not None:
            known = self._initiations.look_up(unit, client.client_id, asked.key, asked.form, now=now)
            if known is not None:
                return known
        parameters = parse_parameters(asked.form, client, self._settings)
        limits = self._settings.limits.for_client(client.limits)
        counting.check_client(unit, client.client_id, limits, now=now)
        subject = self._person(unit, client, parameters, limits, now=now)
        ack = self._store(unit, client, subject, parameters, asked.ids, now=now)
        if asked.key is not None:
            self._initiations.keep(unit, client.client_id, asked.key, asked.form, ids=asked.ids, ack=ack, now=now)
        return ack

    def _person(self, unit: Unit, client: Client, asked: Parameters, limits: Limits, *, now: datetime) -> str:
        """Return who is meant, once guard, block, channel and the person's limits have let the request pass."""
        found = self._accounts.find(unit, asked.hint)
        if found is None or isinstance(found, Ambiguous):
            raise _unknown_person("the hint means nobody" if found is None else f"the hint means {found.count} people")
        subject = found.subject
        counting.lock_person(unit, subject)
        if not self._accounts.allowed(unit, subject, client.client_id):
            raise _unknown_person("the account guard says no")
        if is_blocked(unit, client.client_id, subject):
            hint = "the person has blocked this client"
            raise OAuthError("access_denied", "the request cannot be taken", status=403, hint=hint)
        if not self._accounts.reachable(unit, subject):
            raise _unknown_person("the person has no channel")
        counting.check_person(unit, client.client_id, subject, limits, now=now)
        return subject

    def _store(
        self, unit: Unit, client: Client, subject: str, asked: Parameters, ids: Ids, *, now: datetime
    ) -> Acknowledgement:
        new = NewRequest(
            ids=ids,
            client_id=client.client_id,
            user_id=subject,
            delivery_mode=client.delivery_mode,
            scopes=asked.scopes,
            acr_values=asked.acr_values,
            binding_message=asked.binding_message,
            interval=asked.interval,
            expires_in=asked.expires_in,
            flow_digest=self._composer.journey_digest(client.client_id),
        )
        # The row is there before the flow starts: a flow that ends at once finds it.
        insert_request(unit, new, keyring=self._keyring, now=now)
        audit(unit, ids.request_id, what="asked", why="", now=now)
        permissions = permissions_of(asked.scopes, self._settings.scopes)
        params = {
            "requester": client.name,
            "binding_message": asked.binding_message or "",
            "permissions": [each.title for each in permissions],
        }
        self._composer.notify(
            unit,
            execution=ids.execution,
            journey=new.flow_digest is not None,
            notice={
                "message": {"id": self._settings.message_id, "params": params},
                "link": self._settings.link(ids.link),
            },
            decision=decision_inputs(
                subject=subject,
                requester=client.name,
                binding_message=asked.binding_message,
                permissions=permissions,
                callback=self._settings.callback_name,
                request_id=ids.request_id,
                expires_at=now + asked.expires_in,
            ),
            now=now,
        )
        return Acknowledgement(auth_req_id=ids.auth_req_id, expires_in=asked.expires_in, interval=asked.interval)


def _unknown_person(hint: str) -> OAuthError:
    return OAuthError("unknown_user_id", "the person cannot be asked", hint=hint)
