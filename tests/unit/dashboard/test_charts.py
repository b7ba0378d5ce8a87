"""The geometry of charts."""

from enforcer.dashboard.charts import columns, sparkline
from enforcer.dashboard.timeline import Series, Timeline
from enforcer.store.queries import DAY

FOUR_DAYS = Timeline(DAY, (0, DAY, 2 * DAY, 3 * DAY))
SERIES = Series("uses", (0, 10, 20, 5))


def test_columns_are_to_scale() -> None:
    bars = columns("c", "C", SERIES, FOUR_DAYS, begin=0, end=4 * DAY).bars
    assert [bar.y for bar in bars] == [100, 50, 0, 75]
    assert [bar.x for bar in bars] == [0, 250, 500, 750]
    assert {bar.width for bar in bars} == {250}


def test_a_part_of_a_period_is_not_drawn_as_a_whole_one() -> None:
    """The day that still runs, and the one in which watching began, look like a cliff else."""
    bars = columns("c", "C", SERIES, FOUR_DAYS, begin=DAY // 2, end=4 * DAY - 1).bars
    assert [bar.is_part for bar in bars] == [True, False, False, True]
    assert bars[0].title == "Thu 1970-01-01 (a part)"


def test_each_period_has_its_days() -> None:
    bars = columns("c", "C", SERIES, FOUR_DAYS, begin=0, end=4 * DAY).bars
    assert (bars[1].since, bars[1].until) == ("1970-01-02", "1970-01-02")


def test_marks_are_round_and_above_the_highest() -> None:
    for highest, top in {0: "2", 3: "4", 49: "50", 11: "12", 70_000: "80k", 101: "120"}.items():
        series = Series("uses", (0, highest, 0, 0))
        chart = columns("c", "C", series, FOUR_DAYS, begin=0, end=4 * DAY)
        assert chart.marks[0] == top
        assert chart.marks[2] == "0"


def test_line_of_nothing_is_not_drawn() -> None:
    assert sparkline((0, 0)) == ""
    assert sparkline((2, 1, 0)) == "0,1 50,10 100,19"
