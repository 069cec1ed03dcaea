"""What a gateway's answer means: taken, refused for good, or worth another try. Pure.

Many gateways answer 200 and say in the body that they did nothing, so a status alone proves nothing: where a rule
has a pattern for the body, only a verdict that matches it is a success.
"""

import json
import re
from collections.abc import Collection
from typing import Any, Final

from engine import Refused, Transient

# Patterns are the operator's, the body is somebody else's: what is searched stays short.
_LONGEST: Final = 4096


class AnswerRule:
    """How to read answers. ValueError for a pattern that is none.

    *path* leads to the verdict in a JSON body, by names and numbers with dots (``messages.0.status``); the patterns
    then match the whole verdict. Without a path they are looked for in the whole text. *permanent* is for verdicts,
    and *permanent_status* for statuses, after which no later try helps.
    """

    def __init__(
        self,
        *,
        path: str = "",
        accepted: str = "",
        permanent: str = "",
        permanent_status: Collection[int] = (400, 422),
    ) -> None:
        self._path = tuple(path.split(".")) if path else ()
        self._accepted = _pattern("accepted", accepted)
        self._permanent = _pattern("permanent", permanent)
        self._permanent_status = frozenset(permanent_status)

    def judge(self, status: int, body: bytes) -> Refused | Transient | None:
        """Return None where the gateway has taken the message. No error quotes the body: it may hold the number."""
        verdict = self._verdict(body)
        if self._fits(self._permanent, verdict):
            return Refused("sms_refused", f"the gateway refused the message for good (status {status})")
        if 200 <= status < 300:
            if self._accepted is None or self._fits(self._accepted, verdict):
                return None
            return Transient("sms_not_accepted", f"the gateway answered {status}, but its body says no success")
        if status in self._permanent_status:
            return Refused("sms_refused", f"the gateway refused the message with status {status}")
        return _trouble(status)

    def _verdict(self, body: bytes) -> str | None:
        if not self._path:
            return body.decode("utf-8", "replace")[:_LONGEST]
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return None
        for step in self._path:
            found = _inside(found, step)
        return None if found is None else _as_text(found)[:_LONGEST]

    def _fits(self, pattern: re.Pattern[str] | None, verdict: str | None) -> bool:
        if pattern is None or verdict is None:
            return False
        return bool(pattern.fullmatch(verdict) if self._path else pattern.search(verdict))


def _trouble(status: int) -> Transient:
    if 300 <= status < 400:
        return Transient("sms_gateway_redirects", "the gateway redirects; correct sms.url, nothing is followed")
    if status in {401, 403}:
        # Our own log-in: the operator can put it right while the request still lives.
        return Transient("sms_gateway_refused_us", f"the gateway refused us with status {status}")
    return Transient("sms_gateway_failed", f"the gateway answered {status}")


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pattern(name: str, text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise ValueError(f"answer.{name}: expected a regular expression, found {text!r}: {error}") from error
