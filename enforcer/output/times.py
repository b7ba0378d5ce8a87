"""Parsing and formatting of points in time and durations, always in UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_AGE = re.compile(r"(?P<number>\d+)\s*(?P<unit>[smhdw])")
_EXACT = 0.05
_MINUTE = 60_000_000_000
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_since(text: str, now: datetime) -> datetime:
    """Parse an age, such as ``2h``, or an ISO date or time.

    Args:
        text: the user's input; a time without a zone is in UTC.
        now: the time that an age is subtracted from.

    Raises:
        ValueError: if it is neither; the message says what to write.

    """
    try:
        age = _AGE.fullmatch(text.strip())
        if age:
            return now - timedelta(**{_UNITS[age["unit"]]: int(age["number"])})
        time = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        message = (
            f'"{text}" is no time. Write an age such as 30m, 2h, 3d or 1w, '
            "or a date such as 2026-03-31 or 2026-03-31T18:00 (bad-since)"
        )
        raise ValueError(message) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def nanoseconds(time: datetime) -> int:
    """Return a time in nanoseconds since the epoch; 0 for any time before it."""
    return max(int(time.timestamp() * 1_000_000) * 1000, 0)


@lru_cache(maxsize=50_000)
def iso(time: int) -> str:
    """Format a time in nanoseconds as ISO 8601, to the second."""
    # Called repeatedly for the times of thousands of call sites; strftime() is far slower.
    return f"{_utc(time).isoformat()[:19]}Z"


def short(time: int) -> str:
    """Format a time in nanoseconds for a table, to the minute."""
    return _utc(time).strftime("%Y-%m-%d %H:%M")


def seconds(nanoseconds: int) -> float:
    """Return a duration in seconds, to the millisecond."""
    return nanoseconds // 1_000_000 / 1000


def length(nanoseconds: int) -> str:
    """Format a duration in the largest unit that is right to 5 %: 5 s, 90 min, 60 h, 3 d."""
    amount = seconds(nanoseconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        number = round(amount / size)
        if amount >= 2 * size and abs(amount / size - number) <= _EXACT * number:
            return f"{number} {unit}"
    return f"{amount:.3g} s"


def ago(time: int, now: int) -> str:
    """Return how long ago a time was, or in how long it will be: 2 h ago, in 3 d."""
    distance = abs(now - time)
    if distance < _MINUTE:
        return "just now"
    words = age(distance)
    return f"{words} ago" if time <= now else f"in {words}"


def age(nanoseconds: int) -> str:
    """Return a duration in its largest whole unit, never rounded up: 59 min, 47 h, 3 d."""
    amount = int(seconds(nanoseconds))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if amount >= (2 * size if unit == "d" else size):
            return f"{amount // size} {unit}"
    return f"{amount} s"


def _utc(time: int) -> datetime:
    return datetime.fromtimestamp(time // 1_000_000_000, UTC)
