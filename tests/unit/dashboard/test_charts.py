"""Charts show their numbers to scale, in every size."""

from enforcer.dashboard.charts import line, stacked
from enforcer.dashboard.timeline import Series, Timeline, trend
from enforcer.store.queries import DAY

TIMELINE = Timeline.over(20_000 * DAY, 20_010 * DAY)


def test_columns_are_to_scale() -> None:
    """Each rectangle is as high as its number, and they stand on one another."""
    series = [Series("a", tuple(range(10))), Series("b", (10,) * 10)]
    for drawing in (
        stacked("c", "C", series, TIMELINE).wide,
        stacked("c", "C", series, TIMELINE).narrow,
    ):
        unit = (drawing.bottom - drawing.rows[-1].at) / float(drawing.rows[-1].text)
        boxes = [box for box in drawing.boxes if box.kind == "s1"]
        assert len(boxes) == 10
        for index, box in enumerate(boxes):
            assert abs(box.height - 10 * unit) < 0.1
            assert abs((drawing.bottom - box.y - box.height) - index * unit) < 0.1


def test_each_part_of_time_has_its_numbers() -> None:
    series = [Series("a", tuple(range(10))), Series("b", (3,) * 10)]
    columns = stacked("c", "C", series, TIMELINE).wide.columns
    assert columns[0].lines == (("s1", "b", 3),)
    assert columns[9].lines == (("s0", "a", 9), ("s1", "b", 3))
    assert (columns[9].since, columns[9].until) == ("2024-10-13", "2024-10-13")


def test_marks_are_above_the_highest() -> None:
    for highest in (0, 1, 3, 7, 99, 1001, 123_456, 10**12):
        values = Series("a", (highest, *(0,) * 9))
        drawing = stacked("c", "C", [values], TIMELINE).wide
        assert 2 <= len(drawing.rows) <= 6
        assert all(box.y >= drawing.rows[-1].at - 0.01 for box in drawing.boxes)


def test_chart_of_nothing() -> None:
    chart = stacked("c", "C", [], TIMELINE)
    assert chart.wide.boxes == ()
    assert chart.description == "No uses."


def test_line_has_a_trend() -> None:
    series = Series("sites", tuple(range(20, 10, -1)))
    chart = line("c", "C", series, TIMELINE, trend(series, TIMELINE))
    assert chart.wide.line.startswith("M")
    assert chart.wide.trend
    assert chart.description.startswith("From 20 to 11 sites")
