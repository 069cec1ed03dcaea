"""What programs and people send to a running server by mistake, and write into flows, with what they must then read."""

from base64 import b64encode
from dataclasses import dataclass, field

from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, PERSON

BASIC = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
WRONG = b64encode(f"{CLIENT_ID}:nope".encode()).decode()
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
ASK, TOKEN = "/oauth2/bc-authorize", "/oauth2/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request, and how it is answered."""

    path: str
    status: int
    says: str
    error: str = ""
    method: str = "POST"
    form: dict[str, str] | None = None
    content: str | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Basic {BASIC}"})


REQUESTS: dict[str, Sent] = {
    "JSON": Sent(
        path=ASK,
        content='{"scope": "openid"}',
        headers={"Authorization": f"Basic {BASIC}", "Content-Type": "application/json"},
        status=400,
        error="invalid_request",
        says="send a form: Content-Type application/x-www-form-urlencoded",
    ),
    "GET": Sent(path=ASK, method="GET", status=405, error="method_not_allowed", says="this address knows POST only"),
    "no authentication": Sent(
        path=ASK,
        form={"scope": "openid"},
        headers={},
        status=401,
        error="invalid_client",
        says="send the client's id and secret",
    ),
    "a wrong secret": Sent(
        path=ASK,
        form={"scope": "openid"},
        headers={"Authorization": f"Basic {WRONG}"},
        status=401,
        error="invalid_client",
        says="client authentication failed",
    ),
    "no scope": Sent(
        path=ASK, form={"login_hint": PERSON}, status=400, error="invalid_request", says="scope is required"
    ),
    "a scope that is unknown": Sent(
        path=ASK,
        form={"scope": "openid paymnt", "login_hint": PERSON},
        status=400,
        error="invalid_scope",
        says="unknown or not",
    ),
    "no hint": Sent(
        path=ASK, form={"scope": "openid"}, status=400, error="invalid_request", says="exactly one of login_hint"
    ),
    "two hints": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": PERSON, "id_token_hint": "x"},
        status=400,
        error="invalid_request",
        says="send exactly one of login_hint, login_hint_token and id_token_hint",
    ),
    "nobody": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": "nobody"},
        status=400,
        error="unknown_user_id",
        says="cannot be asked",
    ),
    "an expiry that is none": Sent(
        path=ASK,
        form={"scope": "openid", "login_hint": PERSON, "requested_expiry": "soon"},
        status=400,
        error="invalid_request",
        says="requested_expiry is a positive number of seconds",
    ),
    "another grant type": Sent(
        path=TOKEN,
        form={"grant_type": "client_credentials"},
        status=400,
        error="unsupported_grant_type",
        says=CIBA_GRANT,
    ),
    "no auth_req_id": Sent(
        path=TOKEN, form={"grant_type": CIBA_GRANT}, status=400, error="invalid_request", says="auth_req_id is required"
    ),
    "a wrong auth_req_id": Sent(
        path=TOKEN,
        form={"grant_type": CIBA_GRANT, "auth_req_id": "x" * 40},
        status=400,
        error="invalid_grant",
        says="this auth_req_id is not valid: start again",
    ),
    "a slash too many": Sent(path=f"{TOKEN}/", form={}, status=404, error="not_found", says="leave out its last slash"),
    "an address that is none": Sent(
        path="/oauth/token", form={}, status=404, error="not_found", says="/.well-known/openid-configuration names ours"
    ),
    "another host": Sent(
        path=TOKEN,
        form={},
        headers={"Host": "127.0.0.1"},
        status=421,
        error="misdirected_request",
        says="it is http://localhost:",
    ),
    "no token": Sent(
        path="/oauth2/userinfo",
        method="GET",
        headers={},
        status=401,
        error="invalid_token",
        says="send the access token in the Authorization header",
    ),
    "a page that is none": Sent(
        path="/nothing",
        method="GET",
        headers={"Accept": "text/html"},
        status=404,
        says="check it against the link in the message",
    ),
    "a link with one character wrong": Sent(
        path="/a/Zm9vYmFyYmF6cXV4eHh5Zm9vYmFyYmF6cXV4eHh5Zm9",
        method="GET",
        headers={"Accept": "text/html"},
        status=404,
        says="open it again from the message, in full",
    ),
}

FLOW = """\
flow: confirm
version: 1.0.0
language: 1
type: utility
title: Ask somebody to confirm

inputs:
  question: {type: string, max: 80}
outcomes:
  confirmed: {}
  refused: {}
start: ask

nodes:
  ask:
    prompt: {title: Please confirm}
    show: {question: =inputs.question}
    submits: []
    routes: {yes_please: good, no_thanks: bad}
    timeout: {after: 10m, to: bad}
  good: {end: confirmed}
  bad: {end: refused}
"""

FLOWS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a tab": ("  question:", "\tquestion:", (":8:1", "there is a tab here", "use spaces")),
    "a node misspelt": ("no_thanks: bad", "no_thanks: bda", (":19:", "there is no node 'bda'", "did you mean 'bad'?")),
    "a route left out": (
        ", no_thanks: bad}\n    timeout: {after: 10m, to: bad}",
        "}",
        ("no path leads", "'bad'", "route to it"),
    ),
    "a key misspelt": ("{title: Please", "{titel: Please", ("unknown key 'titel'", "did you mean 'title'?")),
    "an input misspelt": (
        "=inputs.question",
        "=inputs.qestion",
        ("there is no input 'qestion'", "did you mean 'question'?"),
    ),
    "a time in words": ("10m", "10 minutes", ("'10 minutes' is not a duration", "30s, 5m")),
    "a newer language": ("language: 1", "language: 2", ("reads language 1", "write 'language: 1'")),
    "an outcome misspelt": (
        "{end: confirmed}",
        "{end: confirmd}",
        ("no outcome 'confirmd'", "did you mean 'confirmed'?"),
    ),
    "a short version": ("1.0.0", "1.0", ("a version has three numbers", "write 1.0.0")),
}
