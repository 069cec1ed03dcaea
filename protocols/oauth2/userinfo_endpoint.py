"""The HTTP side of userinfo: a protected resource as FAPI has one (FAPI 1.0 part 1, section 6.2.1)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database, Unit
from protocols.oauth2.access_tokens import read_token
from protocols.oauth2.accounts import Accounts
from protocols.oauth2.client_certificates import certificate_of
from protocols.oauth2.confirmations import DPOP, Sender
from protocols.oauth2.dpop import Proof
from protocols.oauth2.endpoints import Handler, answering, json_response, naming_nonces
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.forms import MEDIA_TYPE, parse_form, read_body
from protocols.oauth2.interactions import INTERACTION_HEADER, interaction_id
from protocols.oauth2.presented_tokens import PresentedToken, challenged, read_authorization, refuse_elsewhere
from protocols.oauth2.sender_checks import sender_fault
from protocols.oauth2.sender_proofs import SenderProofs, use_proof
from protocols.oauth2.signing_keys import SigningKeys
from protocols.oauth2.tokens import TokenPolicy
from protocols.oauth2.userinfo import Guard, userinfo

__all__ = ["UserinfoEndpoint"]


class UserinfoEndpoint:
    """Tells what an access token opens up (OpenID Connect Core section 5.3)."""

    def __init__(
        self,
        *,
        policy: TokenPolicy,
        database: Database,
        senders: SenderProofs,
        accounts: Accounts,
        guard: Guard,
        signing_keys: SigningKeys,
        clock: Clock,
    ) -> None:
        self._policy, self._database, self._clock = policy, database, clock
        self._senders, self._signing_keys = senders, signing_keys
        self._accounts, self._guard = accounts, guard

    def routes(self) -> list[Route]:
        """Return the one route."""
        handler = naming_nonces(answering(self.answer), self._senders, self._clock)
        return [Route("/oauth2/userinfo", naming_interactions(handler), methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """Tell what the token of the Authorization header opens up, to whom it is bound to."""
        presented = read_authorization(request.headers.getlist("authorization"))
        await _refuse_other_places(request)
        try:
            return json_response(await self._told(request, presented))
        except OAuthError as error:
            needed = "openid" if error.error == "insufficient_scope" else None
            raise challenged(error, presented.scheme, scope=needed) from error

    async def _told(self, request: Request, presented: PresentedToken) -> dict[str, object]:
        now, policy = self._clock.now(), self._policy
        shown = read_token(presented.token, await self._signing_keys.register(now), issuer=policy.issuer, now=now)
        certificate = certificate_of(request)
        sender = self._senders.read(
            request.headers.getlist(DPOP) if presented.scheme == DPOP else (),
            None if certificate is None else certificate.thumbprint,
            method=request.method,
            path=request.url.path,
            now=now,
            access_token=presented.token,
        )
        proof = _proof_of(presented, sender)

        def tell(unit: Unit) -> dict[str, object]:
            told = userinfo(
                unit,
                shown,
                lambda claims: sender_fault(claims, presented.scheme, certificate=sender.certificate, proof=proof),
                accounts=self._accounts,
                guard=self._guard,
                policy=policy,
                now=now,
            )
            if proof is not None and not use_proof(unit, proof, attempt=sender.attempt):
                raise OAuthError("invalid_dpop_proof", "this proof was used before: make one for each request")
            return told

        return await (self._database.read(tell) if proof is None else self._database.run(tell))


def naming_interactions(handler: Handler) -> Handler:
    """Return *handler* with the interaction's id on each answer: the client's, or a new one."""

    async def answer(request: Request) -> Response:
        response = await handler(request)
        response.headers[INTERACTION_HEADER] = interaction_id(request.headers.getlist(INTERACTION_HEADER))
        return response

    return answer


def _proof_of(presented: PresentedToken, sender: Sender) -> Proof | None:
    if presented.scheme != DPOP:
        return None
    if sender.proof is None:
        raise OAuthError("invalid_dpop_proof", "send a DPoP header with the token")
    if isinstance(sender.proof, OAuthError):
        raise sender.proof
    return sender.proof


async def _refuse_other_places(request: Request) -> None:
    refuse_elsewhere(request.query_params)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and media == MEDIA_TYPE:
        refuse_elsewhere(parse_form(await read_body(request.stream())).without(frozenset()))
