"""What every call of one client shares: the provider's metadata and keys, the proof of the client, repetition."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from lockhouse.client.authentication import Authentication
from lockhouse.client.clock import Clock
from lockhouse.client.errors import ProviderInvalid, TokenInvalid, refusal
from lockhouse.client.exchange import Answer, Call, Heard, Steps, form, rest, send
from lockhouse.client.id_tokens import Expected, read_header, verify_id_token
from lockhouse.client.key_sets import KeySet, read_key_set
from lockhouse.client.patience import Patience
from lockhouse.client.provider import DISCOVERY, Provider, check_issuer, read_provider

__all__ = ["Connection"]

_FORM: Final = "application/x-www-form-urlencoded"


class Connection:
    """One client at one provider, without a network: each method is a conversation for a shell to hold."""

    def __init__(
        self, issuer: str, authentication: Authentication, *, patience: Patience, clock: Clock, id_token_alg: str | None
    ) -> None:
        self.issuer, self.authentication = check_issuer(issuer), authentication
        self.patience, self.clock = patience, clock
        self._id_token_alg = id_token_alg
        self._provider: Provider | None = None
        self._keys: KeySet | None = None

    @property
    def client_id(self) -> str:
        """Return the client's id."""
        return self.authentication.client_id

    def provider(self) -> Steps[Provider]:
        """Return the provider's metadata, read once; raise ProviderInvalid where it is another's or unusable."""
        if self._provider is None:
            answer = yield from self.ask(Call(method="GET", url=self.issuer.rstrip("/") + DISCOVERY))
            if answer.status != 200:
                raise ProviderInvalid(f"expected metadata at {self.issuer}{DISCOVERY}, found status {answer.status}")
            self._provider = read_provider(self.issuer, answer.told())
        return self._provider

    def keys(self, *, again: bool = False) -> Steps[KeySet]:
        """Return the provider's public keys, read anew where they are old or *again* is wanted."""
        now = self.clock.now()
        if self._keys is None or again or not self._keys.is_fresh(now):
            provider = yield from self.provider()
            answer = yield from self.ask(Call(method="GET", url=provider.jwks))
            self._keys = read_key_set(answer, now=now)
        return self._keys

    def verify(
        self,
        id_token: str,
        *,
        access_token: str,
        refresh_token: str | None = None,
        auth_req_id: str | None = None,
        subject: str | None = None,
        pushed: bool = False,
    ) -> Steps[Mapping[str, Any]]:
        """Return the claims of *id_token* after all its checks; raise TokenInvalid where one fails."""
        provider = yield from self.provider()
        expected = Expected(
            issuer=self.issuer,
            client_id=self.client_id,
            algorithms=provider.algorithms if self._id_token_alg is None else (self._id_token_alg,),
            access_token=access_token,
            refresh_token=refresh_token,
            auth_req_id=auth_req_id,
            subject=subject,
            pushed=pushed,
        )
        algorithm, kid = read_header(id_token, expected.algorithms)
        keys = yield from self.keys()
        key = keys.find(kid, algorithm)
        if key is None and keys.may_look_again(self.clock.now()):
            keys = yield from self.keys(again=True)
            key = keys.find(kid, algorithm)
        if key is None:
            raise TokenInvalid("expected an ID token signed by a key that the provider publishes, found another key")
        return verify_id_token(id_token, key, expected, now=self.clock.now())

    def post(
        self, url: str, parameters: Sequence[tuple[str, str]], *, headers: Mapping[str, str] | None = None
    ) -> Steps[Answer]:
        """Return the answer to a form that proves the client anew with each try; raise Refused where it is an error."""
        tried = 0
        while True:
            tried += 1
            heard = yield from self.post_once(url, parameters, headers=headers)
            judged = self.patience.judge(heard, tried)
            if isinstance(judged, Answer):
                return accepted(judged)
            yield from rest(judged)

    def post_once(
        self,
        url: str,
        parameters: Sequence[tuple[str, str]],
        *,
        headers: Mapping[str, str] | None = None,
        held: float = 0.0,
    ) -> Steps[Heard]:
        """Return what came of one try; *held* is for how many seconds the provider may hold the answer back."""
        proof = self.authentication.prove(self.issuer, self.clock.now())
        call = Call(
            method="POST",
            url=url,
            headers={**(headers or {}), **proof.headers, "Content-Type": _FORM, "Accept": "application/json"},
            body=form([*parameters, *proof.parameters]),
            seconds=self.patience.timeout + held,
        )
        return (yield from send(call))

    def ask(self, call: Call) -> Steps[Answer]:
        """Return the answer to a call that may be repeated as it is."""
        tried = 0
        while True:
            tried += 1
            judged = self.patience.judge((yield from send(call)), tried)
            if isinstance(judged, Answer):
                return judged
            yield from rest(judged)


def accepted(answer: Answer) -> Answer:
    """Return *answer* if it is a success; raise the error that it is."""
    if 200 <= answer.status < 300:
        return answer
    raise refusal(answer.status, answer.told(), retry_after=answer.retry_after())


def offered(endpoint: str | None, name: str, issuer: str) -> str:
    """Return *endpoint*; raise ProviderInvalid where the provider has none."""
    if endpoint is None:
        raise ProviderInvalid(f"expected {name} in the metadata of {urlsplit(issuer).netloc}, found none")
    return endpoint
