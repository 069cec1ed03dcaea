"""How much time a person has left, in words, and as seconds for the page's clock."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lockhouse.gate.wording import Wording

__all__ = ["TimeLeft", "time_left", "zone_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """The rest of a request's life. `seconds` is never negative."""

    seconds: int
    words: str
    until: str
    iso: str


def time_left(ends: datetime, now: datetime, *, zone: str, wording: Wording) -> TimeLeft:
    """Return what is left at *now* until *ends*, told on the clocks of *zone* (a name such as Europe/Berlin)."""
    seconds = max(0, math.ceil((ends - now).total_seconds()))
    there = ends.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    return TimeLeft(
        seconds=seconds,
        words=_words(seconds, wording),
        until=wording.plain("time.until", clock=f"{there:%H:%M}", zone=zone_words(zone, wording)),
        iso=there.isoformat(timespec="seconds"),
    )


def zone_words(zone: str, wording: Wording) -> str:
    """Return what people call *zone*: by its city, or as world time."""
    area, _, city = zone.rpartition("/")
    if not area or area == "Etc":
        return wording.plain("time.utc") if city in {"UTC", "UCT", "Zulu", "GMT", "Universal", "Greenwich"} else city
    return wording.plain("time.zone", city=city.replace("_", " "))


def _words(seconds: int, wording: Wording) -> str:
    if seconds >= 2 * 3600:
        return wording.count("time.hours", seconds // 3600)
    minutes, rest = divmod(seconds, 60)
    parts = [wording.count("time.minutes", minutes)] * bool(minutes)
    return " ".join([*parts, *[wording.count("time.seconds", rest)] * bool(rest or not minutes)])
