"""Settings of the ways that messages leave: mail and text messages. Part of `lockhouse.settings`."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from lockhouse.directory.phones import is_country

FORBID = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def as_list(value: Any) -> Any:
    """Let a list come from one environment variable, with commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def as_table(value: Any) -> Any:
    """Let a table come from one environment variable, as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError('a table, written as JSON: {"name": "value"}') from error


class MailSection(BaseModel):
    """How messages leave."""

    model_config = FORBID

    host: str = Field(default="", description="SMTP server; empty: nothing is sent, see directory")
    port: int = Field(default=587, ge=1, le=65535, description="SMTP port")
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="starttls, tls or none")
    user: str = Field(default="", description="SMTP user name; empty: no authentication")
    password: SecretStr = Field(default=SecretStr(""), description="SMTP password")
    sender: str = Field(default="Lockhouse <lockhouse@localhost>", description="From: of each message")
    directory: str = Field(default="", description="each message is also written there as one .eml file")

    @field_validator("sender")
    @classmethod
    def _one_address(cls, sender: str) -> str:
        if "@" not in sender or any(character in sender for character in "\r\n"):
            raise ValueError('an address such as "Lockhouse <no-reply@id.example>"')
        return sender


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from error
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


class SmsAnswerSection(BaseModel):
    """When the gateway has taken a message."""

    model_config = FORBID

    path: str = Field(
        default="", description="where in the JSON answer the verdict is: messages.0.status; empty: the whole text"
    )
    accepted: Pattern = Field(
        default="", description="pattern of a success: of the whole verdict, or found in the text; empty: any answer"
    )
    permanent: Pattern = Field(default="", description="pattern of a refusal for good; the rest is tried again")
    permanent_status: Annotated[tuple[int, ...], BeforeValidator(as_list)] = Field(
        default=(400, 422), description="statuses that are a refusal for good"
    )


class SmsSection(BaseModel):
    """How text messages leave: by an HTTP gateway. Placeholders: {{ to }}, {{ text }}, {{ key }}."""

    model_config = FORBID

    url: str = Field(default="", description="address of the gateway; empty: no text messages, see directory")
    method: Literal["POST", "PUT", "GET"] = Field(default="POST", description="POST, PUT or GET")
    format: Literal["json", "form"] = Field(default="json", description="how body is sent: json or form")
    headers: Annotated[dict[str, str], BeforeValidator(as_table)] = Field(default={}, description="more headers")
    body: Annotated[dict[str, Any], BeforeValidator(as_table)] = Field(
        default={"to": "{{ to }}", "text": "{{ text }}"}, description="what is sent, with placeholders"
    )
    authentication: Literal["none", "basic", "bearer", "header"] = Field(
        default="none", description="none, basic (user and secret), bearer or header"
    )
    user: str = Field(default="", description="user name for basic")
    secret: SecretStr = Field(default=SecretStr(""), description="password, token or key")
    header: str = Field(default="X-Api-Key", description="the header that carries the secret, for header")
    idempotency_header: str = Field(
        default="", description="header with a key that is the same at each try, where the gateway knows one"
    )
    timeout: int = Field(default=10, ge=1, le=60, description="seconds for one whole request")
    directory: str = Field(default="", description="each message is also written there as one .txt file")
    default_country: str = Field(
        default="",
        description="country of phone numbers that name none, such as DE; empty: every number must name it",
    )
    answer: SmsAnswerSection = SmsAnswerSection()

    @field_validator("default_country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if country and not is_country(country):
            raise ValueError("the two letters of a country that has telephone numbers, such as DE")
        return country

    @property
    def exists(self) -> bool:
        """Whether text messages can be sent at all."""
        return bool(self.url or self.directory)
