"""Settings of what programs may call besides the OAuth endpoints: the flow API, metrics; of plug-ins and of traces."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, field_validator

from lockhouse.message_settings import FORBID, as_list

__all__ = ["FlowApiSection", "MetricsSection", "PluginsSection", "TracingSection"]


def _page_origin(text: str) -> str:
    """Check that *text* is what a browser sends as Origin, or ``*``."""
    parts = urlsplit(text)
    if text != "*" and (f"{parts.scheme}://{parts.netloc}" != text or parts.scheme not in {"http", "https"}):
        raise ValueError('an origin such as "https://app.example", without a path; or "*" for every page')
    return text.lower()


class FlowApiSection(BaseModel):
    """Flows that anybody may start and drive over HTTP, and how much one caller may send."""

    model_config = FORBID

    expose: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...], BeforeValidator(as_list)] = (
        Field(default=(), description="flows that can be started over HTTP; none with an endpoint input")
    )
    origins: Annotated[tuple[Annotated[str, AfterValidator(_page_origin)], ...], BeforeValidator(as_list)] = Field(
        default=(), description="origins whose pages may call the API from a browser"
    )
    max_body: int = Field(default=65_536, ge=1024, le=262_144, description="largest body in bytes")
    max_members: int = Field(default=256, ge=16, le=10_000, description="most members of one JSON object")
    held: int = Field(default=1000, ge=0, description="requests and streams that may wait at a time, in one process")
    held_each: int = Field(default=4, ge=0, description="the same for one execution")


class PluginsSection(BaseModel):
    """Executors of other distributions, by the names of their entry points in the group `lockhouse.executors`."""

    model_config = FORBID

    executors: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...], BeforeValidator(as_list)] = (
        Field(default=(), description="installed executors that flows may use; no other plug-in is even imported")
    )

    @field_validator("executors")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each name once; twice: {', '.join(twice)}")
        return names


class MetricsSection(BaseModel):
    """Figures for Prometheus."""

    model_config = FORBID

    token: SecretStr = Field(
        default=SecretStr(""), description="bearer token of /metrics, 16 characters at least; empty: there is none"
    )

    @field_validator("token")
    @classmethod
    def _not_guessable(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < 16:
            raise ValueError("at least 16 characters, or none")
        return token


class TracingSection(BaseModel):
    """Spans for OpenTelemetry."""

    model_config = FORBID

    enabled: bool = Field(default=False, description="make spans by the OpenTelemetry API; an SDK sends them")
