"""Bounds of a span for SQL: hours at its ends, then whole days, and months in the middle."""

from dataclasses import asdict
from typing import Any

from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.sqlite.schema import MONTH

_HOURS = DAY // HOUR
_DAYS = MONTH // DAY


def bounds(span: Span, first_hour: int = 0) -> dict[str, int]:
    """Return what a span touches: hours at its ends, then days, and months in the middle.

    Args:
        span: the span.
        first_hour: the first hour whose hourly rows are kept; before it, days are whole.

    """
    end = span.until or 2**63
    hour, last_hour = span.since // HOUR, (end - 1) // HOUR
    day, last_day = span.since // DAY, (end - 1) // DAY
    # An hour that lies partly in the span is read from the hourly rows, not from its day's row,
    # which has the rest of the day too.
    whole_hour, last_whole_hour = -(-span.since // HOUR), end // HOUR - 1
    if hour < first_hour:
        hour = whole_hour = day * _HOURS
    if last_hour < first_hour:
        last_hour = last_whole_hour = last_day * _HOURS + _HOURS - 1
    whole_day, last_whole_day = _inner(whole_hour, last_whole_hour, _HOURS)
    whole_month, last_whole_month = _inner(whole_day, last_whole_day, _DAYS)
    return {
        "hour": hour,
        "last_hour": last_hour,
        "last_hour_of_head": min(whole_day * _HOURS - 1, last_hour),
        "hour_of_tail": max(last_whole_day + 1, whole_day) * _HOURS,
        "day": day,
        "last_day": last_day,
        "whole_day": whole_day,
        "last_whole_day": last_whole_day,
        "last_day_of_head": min(whole_month * _DAYS - 1, last_whole_day),
        "day_of_tail": max(last_whole_month + 1, whole_month) * _DAYS,
        "month": whole_month,
        "last_month": last_whole_month,
    }


def fields(span: Span) -> dict[str, Any]:
    """Return the fields of a span as parameters; of services the names, a line each."""
    lines = "\n".join(("", *span.services, "")) if span.services else ""
    return {**asdict(span), "services": lines}


def _inner(first: int, last: int, length: int) -> tuple[int, int]:
    """Return the first and the last whole unit inside; the first is greater if there is none."""
    return -(-first // length), (last + 1) // length - 1


def is_filtered(span: Span) -> bool:
    """Return whether a span has a filter on processes."""
    return bool(span.run or span.service or span.version or span.environment or span.services)
