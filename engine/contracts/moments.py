"""Times and durations as text: what state holds and what authors write.

State holds ISO 8601 in UTC; authors may write durations as ``500ms``, ``30s``, ``1h30m``, ``2d`` as well.
"""

import re
from datetime import UTC, datetime, timedelta

_SHORT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_ISO = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?", re.ASCII)
_DATED = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_time(text: str) -> datetime:
    """Return the aware UTC time that *text* names; ValueError where it is no RFC 3339 time with an offset.

    >>> parse_time("2030-01-01T12:00:00Z")
    datetime.datetime(2030, 1, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    if not _DATED.fullmatch(text):
        raise ValueError("a time is written like 2030-01-01T12:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time lies outside the years 1 to 9999") from error


def format_time(moment: datetime) -> str:
    """Return *moment* as state holds it.

    >>> format_time(parse_time("2030-01-01T13:00:00+01:00"))
    '2030-01-01T12:00:00Z'
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset from UTC")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_duration(text: str) -> timedelta:
    """Return the duration that *text* names; ValueError where it names none.

    >>> parse_duration("1h30m") == parse_duration("PT1H30M")
    True
    """
    try:
        return _parse_short(text) if not text.lstrip("-").startswith("P") else _parse_iso(text)
    except OverflowError as error:
        raise ValueError("this duration is too long") from error


def _parse_short(text: str) -> timedelta:
    match = _SHORT.fullmatch(text)
    if not match or not text:
        raise ValueError("a duration is written like 500ms, 30s, 5m, 24h or 2d")
    days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)


def _parse_iso(text: str) -> timedelta:
    match = _ISO.fullmatch(text)
    if not match or text[-1] in "PT":
        raise ValueError("a duration is written like PT30S, PT1H30M or P2D")
    sign, days, hours, minutes, seconds, fraction = match.groups()
    length = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")),
    )
    return -length if sign else length


def format_duration(length: timedelta) -> str:
    """Return *length* as state holds it.

    >>> format_duration(timedelta(hours=1, minutes=30))
    'PT1H30M'
    """
    if length < timedelta(0):
        return "-" + format_duration(-length)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds}.{length.microseconds:06}".rstrip("0") if length.microseconds else f"{seconds}"
    clock = "".join(
        f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (exact, "S")) if amount not in {0, "0"}
    )
    days = f"{length.days}D" if length.days else ""
    return f"P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"
