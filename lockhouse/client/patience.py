"""How often a call is repeated whose answer was lost, and how long one waits between."""

from dataclasses import dataclass

from lockhouse.client.errors import AnswerLost
from lockhouse.client.exchange import BUSY, Answer, Heard, Lost

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Pauses in seconds; they double from one try to the next. ``timeout`` is for one try."""

    tries: int = 4
    first_pause: float = 0.2
    longest_pause: float = 5.0
    timeout: float = 10.0

    def judge(self, heard: Heard, tried: int) -> Answer | float:
        """Return the answer, or how long to wait before the next try; raise AnswerLost after the last.

        >>> Patience().judge(Lost(cause="ReadTimeout"), 3)
        0.8
        """
        if isinstance(heard, Answer) and (heard.status not in BUSY or tried >= self.tries):
            return heard
        if tried >= self.tries:
            cause = heard.cause if isinstance(heard, Lost) else ""
            raise AnswerLost(
                f"no answer after {tried} tries ({cause}): call again, with the same key where there is one"
            )
        told = heard.retry_after() if isinstance(heard, Answer) else None
        return min(max(self.first_pause * 2.0 ** (tried - 1), told or 0.0), self.longest_pause)
