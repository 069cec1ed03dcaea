"""The pages on what a client can be registered with and on what profiles demand, read from the tables in the code."""

from dataclasses import fields
from datetime import timedelta

from lockhouse.client_fields import FIELDS, LIMITS, ClientField
from protocols.oauth2 import PROFILES, Profile
from protocols.oauth2.client_metadata import MEMBERS
from protocols.oauth2.metadata_members import ADDRESSES, TEXTS

CLIENTS_HEAD = """# Clients

What a client can be registered with: the key in a [file of clients](../how-to/keep-clients-in-a-file.md) (and in
`lockhouse client show`), the option of `lockhouse client add` and `change`, and the member of the metadata that a
client [registers itself with](../how-to/register-clients-over-http.md). Where there is no member, only an operator sets
it: what a client sends of that name is ignored."""
KEPT = "Over HTTP these are kept and handed back, and mean nothing to the server, which never calls their addresses:"
PROFILES_HEAD = """# Profiles

What each profile demands, from the table in `protocols/oauth2/profiles.py` that the code asks. `ciba.profile` binds a
whole deployment, `profile` of a client binds that client; the stricter of both counts.
[How to keep to fapi-ciba](../how-to/fapi-ciba.md)."""
# The words in which the table of a profile is told; a test of the page would miss a column that is not here.
WORDS = {
    "auth_methods": "how clients prove themselves",
    "signing_algs": "what assertions, request objects and ID tokens are signed with by keys",
    "delivery_modes": "how clients learn the outcome",
    "signed_requests": "requests must be signed",
    "request_life": "longest time from `nbf` to `exp` of a signed request",
    "context_required": "a request needs a binding_message or a request_context",
    "binding_max": "longest binding_message, in characters",
    "binding_emoji": "a binding_message may have emoji",
    "unknown_key_rejected": "an id_token_hint signed by a key that is not known is refused, whatever the setting says",
    "acr_returned": "`acr` is in the ID token wherever acr_values were asked",
    "sender_constrained": "access tokens are bound to the client's certificate",
}


def clients_page() -> str:
    """Return every key of a client with its option, its member and its meaning."""
    rows = ["| key | option | member over HTTP | |", "| --- | --- | --- | --- |"]
    rows += [_client_row(field, "") for field in FIELDS]
    rows += [_client_row(field, "limits.") for field in LIMITS]
    kept = ", ".join(f"`{name}`" for name in (*ADDRESSES, *TEXTS, "contacts"))
    secret = "| `secret` | `--secret`, `--new-secret` | `client_secret` | Its secret; in a file a reference to one. |"
    return "\n\n".join([CLIENTS_HEAD, "\n".join([*rows, secret]), f"{KEPT} {kept}."])


def profiles_page() -> str:
    """Return what each profile demands, a row for each thing."""
    names = list(PROFILES)
    rows = ["| | " + " | ".join(f"`{name}`" for name in names) + " |", "| --- |" + " --- |" * len(names)]
    for field in fields(Profile):
        if field.name != "name":
            cells = " | ".join(_words(getattr(PROFILES[name], field.name)) for name in names)
            rows.append(f"| {WORDS[field.name]} | {cells} |")
    return "\n\n".join([PROFILES_HEAD, "\n".join(rows)])


def _client_row(field: ClientField, above: str) -> str:
    member = MEMBERS.get(field.setting)
    says = f"{field.says} {', '.join(f'`{choice}`' for choice in field.choices)}".strip()
    return f"| `{above}{field.key}` | `{field.option}` | {f'`{member}`' if member else ''} | {says} |"


def _words(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(f"`{each}`" for each in value)
        case timedelta():
            return f"{int(value.total_seconds() // 60)} minutes"
        case None:
            return "any"
        case _:
            return str(value)
