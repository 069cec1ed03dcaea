"""Every column says how it is kept, and what is in it agrees (ciba.md "Storage")."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, LargeBinary

from engine.storage import ENGINE_TABLES
from lockhouse.tables import LOCKHOUSE_TABLES
from protocols.oauth2 import OAUTH2_TABLES
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_TABLES
from protocols.oauth2_device import DEVICE_TABLES
from tests.abuse.attacks import Who, attack
from tests.fixtures.books import Books
from tests.fixtures.mail_server import MailServer
from tests.fixtures.relying_party import Person, RelyingParty

READER: Who = "a reader of the database"
OWNERS = (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES, DEVICE_TABLES, LOCKHOUSE_TABLES)
COLUMNS = {
    f"{table.name}.{column.name}": column
    for owner in OWNERS
    for table in owner.metadata.sorted_tables
    for column in table.columns
}

# The storage table of the design, by what the columns hold. What is not named here may be clear.
REQUIRED = {
    "hashed": {
        "ciba_requests.auth_req_id_hash",
        "ciba_requests.link_hash",
        "engine_capabilities.token_hash",
        "engine_person_tokens.token_hash",
        "ciba_used_tokens.jti_hash",
        "lockhouse_operator_tokens.token_hash",
        "lockhouse_sessions.id_hash",
        "lockhouse_sessions.replaces",
        "lockhouse_session_attempts.session_hash",
        "lockhouse_session_attempts.link_hash",
        "oauth2_access_tokens.token_hash",
        "oauth2_client_assertions.attempt",
        "oauth2_client_assertions.jti_hash",
        "oauth2_clients.registration_hash",
        "oauth2_initial_tokens.token_hash",
        "oauth2_refresh_tokens.previous_hash",
        "oauth2_refresh_tokens.token_hash",
        "oauth2_used_proofs.attempt",
        "oauth2_used_proofs.proof_hash",
    },
    "keyed_hash": {
        "ciba_requests.binding_message_hash",
        "ciba_initiations.key_hash",
        "ciba_initiations.parameters_mac",
        "ciba_assertions.claims_digest",
        "oauth2_clients.secret_mac",
        "ciba_requests.answer_key",
        "lockhouse_hint_keys.key_hash",
    },
    "argon2id": {"lockhouse_persons.password", "lockhouse_persons.user_code"},
    "sealed": {
        "engine_executions.state",
        "engine_history.entry",
        "engine_outbox.payload",
        "ciba_requests.auth_req_id",
        "ciba_requests.binding_message",
        "ciba_requests.notification_token",
        "ciba_requests.answer",
        "ciba_initiations.auth_req_id",
        "oauth2_signing_keys.private_key",
        "oauth2_clients.sealed_secret",
        "lockhouse_persons.profile",
        "lockhouse_consents.decision",
        "lockhouse_sessions.subject",
    },
}


@attack(READER, "finds a column that nobody has thought about", "each column declares how it is kept")
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_says_how_it_is_kept(name: str) -> None:
    assert COLUMNS[name].info.get("kept") in {"clear", "hashed", "keyed_hash", "argon2id", "sealed"}


@attack(READER, "reads a secret from its column", "secrets are hashed, keyed, argon2id or sealed, as the design says")
@pytest.mark.parametrize(("kept", "name"), [(kept, name) for kept, names in REQUIRED.items() for name in sorted(names)])
def test_a_secret_column_is_kept_as_the_storage_table_says(kept: str, name: str) -> None:
    assert COLUMNS[name].info["kept"] == kept


@attack(READER, "finds bytes that somebody forgot to seal", "bytes are never kept in clear")
@pytest.mark.parametrize("name", [name for name, column in COLUMNS.items() if isinstance(column.type, LargeBinary)])
def test_bytes_are_never_clear(name: str) -> None:
    assert COLUMNS[name].info["kept"] != "clear"


@attack(READER, "finds a value that is not kept as its column says", "what a whole journey leaves is looked at")
def test_values_look_as_their_columns_say(books: Books, client: RelyingParty, mail_server: MailServer) -> None:
    asked = client.ask()
    with Person.at(asked.link(mail_server)) as person:
        person.approve()
    asked.outcome()

    wrong = [f"{place}: {reason}" for place, reason in mistakes(books)]

    assert wrong == []


def mistakes(books: Books) -> Iterator[tuple[str, str]]:
    tables = books.tables()
    for owner in OWNERS:
        for table in owner.metadata.sorted_tables:
            for row in tables[table.name]:
                for column in table.columns:
                    if row[column.name] is not None and (reason := mistake(column, row[column.name])):
                        yield f"{table.name}.{column.name}", reason


def mistake(column: Column[object], value: object) -> str:
    """Return what is wrong with *value* in *column*, or nothing."""
    match column.info["kept"]:
        case "hashed" | "keyed_hash":
            return "" if isinstance(value, bytes) and len(value) == 32 else "not 32 bytes"
        case "argon2id":
            return "" if isinstance(value, str) and value.startswith("$argon2id$") else "not argon2id"
        case "sealed":
            return "" if isinstance(value, bytes) and not readable(value) else "can be read"
        case _:
            return ""


def readable(value: bytes) -> bool:
    """Whether *value* is a text or JSON that somebody forgot to seal."""
    try:
        text = value.decode()
        json.loads(text)
    except ValueError:
        return False
    return True
