"""bc-authorize: from an authenticated form to a stored request whose notification is on its way, in one unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.storage import Keyring, Unit
from protocols.oauth2 import (
    Accounts,
    Client,
    Clients,
    OAuthError,
    Presented,
    Profile,
    authenticate,
    invalid_request,
    parse_idempotency_key,
    profile_of,
    require_grant,
)
from protocols.oauth2.confirmations import Confirmation, Sender
from protocols.oauth2.sender_proofs import confirm
from protocols.oauth2_ciba import limits as counting
from protocols.oauth2_ciba.addressees import Addressees
from protocols.oauth2_ciba.composition import Composer
from protocols.oauth2_ciba.hints import Hint
from protocols.oauth2_ciba.initiations import Acknowledgement, Initiations
from protocols.oauth2_ciba.parameters import parse_parameters
from protocols.oauth2_ciba.request_objects import fault
from protocols.oauth2_ciba.requests import Ids
from protocols.oauth2_ciba.sent_parameters import Sent
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.signatures import Verified
from protocols.oauth2_ciba.states import PUSH
from protocols.oauth2_ciba.storing import Approvable, Storing
from protocols.oauth2_ciba.targets import check_targets
from protocols.oauth2_ciba.used_tokens import use_token
from protocols.oauth2_ciba.user_codes import CheckedCode, CodeToCheck, UserCodes, judge_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of bc-authorize, read but not judged. ``keys`` are its Idempotency-Key headers, all of them.

    ``sender`` is what it showed of its keys.
    """

    verified: Verified
    shown: Presented
    sender: Sender
    keys: tuple[str, ...]
    ids: Ids
    checked: CheckedCode | None = field(default=None, repr=False)


class Initiation:
    """Takes backchannel requests."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        accounts: Accounts,
        clients: Clients,
        user_codes: UserCodes,
        composer: Composer,
        settings: CibaSettings,
    ) -> None:
        self._clients, self._settings, self._user_codes = clients, settings, user_codes
        self._initiations = Initiations(keyring=keyring)
        self._addressees = Addressees(accounts=accounts, keyring=keyring, as_if_known=settings.answer_as_if_known)
        self._storing = Storing(keyring=keyring, composer=composer, settings=settings)

    def take(self, unit: Unit, asked: Asked, *, now: datetime) -> Acknowledgement | CodeToCheck:
        """Judge the call in the fixed order and store what passes; raise what CIBA Core section 13 has for the rest.

        Everything before the person is resolved is independent of whether there is such a person. A user code has to be
        compared outside: it is returned, and the same call is judged once more with what the comparison came to.
        """
        client = authenticate(unit, self._clients, asked.shown, lock=True)
        require_grant(client)
        profile = profile_of(client, self._settings.profile)
        if client.delivery_mode not in profile.delivery_modes:
            raise OAuthError("unauthorized_client", f"profile {profile.name} does not allow this delivery mode")
        # Others come for their tokens, and show then what these are to be bound to.
        confirmation = confirm(unit, client, asked.sender) if client.delivery_mode == PUSH else None
        answer = self._answer(unit, client, profile, asked, confirmation, now=now)
        if isinstance(answer, CodeToCheck):
            return answer
        return replace(answer, polled=client.delivery_mode != PUSH)

    def _answer(
        self,
        unit: Unit,
        client: Client,
        profile: Profile,
        asked: Asked,
        confirmation: Confirmation | None,
        *,
        now: datetime,
    ) -> Acknowledgement | CodeToCheck:
        key, compared = parse_idempotency_key(asked.keys), _compared(asked, confirmation)
        if key is not None:
            known = self._initiations.look_up(unit, client.client_id, key, compared, now=now)
            if known is not None:
                return known
        sent = _request(unit, client, profile, asked)
        parameters = parse_parameters(sent, client, profile, self._settings)
        check_targets(unit, parameters.resources, known=self._settings.targets)
        hint = _hint(unit, profile, asked)
        limits = self._settings.limits.for_client(client.limits)
        counting.check_client(unit, client.client_id, limits, now=now)
        addressee = self._addressees.find(unit, client, hint)
        code = sent.get("user_code")
        to_check = judge_code(unit, self._user_codes, client, addressee, code=code, checked=asked.checked, now=now)
        if to_check is not None:
            return to_check
        counting.check_person(unit, client.client_id, addressee.subject, limits, now=now)
        approvable = Approvable(
            client=client,
            addressee=addressee,
            hint_verified=hint.verified,
            parameters=parameters,
            confirmation=confirmation,
        )
        ack = self._storing.store(unit, approvable, asked.ids, now=now)
        if key is not None:
            self._initiations.keep(unit, client.client_id, key, compared, ids=asked.ids, ack=ack, now=now)
        return ack


def _compared(asked: Asked, confirmation: Confirmation | None) -> Mapping[str, Any]:
    """Return what makes two calls the same: what is asked for, and what the answer to it is bound to."""
    compared = asked.verified.compared
    return compared if confirmation is None else {**compared, **confirmation.claims()}


def _request(unit: Unit, client: Client, profile: Profile, asked: Asked) -> Sent:
    """Return the request's parameters: of its request object, whose jti is used up, where it has one."""
    request, sent = asked.verified.request, asked.verified.sent
    if isinstance(sent, OAuthError):
        raise sent
    if request is None:
        if client.request_alg is not None or profile.signed_requests:
            raise invalid_request("this client must send its requests signed, as a request object")
        return sent
    if request.algorithm != client.request_alg:  # it was registered anew since the signature was checked
        raise fault("is not signed by the algorithm that is registered for this client")
    if not use_token(unit, request.once, request_id=asked.ids.request_id):
        raise fault("was used before: its jti must be new each time")
    return sent


def _hint(unit: Unit, profile: Profile, asked: Asked) -> Hint:
    """Return whom the request means, once its token is used up where it counts once."""
    hint = asked.verified.hint
    if isinstance(hint, OAuthError):
        raise hint
    if profile.unknown_key_rejected and not hint.verified:
        raise invalid_request("the id_token_hint has a key that is not known")
    if hint.once is not None and not use_token(unit, hint.once, request_id=asked.ids.request_id):
        raise invalid_request("the login_hint_token was used before")
    return hint
