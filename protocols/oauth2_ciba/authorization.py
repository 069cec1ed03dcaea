"""A backchannel authentication request from its form to its answer: what is waited for, between what units."""

from dataclasses import replace
from datetime import datetime

from engine.storage import Database
from protocols.oauth2 import Form, OAuthError, Presented
from protocols.oauth2.confirmations import Sender
from protocols.oauth2_ciba.initiation import Asked, Initiation
from protocols.oauth2_ciba.initiations import Acknowledgement
from protocols.oauth2_ciba.requests import Ids
from protocols.oauth2_ciba.signatures import Signatures
from protocols.oauth2_ciba.user_codes import CheckedCode, CodeToCheck, UserCodes

# A code is compared again only where it was changed in this very moment.
_ROUNDS = 3


class Authorization:
    """Answers bc-authorize (CIBA Core section 7)."""

    def __init__(
        self, *, database: Database, signatures: Signatures, initiation: Initiation, user_codes: UserCodes
    ) -> None:
        self._database, self._signatures = database, signatures
        self._initiation, self._user_codes = initiation, user_codes

    async def answer(
        self, form: Form, shown: Presented, sender: Sender, keys: tuple[str, ...], *, now: datetime
    ) -> Acknowledgement:
        """Return the acknowledgement; raise OAuthError for every other answer. *keys* are the Idempotency-Keys sent."""
        verified = await self._signatures.verify(form, shown.client_id, now)
        asked = Asked(verified=verified, shown=shown, sender=sender, keys=keys, ids=Ids.fresh())
        for _ in range(_ROUNDS):
            answer = await self._take(asked, now)
            if isinstance(answer, Acknowledgement):
                return answer
            matched = await self._user_codes.matches(answer.kept, answer.code)
            asked = replace(asked, checked=CheckedCode(to_check=answer, matched=matched))
        raise OAuthError("temporarily_unavailable", "try again", headers={"Retry-After": "1"})

    async def _take(self, asked: Asked, now: datetime) -> Acknowledgement | CodeToCheck:
        return await self._database.run(lambda unit: self._initiation.take(unit, asked, now=now))
