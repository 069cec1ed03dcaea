"""What one check came to."""

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Finding", "Status", "fail", "ok", "warn"]

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination. Where something is wrong, *remedy* says what to do; no secret is in either."""

    check: str
    status: Status
    says: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it for scripts."""
        return asdict(self)


def ok(check: str, says: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, status="ok", says=says)


def warn(check: str, says: str, remedy: str) -> Finding:
    """Return what works, but perhaps not as meant."""
    return Finding(check=check, status="warn", says=says, remedy=remedy)


def fail(check: str, says: str, remedy: str) -> Finding:
    """Return what does not work."""
    return Finding(check=check, status="fail", says=says, remedy=remedy)
