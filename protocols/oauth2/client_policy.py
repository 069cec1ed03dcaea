"""What one deployment lets its clients be registered with: its scopes, its signing algorithms, its profile."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocols.oauth2.client_registration import GRANT_TYPES, SECRET_METHODS, ClientInvalid, NewClient
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2.profiles import PROFILES, Profile, profile_of

__all__ = ["ClientPolicy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """The deployment's side of a registration. ``algorithms`` are those it has keys for, its first choice first.

    ``mutual_tls`` says what it does with client certificates: without a terminator there are none.
    """

    profile: str
    scopes: Sequence[str]
    algorithms: tuple[str, ...]
    grant_types: Sequence[str] = GRANT_TYPES
    mutual_tls: MutualTls = field(default_factory=MutualTls)

    def check(self, client: NewClient, *, secret_kept: bool = False) -> None:
        """Raise ClientInvalid for the first setting that no client can have, or that this deployment does not allow."""
        self._check_known(client)
        client.check(secret_kept=secret_kept)
        self._check_profile(client)
        self._check_offers(client)
        self._check_certificates(client)
        rules = profile_of(client, self.profile)
        _check_demands(client, rules, methods=self.mutual_tls.offered(rules.auth_methods))

    def _check_profile(self, client: NewClient) -> None:
        if client.profile is None:
            return
        order = tuple(PROFILES)
        allowed = order[order.index(self.profile) :]
        if client.profile not in allowed:
            says = f"none or one of {', '.join(allowed)}: a client may promise more than its deployment, never less"
            raise ClientInvalid("profile", says)

    def _check_known(self, client: NewClient) -> None:
        if unknown := sorted(set(client.scopes) - set(self.scopes)):
            known = ", ".join(sorted(self.scopes))
            says = f"scopes that the settings know ({known}), found {', '.join(unknown)}"
            raise ClientInvalid("scopes", f"{says}; add [scopes.{unknown[0]}] to the settings first")
        if not set(client.grant_types) <= set(self.grant_types):
            raise ClientInvalid("grant_types", f"of {' and '.join(self.grant_types)}")

    def _check_offers(self, client: NewClient) -> None:
        if client.id_token_alg is not None and client.id_token_alg not in self.algorithms:
            says = f"one of {', '.join(self.algorithms)}, found {client.id_token_alg}"
            raise ClientInvalid("id_token_alg", f"{says}; add it to keys.algorithms in the settings first")
        rules = profile_of(client, self.profile)
        if (client.id_token_alg or self.algorithms[0]) not in rules.signing_algs:
            raise ClientInvalid("id_token_alg", f"{' or '.join(rules.signing_algs)}, as profile {rules.name} demands")

    def _check_certificates(self, client: NewClient) -> None:
        if client.certificate_bound and not self.mutual_tls.accepted:
            raise ClientInvalid("certificate_bound", f"off: {_NO_TERMINATOR}")
        if client.auth_method is not None and client.auth_method not in self.mutual_tls.methods:
            missing = _NO_ANCHORS if self.mutual_tls.accepted else _NO_TERMINATOR
            raise ClientInvalid("auth_method", f"{' or '.join(self.mutual_tls.methods)}: {missing}")


_NO_TERMINATOR = "no certificate reaches this server; set mtls.terminators in the settings first"
_NO_ANCHORS = "no authority is trusted; set mtls.trust_anchors in the settings first"


def _check_demands(client: NewClient, rules: Profile, *, methods: Sequence[str]) -> None:
    used = (client.auth_method,) if client.auth_method else SECRET_METHODS
    signed = (client.auth_alg, client.request_alg)
    by, algs = f"as profile {rules.name} demands", " or ".join(rules.signing_algs)
    for setting, holds, expected in (
        ("auth_method", set(used) <= set(methods), " or ".join(methods)),
        ("delivery_mode", client.delivery_mode in rules.delivery_modes, " or ".join(rules.delivery_modes)),
        ("auth_alg", signed[0] is None or _fits(signed[0], rules), f"none or {algs}"),
        ("request_alg", signed[1] is not None or not rules.signed_requests, f"{algs}: requests are signed"),
        ("request_alg", signed[1] is None or _fits(signed[1], rules), algs),
        ("certificate_bound", client.certificate_bound or not rules.sender_constrained, "on: its tokens are bound"),
        ("binding_max", (client.binding_max or 0) <= rules.binding_max, f"at most {rules.binding_max}"),
    ):
        if not holds:
            raise ClientInvalid(setting, f"{expected}, {by}")


def _fits(algorithm: str, rules: Profile) -> bool:
    # A shared secret signs with an algorithm of its own; whether it may is a matter of the method.
    return algorithm in rules.signing_algs or ("client_secret_jwt" in rules.auth_methods and algorithm == "HS256")
