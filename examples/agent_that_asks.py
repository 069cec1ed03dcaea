"""An AI agent that asks before it pays, and an API that believes only a person's yes: both halves in one file.

The model calls the tool ``pay``; the tool asks the person, with the amount and the payee in the words that they see,
and only their approval makes a token for the bank's API. The API does not trust the agent: it looks whether the token
stands, is meant for it, allows payments, and names who acts for whom. The agent is registered with ``--agent
--scope openid --scope payment --auth-method private_key_jwt --request-alg ES256 --jwks FILE``: its key also signs each
question, so nobody can change the amount on the way. The API is a client of its own, registered with ``--resource``.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from lockhouse.client import ApprovalRequest, Approved, AsyncCibaClient, PersonNotAsked

API = "https://bank.example/payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the agent wants to do. ``number`` names it: the same number is never paid twice."""

    number: str
    amount: Decimal
    payee: str

    @property
    def words(self) -> str:
        """Return what the person is shown, on both sides."""
        return f"Pay {self.amount} EUR to {self.payee} ({self.number})"


class Agent:
    """The tools that a model may call for one person."""

    def __init__(self, client: AsyncCibaClient, *, person: str) -> None:
        self._client, self._person = client, person

    async def pay(self, payment: Payment, api: "PaymentApi") -> str:
        """Pay, if the person says yes; return what the model is told."""
        question = ApprovalRequest(
            login_hint=self._person, scope="openid payment", binding_message=payment.words, resource=(API,)
        )
        try:
            # A model that calls its tool twice for one payment asks once.
            asked = await self._client.ask(question, key=payment.number)
        except PersonNotAsked:
            return "The person cannot be asked now. Do not try again by yourself."
        outcome = await self._client.wait(asked)
        if not isinstance(outcome, Approved):
            return "The person did not agree. Do not ask for the same again."
        return await api.pay(payment, outcome.tokens.access_token)


@dataclass(frozen=True, slots=True)
class PaymentApi:
    """The bank's side. It knows nothing of models, and takes nobody's word but the server's."""

    client: AsyncCibaClient
    trusted_agent: str
    paid: dict[str, str] = field(default_factory=dict)

    async def pay(self, payment: Payment, access_token: str) -> str:
        """Pay what *access_token* allows; return a receipt, or why not."""
        known = await self.client.introspect(access_token)
        claims = known.claims
        if not known.active or claims.get("aud") not in (API, [API]):
            return "Refused: this token is not for payments."
        if "payment" not in str(claims.get("scope", "")).split():
            return "Refused: the person did not allow a payment."
        # Who acts (RFC 8693 section 4.1): the token says that an agent does, and which one.
        if claims.get("act", {}).get("sub") != self.trusted_agent:
            return "Refused: another program acts here."
        # One approval, one payment: the token's own number is used up.
        if self.paid.setdefault(str(claims["jti"]), payment.number) != payment.number:
            return "Refused: this approval was for another payment."
        return f"Paid {payment.amount} EUR to {payment.payee} for {claims['sub']}."
