"""Who a request is for: the one person whom its hint means, or nobody who can be asked."""

from dataclasses import dataclass

from engine.storage import Keyring, Unit
from protocols.oauth2 import Accounts, Ambiguous, Client, Found, Nobody, OAuthError, has_grant, person_of
from protocols.oauth2_ciba.decoys import decoy_for
from protocols.oauth2_ciba.guard import is_blocked
from protocols.oauth2_ciba.hints import Hint
from protocols.oauth2_ciba.limits import lock_person


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Under what name the request is stored. ``decoy`` says why there is no person behind it; None where there is."""

    subject: str
    decoy: str | None = None


class Addressees:
    """Looks for people. With *as_if_known* whoever cannot be asked is answered for like a person who can."""

    def __init__(self, *, accounts: Accounts, keyring: Keyring, as_if_known: bool) -> None:
        self._accounts, self._keyring, self._as_if_known = accounts, keyring, as_if_known

    def find(self, unit: Unit, client: Client, hint: Hint) -> Addressee:
        """Return whom *hint* means, locked, once guard, block and channel have let the request pass.

        Raises ``unknown_user_id``, or 403 ``access_denied`` where the person has blocked the client. Every question is
        asked whatever came of those before, so that an answer costs the same for everybody.
        """
        found = self._person(unit, client, hint)
        if isinstance(found, Found):
            subject, error = found.subject, None
        else:
            subject, error = decoy_for(self._keyring, found.form), _unknown_person(_why(found))
            if not self._as_if_known:
                raise error
        lock_person(unit, subject)
        refused = self._refusal(unit, client, subject)
        error = error or refused
        if error is None:
            return Addressee(subject=subject)
        if not self._as_if_known:
            raise error
        name = decoy_for(self._keyring, subject) if isinstance(found, Found) else subject
        return Addressee(subject=name, decoy=error.hint)

    def _person(self, unit: Unit, client: Client, hint: Hint) -> Found | Ambiguous | Nobody:
        """Return the one person whom all that the hint holds means."""
        names = hint.names
        if hint.told is not None:
            person = person_of(unit, client, hint.told)
            # What our sector was never told is looked for under a name that nobody has: it takes as long as any other.
            names = (*names, f"sub:{decoy_for(self._keyring, hint.told) if person is None else person}")
        each = [self._accounts.find(unit, name) for name in names]
        found = each[0] if len(set(each)) == 1 else Nobody(" ".join(names))
        if hint.needs_grant and isinstance(found, Found):
            granted = has_grant(unit, client_id=client.client_id, user_id=found.subject)
            return found if granted else Nobody(names[0])
        return found

    def _refusal(self, unit: Unit, client: Client, subject: str) -> OAuthError | None:
        allowed = self._accounts.allowed(unit, subject, client.client_id)
        blocked = is_blocked(unit, client.client_id, subject)
        reachable = self._accounts.reachable(unit, subject)
        if not allowed:
            return _unknown_person("the account guard says no")
        if blocked:
            hint = "the person has blocked this client"
            return OAuthError("access_denied", "the request cannot be taken", status=403, hint=hint)
        return None if reachable else _unknown_person("the person has no channel")


def _why(found: Ambiguous | Nobody) -> str:
    return f"the hint means {found.count} people" if isinstance(found, Ambiguous) else "the hint means nobody"


def _unknown_person(hint: str) -> OAuthError:
    return OAuthError("unknown_user_id", "the person cannot be asked", hint=hint)
