"""Every setting of a Lockhouse server: its name, type, default and meaning.

This module only says what may be set. Reading the file and the environment, and explaining mistakes,
is `lockhouse.configuration`. Other packages take plain values; no settings class leaves `lockhouse`.
"""

import ipaddress
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lockhouse.api_settings import FlowApiSection, MetricsSection, PluginsSection, TracingSection
from lockhouse.hint_settings import HintIssuerSection
from lockhouse.message_settings import FORBID, MailSection, SmsAnswerSection, SmsSection, as_list, as_table
from lockhouse.mtls_settings import MtlsSection
from lockhouse.protocol_settings import CibaSection, CodeSection, LimitsSection, RegistrationSection
from protocols.oauth2 import profile_named

__all__ = [
    "CibaSection",
    "CodeSection",
    "DatabaseSection",
    "EngineSection",
    "FlowApiSection",
    "FlowsSection",
    "GateSection",
    "HintIssuerSection",
    "KeysSection",
    "LimitsSection",
    "ListenSection",
    "LogSection",
    "MailSection",
    "MtlsSection",
    "OutgoingSection",
    "PasswordSection",
    "RegistrationSection",
    "ScopeSection",
    "Settings",
    "SmsAnswerSection",
    "SmsSection",
    "is_loopback",
]


def is_loopback(host: str) -> bool:
    """Say whether *host* can only mean this machine.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("id.example")
    (True, True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(text: str) -> str:
    """Check that *text* is an exact origin: scheme, host, optional port, nothing else."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError('an origin such as "https://api.example" or "http://127.0.0.1:9000", without a path')
    return text.lower()


class ListenSection(BaseModel):
    """Where the server listens."""

    model_config = FORBID

    host: str = Field(default="127.0.0.1", description="address to bind; 0.0.0.0 for all, behind a TLS terminator")
    port: int | None = Field(
        default=None, ge=0, le=65535, examples=[8400], description="port to bind; without it, the issuer's own"
    )
    connections: int = Field(default=2000, ge=8, le=100_000, description="most open at a time; more are turned away")
    patience: int = Field(default=20, ge=1, le=600, description="seconds in which a request has to be here whole")


class DatabaseSection(BaseModel):
    """Where everything is kept."""

    model_config = FORBID

    url: SecretStr = Field(
        default=SecretStr("sqlite:///lockhouse.sqlite"),
        description="sqlite:///FILE (relative to this file) or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
    )

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError('"sqlite:///FILE" or "postgresql+psycopg://USER:PASSWORD@HOST/NAME"')
        return url


class KeysSection(BaseModel):
    """The master key, and the keys that sign tokens."""

    model_config = FORBID

    file: str = Field(default="lockhouse.keys", description="file with the master key, readable by its owner only")
    algorithms: Annotated[tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...], BeforeValidator(as_list)] = Field(
        default=("RS256",),
        min_length=1,
        description="what tokens are signed with: RS256, PS256, ES256, EdDSA; the first where a client asks for none",
    )
    rotate_days: int = Field(default=90, ge=0, description="days after which a new key takes over; 0: never by itself")


class GateSection(BaseModel):
    """How the pages for people look."""

    model_config = FORBID

    name: str = Field(default="Lockhouse", min_length=1, max_length=60, description="name shown on every page")
    accent: str = Field(default="#1f5f8b", pattern=r"^#[0-9a-fA-F]{6}$", description="colour of buttons and links")
    support: str = Field(default="", max_length=200, description="where people find help; shown on every page")
    logo: str = Field(
        default="", description="picture instead of the name's mark: .svg, .png, .webp or .jpg, to 32 KiB"
    )
    logo_dark: str = Field(default="", description="the same for dark pages; empty: logo, on a light plate")
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="language of pages and prompts, such as en or pt-BR",
    )
    texts: str = Field(default="", description="folder with the pages' words as LANGUAGE.yaml; empty: ours, English")
    time_zone: str = Field(
        default="UTC", description="clocks by which pages and messages tell times, such as Europe/Berlin"
    )

    @field_validator("logo", "logo_dark")
    @classmethod
    def _a_file(cls, logo: str) -> str:
        # Pages load nothing from elsewhere: whoever sees them would be told to whoever serves it.
        if "://" in logo or logo.startswith("//"):
            raise ValueError("a file on this machine: pages load nothing from another host")
        return logo

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone != "UTC" and zone not in available_timezones():
            raise ValueError('the name of a time zone such as "Europe/Berlin"')
        return zone


class PasswordSection(BaseModel):
    """The cost of a password check, and how guesses are slowed down."""

    model_config = FORBID

    memory_kib: int = Field(default=19_456, ge=8, description="argon2id memory in KiB")
    rounds: int = Field(default=2, ge=1, description="argon2id time cost")
    lanes: int = Field(default=1, ge=1, le=16, description="argon2id parallelism")
    attempts: int = Field(default=5, ge=1, le=20, description="tries per request; then that request is denied")
    free_failures: int = Field(default=5, ge=1, description="failures in a row before a person's tries are delayed")
    max_delay: int = Field(default=300, ge=1, description="longest delay between two tries, in seconds")

    @model_validator(mode="after")
    def _memory_for_lanes(self) -> Self:
        if self.memory_kib < 8 * self.lanes:
            raise PydanticCustomError("misplaced", "at least 8 for each of password.lanes", {"setting": "memory_kib"})
        return self


class OutgoingSection(BaseModel):
    """Requests that the server makes itself."""

    model_config = FORBID

    allowed: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(as_list)] = Field(
        default=(), description="exact origins that may be http or have a private address"
    )
    timeout: int = Field(default=10, ge=1, le=60, description="seconds for one whole request")
    max_bytes: int = Field(default=1_048_576, ge=1024, description="largest answer, after decompression")


class ScopeSection(BaseModel):
    """One permission that clients may ask for, as people read it."""

    model_config = FORBID

    title: str = Field(min_length=1, max_length=120, description="what the person reads")
    description: str = Field(default="", max_length=400, description="a second sentence")
    required: bool = Field(default=False, description="the person cannot leave it out and still approve")


class FlowsSection(BaseModel):
    """Which flows run."""

    model_config = FORBID

    directory: str = Field(default="", description="folder with flow definitions; empty: the ones that come with us")


class EngineSection(BaseModel):
    """How the flow engine works off what is due."""

    model_config = FORBID

    lease: int = Field(default=10, ge=2, le=600, description="seconds before another process takes up a task")
    history_days: int = Field(default=30, ge=1, description="how long what has ended, and what happened, is kept")


class LogSection(BaseModel):
    """What is written to standard error."""

    model_config = FORBID

    format: Literal["console", "json"] = Field(default="console", description="console or json")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level written")


# The callback of the protocol layer in this process, as flows name it.
LOCAL_CALLBACK = "ciba"
SIGN_IN_CALLBACK = "sign_in"


class Settings(BaseSettings):
    """All settings of one server; see `docs/reference`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: str = Field(
        default="http://localhost:8400", description="our public address; endpoints and links derive from it alone"
    )
    development: bool = Field(default=False, description="allows an http issuer on a loopback host")
    listen: ListenSection = ListenSection()
    mtls: MtlsSection = MtlsSection()
    database: DatabaseSection = DatabaseSection()
    keys: KeysSection = KeysSection()
    mail: MailSection = MailSection()
    sms: SmsSection = SmsSection()
    gate: GateSection = GateSection()
    ciba: CibaSection = CibaSection()
    code: CodeSection = CodeSection()
    registration: RegistrationSection = RegistrationSection()
    password: PasswordSection = PasswordSection()
    outgoing: OutgoingSection = OutgoingSection()
    flows: FlowsSection = FlowsSection()
    flow_api: FlowApiSection = FlowApiSection()
    plugins: PluginsSection = PluginsSection()
    engine: EngineSection = EngineSection()
    log: LogSection = LogSection()
    metrics: MetricsSection = MetricsSection()
    tracing: TracingSection = TracingSection()
    callbacks: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")], str], BeforeValidator(as_table)
    ] = Field(default={}, description="addresses of assertion callbacks elsewhere, by the name that flows use")
    scopes: Annotated[
        dict[Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,64}$")], ScopeSection], BeforeValidator(as_table)
    ] = Field(default={}, description="permissions by scope value; each is a table [scopes.NAME]")
    hint_issuers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")], HintIssuerSection], BeforeValidator(as_table)
    ] = Field(default={}, description="whose login_hint_tokens are taken; each is a table [hint_issuers.NAME]")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what `lockhouse.configuration` read: it knows which file line or variable each value is from."""
        return (init_settings,)

    @field_validator("issuer")
    @classmethod
    def _a_url_without_extras(cls, issuer: str) -> str:
        # OpenID Connect Discovery 3: https, no query, no fragment. A closing slash would double in every address.
        parts = urlsplit(issuer)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError('an address such as "https://id.example"')
        if parts.query or parts.fragment or "?" in issuer or "#" in issuer:
            raise ValueError("an address without query and fragment")
        if parts.username is not None or issuer.endswith("/"):
            raise ValueError("an address without user name and without a slash at its end")
        if parts.path:
            raise ValueError("an address without a path: the server answers at the root of its host")
        _ = parts.port  # raises ValueError for a port that is none
        return issuer

    @field_validator("callbacks")
    @classmethod
    def _only_elsewhere(cls, callbacks: dict[str, str]) -> dict[str, str]:
        for own in (LOCAL_CALLBACK, SIGN_IN_CALLBACK):
            if own in callbacks:
                raise ValueError(f"another name than {own}: that one is this server's own and goes nowhere else")
        return callbacks

    @model_validator(mode="after")
    def _open_registration_only_in_development(self) -> Self:
        if self.registration.mode == "open" and not self.development:
            raise PydanticCustomError(
                "misplaced",
                "off or token; open only together with development = true",
                {"setting": "registration.mode"},
            )
        return self

    @model_validator(mode="after")
    def _keys_of_the_profile(self) -> Self:
        allowed = profile_named(self.ciba.profile).signing_algs
        if not set(self.keys.algorithms) <= set(allowed):
            raise PydanticCustomError(
                "misplaced",
                "only {allowed}, as ciba.profile demands",
                {"setting": "keys.algorithms", "allowed": " and ".join(allowed)},
            )
        return self

    @model_validator(mode="after")
    def _http_only_in_development(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme == "http" and not (self.development and is_loopback(parts.hostname or "")):
            raise PydanticCustomError(
                "misplaced",
                "an https address; http only on a loopback host together with development = true",
                {"setting": "issuer"},
            )
        return self

    @model_validator(mode="after")
    def _certificates_of_the_profile(self) -> Self:
        if profile_named(self.ciba.profile).sender_constrained and not self.mtls.terminators:
            raise PydanticCustomError(
                "misplaced",
                "mtls.terminators beside it: this profile binds tokens to certificates",
                {"setting": "ciba.profile"},
            )
        return self

    @property
    def port(self) -> int:
        """The port to bind: `listen.port`, else the issuer's own (8400 where the issuer names none)."""
        if self.listen.port is not None:
            return self.listen.port
        return urlsplit(self.issuer).port or 8400

    @property
    def request_lifetime(self) -> timedelta:
        """The life of a backchannel request that names none."""
        return timedelta(seconds=self.ciba.expires_in)
