"""Time is cut into parts, and counts land in the right one."""

import pytest

from enforcer.dashboard.timeline import (
    OTHERS,
    Series,
    Timeline,
    remaining_sites,
    trend,
    uses_by_rule,
)
from enforcer.report.model import SiteReport
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
    (series,) = uses_by_rule(rows, timeline, 5)
    assert series.values == tuple(range(10))


def test_rules_beyond_the_most_used_share_a_series() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + HOUR)
    rows = [UsesInTime(MONDAY, f"r{index}", index) for index in range(1, 8)]
    series = uses_by_rule(rows, timeline, 3)
    assert [each.name for each in series] == ["r7", "r6", "r5", OTHERS]
    assert sum(each.total for each in series) == sum(range(1, 8))
    assert [each.name for each in uses_by_rule(rows[:4], timeline, 3)] == ["r4", "r3", "r2", "r1"]


def made_site(first: int, last: int) -> SiteReport:
    return SiteReport(
        "a.old", "f.py", 1, "f", "m", "import_statement", (), "", "own", "", {}, 1, first, last
    )


def test_site_is_left_until_a_week_after_its_last_use() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + 21 * DAY)
    sites = [
        made_site(MONDAY, MONDAY + 20 * DAY),
        made_site(MONDAY + 2 * DAY, MONDAY + 3 * DAY),
        made_site(MONDAY, MONDAY + 13 * DAY),
    ]
    values = remaining_sites(sites, timeline).values
    assert values[:3] == (2, 2, 3)
    assert (values[10], values[11]) == (3, 2)
    assert values[-1] == 2


def test_trend_of_a_straight_line() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + 30 * DAY)
    falling = Series("x", tuple(range(60, 30, -1)))
    found = trend(falling, timeline)
    assert found is not None
    assert found.a_week == pytest.approx(-7)
    assert (found.begin, found.end) == (pytest.approx(60), pytest.approx(31))
    assert found.zero is not None
    assert abs(found.zero - (timeline.starts[-1] + 31 * DAY)) <= 10**9


def test_trend_that_does_not_fall_has_no_end() -> None:
    timeline = Timeline.over(MONDAY, MONDAY + 30 * DAY)
    assert trend(Series("x", (5,) * 30), timeline).zero is None  # type: ignore[union-attr]
    assert trend(Series("x", tuple(range(30))), timeline).zero is None  # type: ignore[union-attr]
    assert trend(Series("x", (0,) * 30), timeline) is None
