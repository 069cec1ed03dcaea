"""Puts the code grant together: from what the server is made of to its routes, its grant and its pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from engine import Engine
from engine.storage import Unit
from lockhouse.answers import plain_answer
from lockhouse.directory.verifier import Claim
from lockhouse.installation import Installation
from lockhouse.settings import SIGN_IN_CALLBACK
from protocols.oauth2 import AssertionKey, Grant, OAuthError
from protocols.oauth2.authorization_tokens import AuthorizationTokens
from protocols.oauth2.authorizations import forget_authorizations
from protocols.oauth2.minting import Mint
from protocols.oauth2.sign_ins import SignInDoor, SignIns, SignInSettings
from protocols.oauth2_ciba import Ciba, CibaRecords
from protocols.oauth2_code import CODE_GRANT, Authorize, CodeGrant, forget_code_rows
from protocols.oauth2_code.endpoints import CodeEndpoints

__all__ = ["CodeFlow", "authorization_tokens", "code_flow", "first_of", "sign_ins_beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFlow:
    """What the application serves of it."""

    door: SignInDoor
    grants: Mapping[str, Grant]
    routes: Sequence[BaseRoute]
    sweep: Callable[[], Awaitable[int]]


def code_flow(installation: Installation, *, ciba: Ciba, sign_ins: SignIns, engine: Engine) -> CodeFlow:
    """Return the code grant beside *ciba*, with which it shares clients, keys and the form of tokens."""
    database, clock, records = installation.database, installation.clock, ciba.records
    authorize = Authorize(
        sign_ins=sign_ins,
        clients=records.clients,
        database=database,
        clock=clock,
        signing_keys=ciba.signing_keys,
        pkce=installation.configuration.settings.code.pkce,
    )
    grant = CodeGrant(
        database=database, keyring=records.keyring, clients=records.clients, tokens=authorization_tokens(ciba)
    )
    endpoints = CodeEndpoints(
        authorize=authorize,
        clients=records.clients,
        proofs=ciba.proofs,
        senders=ciba.senders,
        database=database,
        clock=clock,
        refuse=_refuse,
    )
    return CodeFlow(
        door=SignInDoor(sign_ins=sign_ins, flows=engine, flow_digest=engine.digest_of, way_back=authorize),
        grants={CODE_GRANT: grant},
        routes=endpoints.routes(),
        sweep=_sweep(installation, sign_ins),
    )


def authorization_tokens(ciba: Ciba) -> AuthorizationTokens:
    """Return what gives tokens to all grants that ask in a browser, in the form that those of *ciba* have."""
    records, settings, policy = ciba.records, ciba.settings, ciba.settings.token_policy()
    return AuthorizationTokens(
        database=ciba.database,
        guard=records.token_guard,
        signing_keys=ciba.signing_keys,
        policy=policy,
        mint=Mint(keyring=records.keyring, policy=policy, refresh_life=settings.refresh_token_life),
        acr_of=settings.acr_of,
    )


def sign_ins_beside(records: CibaRecords, *, assertion_key: AssertionKey) -> SignIns:
    """Return what sign-ins need before there is an engine; they share clients, guard and scopes with *records*."""
    settings = records.settings
    return SignIns(
        keyring=records.keyring,
        clients=records.clients,
        guard=records.token_guard,
        assertion_key=assertion_key,
        settings=SignInSettings(
            issuer=settings.issuer, scopes=settings.scopes, callback=SIGN_IN_CALLBACK, locale=settings.locale
        ),
    )


def first_of(*claims: Claim) -> Claim:
    """Return a claim that asks one after the other: a request is known to one of them at the most."""

    def claim(unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
        return any(
            each(unit, execution=execution, correlation=correlation, subject=subject, now=now) for each in claims
        )

    return claim


def _refuse(request: Request, error: OAuthError) -> Response:
    return plain_answer(request.scope, error.status, error.error, error.description)


def _sweep(installation: Installation, sign_ins: SignIns) -> Callable[[], Awaitable[int]]:
    async def sweep() -> int:
        now, keep = installation.clock.now(), sign_ins.settings.keep

        def act(unit: Unit) -> int:
            return forget_authorizations(unit, before=now - keep) + forget_code_rows(unit, now=now, keep=keep)

        return await installation.database.run(act)

    return sweep
