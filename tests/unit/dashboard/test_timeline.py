"""Time is cut into parts, and counts land in the right one."""

import pytest

from enforcer.dashboard.timeline import Change, Timeline, count_uses, forecast, sites_left
from enforcer.store.queries import DAY, HOUR, WEEK, UsesInTime

MONDAY = 20_000 * DAY + 4 * DAY - (20_000 + 4 + 3) % 7 * DAY


@pytest.mark.parametrize(
    ("length", "size"),
    [(0, HOUR), (72 * HOUR, HOUR), (73 * HOUR, DAY), (100 * DAY, DAY), (101 * DAY, WEEK)],
)
def test_parts_fit_the_length(length: int, size: int) -> None:
    timeline = Timeline.over(MONDAY + HOUR, MONDAY + HOUR + length)
    assert timeline.size == size
    assert timeline.starts[0] <= MONDAY + HOUR
    assert timeline.starts[-1] + size >= MONDAY + HOUR + length
    assert len(timeline.starts) <= 120


def test_weeks_begin_on_monday() -> None:
    timeline = Timeline.over(MONDAY + 3 * DAY, MONDAY + 200 * DAY)
    assert timeline.starts[0] == MONDAY
    assert timeline.name(0).startswith("week from ")


def test_uses_land_in_their_part() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + 10 * DAY)
    rows = [UsesInTime(MONDAY + index * DAY, "a", index) for index in range(1, 10)]
    rows += [UsesInTime(MONDAY + DAY, "b", 5)]
    assert count_uses(rows, timeline).values == (0, 6, *range(2, 10))


def test_whole_weeks_end_with_the_last_whole_day() -> None:
    """The day that still runs belongs to no period that is compared."""
    now = MONDAY + 20 * DAY + 5 * HOUR
    timeline = Timeline.whole_weeks(MONDAY + HOUR, now)
    assert timeline.starts == (MONDAY + 6 * DAY, MONDAY + 13 * DAY)
    assert timeline.end == MONDAY + 20 * DAY
    assert Timeline.whole_weeks(now - HOUR, now).starts == ()


def test_site_is_left_from_its_first_use_on() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + 21 * DAY)
    lives = [(MONDAY, MONDAY + 40 * DAY), (MONDAY + 2 * DAY, MONDAY + 10 * DAY)]
    values = sites_left(lives, timeline).values
    assert values[:3] == (1, 1, 2)
    assert (values[9], values[10]) == (2, 1)
    assert values[-1] == 1


@pytest.mark.parametrize(
    ("now", "before", "direction"),
    [(103, 100, "level"), (95, 100, "level"), (90, 100, "down"), (106, 100, "up"), (1, None, "")],
)
def test_five_percent_are_level(now: int, before: int | None, direction: str) -> None:
    assert Change(now, before).direction == direction


def test_forecast_is_a_range_of_dates() -> None:
    """What falls unevenly may end between two dates; both are those of the same counts."""
    end = MONDAY
    found = forecast((60, 55, 52, 45, 41, 37, 30, 26), end)
    assert found is not None
    assert found.direction == "down"
    assert found.earliest is not None
    assert found.latest is not None
    assert end + 4 * WEEK < found.earliest < found.latest < end + 8 * WEEK


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        ((20, 20, 21, 20, 20, 21, 20, 20), "level"),
        ((20, 21, 22, 24, 25, 27, 28, 30), "up"),
        ((10, 14, 9, 13, 10, 14, 9, 13), "level"),
    ],
)
def test_what_does_not_fall_has_no_date(values: tuple[int, ...], direction: str) -> None:
    found = forecast(values, MONDAY)
    assert found is not None
    assert (found.direction, found.earliest, found.latest) == (direction, None, None)


def test_too_few_weeks_say_nothing() -> None:
    assert forecast((5, 4, 3), MONDAY) is None
    assert forecast((0,) * 8, MONDAY) is None
