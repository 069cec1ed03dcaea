"""A ledger's API that takes access tokens: it reads them where a call is cheap to repeat, and asks where money moves.

``uvicorn --factory --no-proxy-headers guarded_ledger:make_application``, with ISSUER, ADDRESS (by which
clients call this API), CLIENT_ID and CLIENT_SECRET in the environment. The API is a client of its own, registered with
``--resource https://ledger.example``; clients ask for tokens with that ``resource``, and for the scope ``payment``.
"""

import os
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, FastAPI

from lockhouse.client import AsyncCibaClient, ClientSecretBasic
from lockhouse.resource import AccessToken, ApiGuard, InteractionIds, IntrospectedTokens, ProofMemory, SignedTokens

LEDGER = "https://ledger.example"


def make_application() -> FastAPI:
    """Return the API."""
    issuer, address = os.environ["ISSUER"], os.environ["ADDRESS"]
    issuer_client = AsyncCibaClient(issuer, ClientSecretBasic(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]))
    used = ProofMemory()
    reading = ApiGuard(SignedTokens(issuer, audience=LEDGER), address=address, used_proofs=used)
    asking = ApiGuard(
        IntrospectedTokens(issuer_client, issuer, audience=LEDGER, fresh_for=timedelta(0)),
        address=address,
        used_proofs=used,
    )
    balances: dict[str, int] = {}
    application = FastAPI()
    application.add_middleware(InteractionIds)

    @application.get("/balance")
    async def balance(token: Annotated[AccessToken, Depends(reading.requiring("openid"))]) -> dict[str, int]:
        return {"balance": balances.get(token.subject, 1000)}

    @application.post("/payments")
    async def pay(cents: int, token: Annotated[AccessToken, Depends(asking.requiring("payment"))]) -> dict[str, int]:
        balances[token.subject] = balances.get(token.subject, 1000) - cents
        return {"balance": balances[token.subject]}

    return application
