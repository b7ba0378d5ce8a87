"""Which rows of which length a span is read from: each hour once, in as few rows as can be."""

import random

import pytest

from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.spans import bounds
from enforcer.store.sqlite.schema import MONTH

HOURS, DAYS = DAY // HOUR, MONTH // DAY


def hours(first: int, last: int, length: int = 1) -> list[int]:
    """Return the hours of the units from the first to the last one, as BETWEEN means it."""
    return list(range(first * length, (last + 1) * length))


def read(span: Span, first_hour: int = 0) -> tuple[list[int], list[int], list[int]]:
    """Return the hours that are read by the hour, by the day and by the month."""
    of = bounds(span, first_hour)
    by_hour = hours(of["hour"], of["last_hour_of_head"]) + hours(
        of["hour_of_tail"], of["last_hour"]
    )
    by_day = hours(of["whole_day"], of["last_day_of_head"], HOURS)
    by_day += hours(of["day_of_tail"], of["last_whole_day"], HOURS)
    return by_hour, by_day, hours(of["month"], of["last_month"], HOURS * DAYS)


def spans() -> list[Span]:
    dice = random.Random(1)  # noqa: S311 - a sample
    found = [Span(since=DAY, until=DAY + 1), Span(since=MONTH, until=2 * MONTH)]
    for longest in (2 * HOUR, 3 * DAY, 2 * MONTH, 5 * MONTH):
        for unit in (1, HOUR, DAY):
            for _ in range(25):
                since = dice.randrange(4 * MONTH) // unit * unit
                until = since + dice.randrange(longest) // unit * unit
                found.append(Span(since=since, until=max(until, since + 1)))
    return found


def test_each_hour_that_a_span_touches_is_read_once() -> None:
    for span in spans():
        by_hour, by_day, by_month = read(span)
        touched = hours(span.since // HOUR, (span.until - 1) // HOUR)

        assert sorted(by_hour + by_day + by_month) == touched, span


def test_an_hour_that_is_touched_in_part_is_read_by_itself() -> None:
    """The row of its day would count what the rest of the day has."""
    for span in spans():
        by_hour, *_ = read(span)
        for time in (span.since, span.until):
            if time % HOUR:
                assert time // HOUR in by_hour, span


def test_as_few_rows_as_can_be_are_read() -> None:
    """Less than a day at each end by the hour, and less than a month by the day."""
    for span in spans():
        by_hour, by_day, _ = read(span)

        assert len(by_hour) <= 2 * HOURS, span
        assert len(by_day) <= 2 * DAYS * HOURS, span


def test_where_no_hours_are_kept_days_are_whole() -> None:
    """On both ends of the span, or on its first one."""
    for span in spans():
        last_hour = (span.until - 1) // HOUR
        for first_hour in (last_hour + 1, span.since // HOUR + 1):
            by_hour, by_day, by_month = read(span, first_hour)
            last = last_hour
            if last_hour < first_hour:
                last = last_hour // HOURS * HOURS + HOURS - 1
                assert by_hour == [], span
            whole = hours(span.since // DAY * HOURS, last)
            assert sorted(by_hour + by_day + by_month) == whole, span


@pytest.mark.parametrize("since", [0, DAY, DAY + 5 * HOUR])
def test_a_span_without_an_end_reads_all_that_will_be(since: int) -> None:
    of = bounds(Span(since=since))

    assert of["last_hour"] == (2**63 - 1) // HOUR
    assert (of["hour"], of["day"]) == (since // HOUR, since // DAY)
