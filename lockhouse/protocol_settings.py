"""Settings of the authorization server: backchannel requests, their limits, clients that register themselves."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from lockhouse.hint_settings import IdTokenHintSection, UserCodeSection
from lockhouse.message_settings import FORBID, as_list, as_table

__all__ = ["CibaSection", "CodeSection", "LimitsSection", "RegistrationSection"]


class LimitsSection(BaseModel):
    """How many requests may be open or arrive; ciba.md "Lifetimes, limits, fatigue"."""

    model_config = FORBID

    pair_pending: int = Field(default=3, ge=1, description="open requests of one client for one person")
    pair_per_minute: int = Field(default=5, ge=1, description="requests a minute of one client for one person")
    person_pending: int = Field(default=10, ge=1, description="open requests for one person over all clients")
    person_per_minute: int = Field(default=20, ge=1, description="requests a minute for one person")
    client_pending: int = Field(default=1000, ge=1, description="open requests of one client")


class CibaSection(BaseModel):
    """Lifetimes and pace of backchannel requests, in seconds."""

    model_config = FORBID

    profile: Literal["core", "fapi-ciba-draft-03", "fapi-ciba"] = Field(
        default="core", description="what all clients must keep to; a client may be bound to more, never to less"
    )
    expires_in: int = Field(default=120, ge=1, description="life of a request that names none")
    max_expires_in: int = Field(default=600, ge=1, description="cap on requested_expiry")
    interval: int = Field(default=5, ge=1, le=60, description="seconds between two polls")
    keep_days: int = Field(default=7, ge=1, description="how long a decided request is kept")
    access_token_lifetime: int = Field(default=600, ge=10, description="life of an access token")
    refresh_token_days: int = Field(default=30, ge=1, le=3650, description="life of a refresh token, in days")
    id_token_lifetime: int = Field(default=600, ge=10, description="life of an ID token")
    composition: Literal["two_flows", "one_flow"] = Field(
        default="two_flows", description="two flows started at two times, or one journey that calls both"
    )
    compositions: dict[str, Literal["two_flows", "one_flow"]] = Field(
        default_factory=dict, description="composition for single clients, by client id"
    )
    acr: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z]+(\+[a-z]+)*$")],
            Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,255}$")],
        ],
        BeforeValidator(as_table),
    ] = Field(
        default={"pwd": "urn:lockhouse:acr:pwd"},
        description="what signing in by these methods is called (acr), such as pwd; several methods are joined by +",
    )
    resources: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        default=(), description="APIs that tokens may be asked for, beside those that are registered as clients"
    )
    answer_as_if_known: bool = Field(
        default=False, description="answer for people who cannot be asked like for those who can, and ask nobody"
    )
    dpop_nonces: bool = Field(
        default=True, description="have DPoP proofs carry a nonce of this server, so that none can be made in advance"
    )
    long_polls: int = Field(
        default=1000,
        ge=0,
        le=100_000,
        description="polls that may wait in one process (Prefer: wait); more do not",
    )
    long_polls_per_client: int = Field(default=500, ge=0, le=100_000, description="the same, of one client")
    limits: LimitsSection = LimitsSection()
    id_token_hint: IdTokenHintSection = IdTokenHintSection()
    user_code: UserCodeSection = UserCodeSection()

    @model_validator(mode="after")
    def _default_below_cap(self) -> Self:
        if self.expires_in > self.max_expires_in:
            raise PydanticCustomError("misplaced", "at most ciba.max_expires_in", {"setting": "expires_in"})
        return self


class CodeSection(BaseModel):
    """The authorization code grant."""

    model_config = FORBID

    pkce: bool = Field(
        default=True, description="every request carries a code_challenge; false: one that carries none is taken too"
    )


class RegistrationSection(BaseModel):
    """Clients that register themselves over HTTP."""

    model_config = FORBID

    mode: Literal["off", "token", "open"] = Field(
        default="off",
        description="off: nobody; token: with an initial access token; open: anybody, only in development",
    )
    most: int = Field(default=1000, ge=1, description="how many clients may be registered that way")
