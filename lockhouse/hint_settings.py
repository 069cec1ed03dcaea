"""Settings of how people are named and called: hints, user codes, people who cannot be asked."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lockhouse.message_settings import FORBID, as_list

__all__ = ["HintIssuerSection", "IdTokenHintSection", "UserCodeSection"]


class IdTokenHintSection(BaseModel):
    """Which ID Tokens of ours clients may show to say who is meant."""

    model_config = FORBID

    unknown_key: Literal["register", "proceed", "reject"] = Field(
        default="register",
        description="register: only a key of ours that was lost, for people with a grant; proceed: any; reject: none",
    )
    max_age_days: int = Field(default=400, ge=1, le=3650, description="days after which an ID Token is no hint")


class UserCodeSection(BaseModel):
    """How guesses of user codes are slowed down."""

    model_config = FORBID

    free_failures: int = Field(default=5, ge=1, description="wrong codes of one client before it must wait")
    max_delay: int = Field(default=3600, ge=1, description="longest wait between two tries, in seconds")


class HintIssuerSection(BaseModel):
    """Somebody whose login_hint_tokens clients may show."""

    model_config = FORBID

    issuer: str = Field(min_length=1, max_length=512, description="what its tokens have as iss")
    jwks: str = Field(default="", description="file with its key set")
    jwks_uri: str = Field(default="", description="https address of its key set, instead of a file")
    algorithms: Annotated[tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...], BeforeValidator(as_list)] = Field(
        default=("PS256", "ES256", "EdDSA"), min_length=1, description="what its tokens may be signed with"
    )
    clients: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        default=(), description="ids of the clients that may show them; empty: every client"
    )
    naming: Literal["sub", "username", "email", "tel"] = Field(
        default="sub", description="what it calls people in sub: our subject id, user name, e-mail address, number"
    )

    @field_validator("jwks_uri")
    @classmethod
    def _an_https_address(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and (parts.scheme not in {"https", "http"} or not parts.hostname or parts.fragment):
            raise ValueError('an address such as "https://issuer.example/jwks"')
        return address

    @model_validator(mode="after")
    def _one_key_set(self) -> Self:
        if bool(self.jwks) == bool(self.jwks_uri):
            raise PydanticCustomError("misplaced", "jwks or jwks_uri, one of the two", {"setting": "jwks"})
        return self
