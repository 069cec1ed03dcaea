"""What a deployment decides about CIBA, as values; ``lockhouse`` reads them from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from protocols.oauth2 import STANDARD_SCOPES, ClientLimits, ProfileName, RegistrationRules, Scope, TokenPolicy
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba.hints import HintIssuer, IdTokenHintPolicy
from protocols.oauth2_ciba.waiting import WaitLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many requests are taken: pending at once and in a minute; by pair, by person over all clients, by client."""

    pair_pending: int = 3
    pair_minute: int = 5
    person_pending: int = 10
    person_minute: int = 20
    client_pending: int = 1000

    def for_client(self, limits: ClientLimits) -> "Limits":
        """Return these limits with what an operator set for one client."""

        def chosen(own: int | None, common: int) -> int:
            return common if own is None else own

        return Limits(
            pair_pending=chosen(limits.pair_pending, self.pair_pending),
            pair_minute=chosen(limits.pair_minute, self.pair_minute),
            person_pending=chosen(limits.person_pending, self.person_pending),
            person_minute=chosen(limits.person_minute, self.person_minute),
            client_pending=chosen(limits.client_pending, self.client_pending),
        )


def _standard_scopes() -> Mapping[str, Scope]:
    return STANDARD_SCOPES


def _acr() -> Mapping[str, str]:
    return MappingProxyType({"pwd": "urn:lockhouse:acr:pwd"})


def _nobody() -> Mapping[str, Literal["two_flows", "one_flow"]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CibaSettings:
    """The deployment's choices. ``acr`` names the authentication context of each set of methods (joined by ``+``).

    ``composition`` says whether a request is two flows at two times or one journey, ``compositions`` says so for
    single clients. ``resources`` are those that a request may name beside what clients are registered as.
    ``dpop_nonces`` has proofs of keys carry a nonce of ours. ``answer_as_if_known`` answers for people who
    cannot be asked as for those who can (``decoys``).
    """

    issuer: str
    profile: ProfileName = "core"
    audience: str | None = None
    scopes: Mapping[str, Scope] = field(default_factory=_standard_scopes)
    expires_in: timedelta = timedelta(seconds=120)
    max_expires_in: timedelta = timedelta(seconds=600)
    interval: timedelta = timedelta(seconds=5)
    access_token_life: timedelta = timedelta(minutes=10)
    id_token_life: timedelta = timedelta(minutes=10)
    refresh_token_life: timedelta = timedelta(days=30)
    limits: Limits = Limits()
    open_attempts: int = 3
    binding_max: int = 256
    keep_final: timedelta = timedelta(days=7)
    keep_answer: timedelta = timedelta(seconds=60)
    keep_audit: timedelta = timedelta(days=90)
    replay_after: timedelta = timedelta(seconds=60)
    notification_flow: str = "notification_dispatch"
    login_flow: str = "login_approval"
    journey_flow: str = "ciba_journey"
    composition: Literal["two_flows", "one_flow"] = "two_flows"
    compositions: Mapping[str, Literal["two_flows", "one_flow"]] = field(default_factory=_nobody)
    message_id: str = "approval.request"
    callback_name: str = "ciba"
    long_polls: WaitLimits = field(default_factory=WaitLimits)
    locale: str = "en"
    acr: Mapping[str, str] = field(default_factory=_acr)
    registration: RegistrationRules = field(default_factory=RegistrationRules)
    resources: tuple[str, ...] = ()
    id_token_hint: IdTokenHintPolicy = field(default_factory=IdTokenHintPolicy)
    hint_issuers: tuple[HintIssuer, ...] = ()
    answer_as_if_known: bool = False
    mutual_tls: MutualTls = field(default_factory=MutualTls)
    dpop_nonces: bool = True

    @property
    def targets(self) -> tuple[str, ...]:
        """What a request may name as its resource beside what clients are registered as: we ourselves among them."""
        return (*self.resources, self.audience or self.issuer)

    def token_policy(self) -> TokenPolicy:
        """Return what all tokens say. Without a resource of its own the audience is the issuer (RFC 9068 section 3)."""
        return TokenPolicy(
            issuer=self.issuer,
            audience=self.audience or self.issuer,
            access_token_life=self.access_token_life,
            id_token_life=self.id_token_life,
        )

    def composition_of(self, client_id: str) -> Literal["two_flows", "one_flow"]:
        """Return how the requests of one client are put together."""
        return self.compositions.get(client_id, self.composition)

    def acr_of(self, methods: tuple[str, ...], asked: str | None = None) -> str | None:
        """Return the authentication context that *methods* reach, if it has a name here.

        Of several names that hold, it is the one that *asked* (``acr_values``) prefers: whoever did more than a name
        demands has done that as well. Where none was asked for that holds, it is the name of exactly what was done.
        """
        done = frozenset(methods)
        held = {name for needed, name in self.acr.items() if frozenset(needed.split("+")) <= done}
        wanted = next((name for name in (asked or "").split(" ") if name in held), None)
        return wanted or self.acr.get("+".join(sorted(done)))

    def link(self, token: str) -> str:
        """Return the address that a person is sent."""
        return f"{self.issuer.rstrip('/')}/a/{token}"
