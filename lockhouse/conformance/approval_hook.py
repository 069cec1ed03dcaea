"""Where the suite decides in the person's place: an address that is there in development alone, and needs a key.

The suite knows one address with two blanks, so the key stands in the address. It is derived and not stored: whoever has
the deployment's master key can write it down again.
"""

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from engine.storage import Keyring, Unit
from lockhouse.answers import plain_answer
from lockhouse.installation import Installation
from protocols.oauth2_ciba import CibaRecords, Decided, DecisionMaker, DecisionRefused, approve, deny

__all__ = ["PATH", "approval_routes", "approval_url"]

PATH = "/development/decide"
_LABEL = "lockhouse.approval_hook"
_Decide = Callable[[Unit, str | None, DecisionMaker], Decided]
_DECISIONS: Mapping[str, _Decide] = {"allow": approve, "deny": deny}


def approval_url(issuer: str, keyring: Keyring) -> str:
    """Return what the suite calls `automated_ciba_approval_url`; its blanks are the suite's to fill in."""
    return f"{issuer}{PATH}?auth_req_id={{auth_req_id}}&action={{action}}&key={_key(issuer, keyring)}"


def approval_routes(installation: Installation, records: CibaRecords) -> list[BaseRoute]:
    """Return the hook where the deployment is for development, and nothing where it is for people."""
    if not installation.configuration.settings.development:
        return []
    return [Route(PATH, partial(_decide, installation=installation, records=records), methods=["POST"])]


async def _decide(request: Request, *, installation: Installation, records: CibaRecords) -> Response:
    """Decide about the request that is named: the newest one is never guessed at."""
    asked, issuer = request.query_params, installation.configuration.settings.issuer
    if not hmac.compare_digest(asked.get("key", "").encode(), _key(issuer, installation.keyring).encode()):
        return plain_answer(request.scope, 403, "access_denied", "expected the key that lockhouse conformance wrote")
    decide, auth_req_id = _DECISIONS.get(asked.get("action", "")), asked.get("auth_req_id")
    if decide is None or not auth_req_id:
        text = "expected auth_req_id, and action as allow or deny"
        return plain_answer(request.scope, 400, "invalid_request", text)
    maker = DecisionMaker(
        records=records,
        keyring=installation.keyring,
        execution=f"dev-{secrets.token_hex(8)}",
        now=installation.clock.now(),
    )
    try:
        decided = await installation.database.run(lambda unit: decide(unit, auth_req_id, maker))
    except DecisionRefused as error:
        return plain_answer(request.scope, 409, error.code, str(error))
    return JSONResponse(
        {"client_id": decided.client_id, "action": asked["action"]}, headers={"Cache-Control": "no-store"}
    )


def _key(issuer: str, keyring: Keyring) -> str:
    return base64.urlsafe_b64encode(keyring.mac(_LABEL, issuer)).rstrip(b"=").decode()
