"""What a deployment and its clients promise: one table of what each profile demands.

``core`` is CIBA Core 1.0 and nothing beyond it. ``fapi-ciba`` is the Financial-grade API's CIBA profile (requirements
104 to 117 of the design): clients prove themselves by keys alone, every request is signed, and access
tokens are bound to certificates. ``fapi-ciba-draft-03`` is the same as its draft 03 has it: requests may be signed
(requirement 109).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, Protocol

from protocols.oauth2.key_pairs import ALGORITHMS

__all__ = ["PROFILES", "Profile", "ProfileName", "Profiled", "profile_named", "profile_of"]

ProfileName = Literal["core", "fapi-ciba-draft-03", "fapi-ciba"]


class Profiled(Protocol):
    """Who may have a profile of its own: a client, registered or about to be."""

    @property
    def profile(self) -> str | None:
        """The name of its profile; None leaves it to the deployment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one profile demands.

    ``signing_algs`` are what assertions, request objects and ID tokens may be signed with by a key pair.
    ``request_life`` is the longest time between ``nbf`` and ``exp`` of a request object; None leaves it to Core, where
    it has no limit. ``context_required``: a request needs a binding_message or a request_context, so that the person
    can tell it apart. ``binding_max`` counts code points. ``unknown_key_rejected``: an ID Token hint whose key is not
    known is refused, whatever ``id_token_hint.unknown_key`` says. ``acr_returned``: ``acr`` is part of the ID Token
    wherever acr_values were asked. ``sender_constrained``: access tokens are bound to the client's certificate
    (RFC 8705 section 3), whatever the client is registered with.
    """

    name: str
    auth_methods: tuple[str, ...]
    signing_algs: tuple[str, ...]
    delivery_modes: tuple[str, ...]
    signed_requests: bool
    request_life: timedelta | None
    context_required: bool
    binding_max: int
    binding_emoji: bool
    unknown_key_rejected: bool
    acr_returned: bool
    sender_constrained: bool


_CORE = Profile(
    name="core",
    auth_methods=(
        *("client_secret_basic", "client_secret_post", "client_secret_jwt"),
        *("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"),
    ),
    signing_algs=tuple(ALGORITHMS),
    delivery_modes=("poll", "ping", "push"),
    signed_requests=False,
    request_life=None,
    context_required=False,
    binding_max=256,
    binding_emoji=True,
    unknown_key_rejected=False,
    acr_returned=False,
    sender_constrained=False,
)
_FAPI = Profile(
    name="fapi-ciba",
    auth_methods=("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"),
    signing_algs=("PS256", "ES256"),
    delivery_modes=("poll", "ping"),
    signed_requests=True,
    request_life=timedelta(minutes=60),
    context_required=True,
    binding_max=64,
    binding_emoji=False,
    unknown_key_rejected=True,
    acr_returned=True,
    sender_constrained=True,
)
_DRAFT_03 = replace(_FAPI, name="fapi-ciba-draft-03", signed_requests=False)
# From the least to the most strict: the later one demands all that the earlier one does.
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (_CORE, _DRAFT_03, _FAPI)})


def profile_named(name: str) -> Profile:
    """Return the profile called *name*; KeyError where there is none.

    >>> profile_named("fapi-ciba").signing_algs
    ('PS256', 'ES256')
    """
    return PROFILES[name]


def profile_of(client: Profiled, deployment: str) -> Profile:
    """Return what binds *client* where the deployment has the profile called *deployment*.

    The stricter of both: a client may promise more than its deployment, never less. A name that this program does not
    know (a row of a newer one) binds to the strictest.
    """
    order = tuple(PROFILES)
    strictest = order[-1]
    names = [name if name in PROFILES else strictest for name in (client.profile or order[0], deployment)]
    return PROFILES[max(names, key=order.index)]
