"""The callback: an assertion that passes every check moves its request to approved, once, in the unit that is given."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from engine.storage import Keyring, Unit, to_micros
from protocols.oauth2 import AssertionKey
from protocols.oauth2.assertion_checks import CHECKS, Check, Evidence, first_failed
from protocols.oauth2.assertions import OTHER_CLAIMS, CallbackAnswer, digest_of_claims, verified_claims
from protocols.oauth2_ciba.approval_link import request_of
from protocols.oauth2_ciba.guard import AccountGuard
from protocols.oauth2_ciba.moves import audit
from protocols.oauth2_ciba.requests import Request, by_id
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import Event
from protocols.oauth2_ciba.tables import ASSERTIONS
from protocols.oauth2_ciba.transitions import Transitions

_SEEN = select(ASSERTIONS).where(ASSERTIONS.c.jti == bindparam("known"))
_REMEMBER = insert(ASSERTIONS)


class Callback:
    """Receives assertions for the callback that CIBA registered."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        guard: AccountGuard,
        assertion_key: AssertionKey,
        transitions: Transitions,
        settings: CibaSettings,
        checks: tuple[Check, ...] = CHECKS,
    ) -> None:
        self._keyring, self._guard, self._settings = keyring, guard, settings
        self._transitions = transitions
        self._public_key, self._checks = assertion_key.public_key, checks
        self._required = frozenset(name for name, scope in settings.scopes.items() if scope.required)

    def receive(self, unit: Unit, name: str, assertion: str, now: datetime) -> CallbackAnswer:
        """Judge *assertion*, move the request, and remember the answer by ``jti``, all in *unit*.

        The same jti with the same claims gets the stored answer and has no second effect; with other claims it is
        refused and audited.
        """
        if name != self._settings.callback_name:
            return CallbackAnswer(accepted=False, reason="callback")
        claims = verified_claims(assertion, self._public_key)
        if claims is None:
            return CallbackAnswer(accepted=False, reason="signature")
        jti, execution = claims.get("jti"), claims.get("execution")
        if not (isinstance(jti, str) and jti and isinstance(execution, str)):
            return CallbackAnswer(accepted=False, reason="jti")
        request_id = request_of(unit, execution)
        request = None if request_id is None else by_id(unit, request_id, lock=True)
        if request is None:
            return CallbackAnswer(accepted=False, reason="execution")
        return self._answer_once(unit, jti, claims, request, now)

    def _answer_once(
        self, unit: Unit, jti: str, claims: Mapping[str, Any], request: Request, now: datetime
    ) -> CallbackAnswer:
        """Answer from memory, or judge and remember. The request's row is locked, so nobody does so meanwhile."""
        digest = digest_of_claims(self._keyring, "ciba.assertion", claims)
        seen = unit.execute(_SEEN, {"known": jti}).first()
        if seen is not None:
            if seen.claims_digest == digest:
                return CallbackAnswer(accepted=bool(seen.accepted), reason=seen.reason)
            audit(unit, request.request_id, what="assertion with other claims", why=jti, now=now)
            return CallbackAnswer(accepted=False, reason=OTHER_CLAIMS)
        answer = self._judge(unit, claims, request, now)
        kept = max(request.redeem_by, now) + self._settings.keep_final
        row = {
            "jti": jti,
            "claims_digest": digest,
            "accepted": int(answer.accepted),
            "reason": answer.reason,
            "forget_at": to_micros(kept),
        }
        unit.execute(_REMEMBER, row)
        return answer

    def _judge(self, unit: Unit, claims: Mapping[str, Any], request: Request, now: datetime) -> CallbackAnswer:
        settings = self._settings
        evidence = Evidence(
            claims=claims,
            request=request,
            now=now,
            issuer=settings.issuer,
            audience=settings.callback_name,
            required=self._required,
        )
        failed = first_failed(evidence, self._checks)
        if failed is not None:
            state = request.state_at(now).value
            return CallbackAnswer(
                accepted=False, reason=f"status:{state}" if failed in ("status", "expired") else failed
            )
        if not self._guard.allows(unit, subject=request.user_id, client_id=request.client_id):
            kept = now + settings.keep_final
            self._transitions.apply(unit, Event.REFUSAL, request, now=now, reason="account", due_at=kept)
            return CallbackAnswer(accepted=False, reason="account")
        return self._approve(unit, claims, request, now)

    def _approve(self, unit: Unit, claims: Mapping[str, Any], request: Request, now: datetime) -> CallbackAnswer:
        granted = [name for name in request.scopes if name in claims["granted"]]
        writes = {
            "granted": json.dumps(granted),
            "methods": json.dumps(claims["methods"]),
            "auth_time": int(claims["auth_time"] * 1_000_000),
            "grant_id": None,
        }
        moved = self._transitions.apply(unit, Event.ASSERTION, request, now=now, reason="approved", writes=writes)
        return CallbackAnswer(accepted=moved, reason="" if moved else f"status:{request.state_at(now).value}")
