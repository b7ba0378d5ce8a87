"""Say which hours, days and months a span touches."""

from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.schema import MONTH

_HOURS = DAY // HOUR
_DAYS = MONTH // DAY


def bounds(span: Span, first_hour: int = 0) -> dict[str, int]:
    """Give what a span touches: hours at its ends, then days, and months in the middle.

    Args:
        span: the span.
        first_hour: from when on hours are kept; before that, all days are whole.

    """
    end = span.until or 2**63
    hour, last_hour = span.since // HOUR, (end - 1) // HOUR
    day, last_day = span.since // DAY, (end - 1) // DAY
    if hour < first_hour:
        hour = day * _HOURS
    if last_hour < first_hour:
        last_hour = last_day * _HOURS + _HOURS - 1
    whole_day, last_whole_day, hours = _inner(hour, last_hour, _HOURS)
    whole_month, last_whole_month, days = _inner(whole_day, last_whole_day, _DAYS)
    return {
        "hour": hour,
        "last_hour": last_hour,
        "last_hour_of_head": hours[0],
        "hour_of_tail": hours[1],
        "day": day,
        "last_day": last_day,
        "whole_day": whole_day,
        "last_whole_day": last_whole_day,
        "last_day_of_head": days[0],
        "day_of_tail": days[1],
        "month": whole_month,
        "last_month": last_whole_month,
    }


def _inner(first: int, last: int, length: int) -> tuple[int, int, tuple[int, int]]:
    # The first and the last whole unit, where the head before them ends, and the tail begins.
    whole, last_whole = -(-first // length), (last + 1) // length - 1
    return (
        whole,
        last_whole,
        (min(whole * length - 1, last), max(last_whole + 1, whole) * length),
    )


def is_filtered(span: Span) -> bool:
    """Tell whether a span is of some processes only."""
    return bool(span.run or span.service or span.version or span.environment)
