"""requests-oauth2client: a question in a signed object, and tokens that are renewed."""

import json
import os
import secrets
import time

import requests
from requests_oauth2client import BackChannelAuthenticationPollingJob, IdToken, OAuth2Client, PrivateKeyJwt

issuer, key = os.environ["ISSUER"], json.loads(os.environ["KEY"])
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
client = OAuth2Client.from_discovery_document(
    metadata,
    issuer=issuer,
    auth=PrivateKeyJwt("signed", key),
    backchannel_authentication_endpoint=metadata["backchannel_authentication_endpoint"],
    testing=True,
)
now = int(time.time())  # noqa: TID251 - a program of its own
request = client.backchannel_authentication_request(
    scope="openid offline_access",
    login_hint="ann@example.org",
    private_jwk=key,
    # The library signs what it is given: the claims that a request object needs are its caller's to add.
    iss="signed",
    aud=issuer,
    jti=secrets.token_urlsafe(16),
    iat=now,
    nbf=now,
    exp=now + 60,
)
poll, token = BackChannelAuthenticationPollingJob(client, request), None
while token is None:
    token = poll()
assert isinstance(token.id_token, IdToken)
again = client.refresh_token(token)
assert str(again.access_token) != str(token.access_token)
print(json.dumps({"sub": client.userinfo(again)["sub"], "amr": token.id_token.claims["amr"]}))  # noqa: T201
