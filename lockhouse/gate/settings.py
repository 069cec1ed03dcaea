"""What the gate is told when it is built: plain values, no settings class."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["GateSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """The values that the gate's pages depend on.

    Everything about our own address derives from `issuer` (ciba.md "Names and paths"), never from a header.
    """

    issuer: str
    development: bool = False
    name: str = "Lockhouse"
    accent: str = "#1f5f8b"
    support: str = ""
    language: str = "en"
    texts: Path | None = None
    time_zone: str = "UTC"
    logo: Path | None = None
    logo_dark: Path | None = None

    @property
    def origin(self) -> str:
        """Our own origin, as a browser writes it in the header Origin.

        >>> GateSettings(issuer="https://ID.example:443").origin
        'https://id.example'
        """
        parts = urlsplit(self.issuer)
        host = parts.hostname or ""
        name = f"[{host}]" if ":" in host else host
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port not in {None, usual} else "")

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure and carry the `__Host-` prefix: always, but for development over http."""
        return not (self.development and self.issuer.startswith("http://"))
