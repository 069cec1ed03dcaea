"""The suite's part of a module, played from nothing but the configuration that it was given."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import jwt

from engine import SystemClock
from protocols.oauth2.client_assertions import ASSERTION_TYPE

GRANT = "urn:openid:params:grant-type:ciba"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class SuitePlayer:
    """One of a plan's two clients: *number* says which. *auth* is the variant's ``client_auth_type``."""

    http: httpx2.AsyncClient
    plan: Mapping[str, Any]
    issuer: str
    auth: str
    number: str = ""

    @property
    def client(self) -> Mapping[str, Any]:
        return dict(self.plan[f"client{self.number}"])

    @property
    def certificate(self) -> dict[str, str]:
        """What the terminator would send of this client's connection."""
        return {"X-SSL-Client-Cert": quote(str(self.plan[f"mtls{self.number}"]["cert"]), safe="")}

    def signed(self, **claims: Any) -> str:
        jwk = self.client["jwks"]["keys"][0]
        at, mine = int(SystemClock().now().timestamp()), {"iss": self.client["client_id"], "aud": self.issuer}
        timed = {"iat": at, "nbf": at, "exp": at + 60, "jti": f"suite-{next(_NUMBERS)}"}
        key = jwt.PyJWK.from_dict(jwk).key
        return jwt.encode({**mine, **timed, **claims}, key, algorithm=jwk["alg"], headers={"kid": jwk["kid"]})

    def proof(self) -> dict[str, str]:
        client_id = str(self.client["client_id"])
        if self.auth == "mtls":
            return {"client_id": client_id}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.signed(sub=client_id)}

    async def ask(self, **changes: Any) -> httpx2.Response:
        """Send the backchannel request of every module."""
        hint = {self.client["hint_type"]: self.client["hint_value"], "scope": self.client["scope"]}
        ping = {"client_notification_token": "token-of-the-suite-12345"}
        request = self.signed(**hint, binding_message="1234", **ping, **changes)
        # With private_key_jwt the suite does not show its certificate here.
        headers = self.certificate if self.auth == "mtls" else {}
        form = {**self.proof(), "request": request}
        return await self.http.post("/oauth2/bc-authorize", data=form, headers=headers)

    async def poll(self, auth_req_id: str) -> httpx2.Response:
        form = {**self.proof(), "grant_type": GRANT, "auth_req_id": auth_req_id}
        return await self.http.post("/oauth2/token", data=form, headers=self.certificate)

    async def decide(self, auth_req_id: str, action: str) -> httpx2.Response:
        """Call the hook as the suite does: POST, no body, the blanks filled in."""
        url = str(self.plan["automated_ciba_approval_url"])
        return await self.http.post(url.format(auth_req_id=auth_req_id, action=action))
