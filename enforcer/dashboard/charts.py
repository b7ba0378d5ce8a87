"""Geometry of the charts: columns of one total over time, and sparklines.

Drawings stretch to any width and have no text in them, because text in an SVG shrinks with it: the
templates write axes beside them, in the size of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.timeline import Series, Timeline, moment
from enforcer.store.queries import DAY, HOUR, WEEK

WIDTH: Final = 1000.0
HEIGHT: Final = 100.0

_STEPS: Final = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
_FORMS: Final = {HOUR: "%d %b %H:%M", DAY: "%d %b", WEEK: "%d %b %Y"}
_DATES: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """The column of one period: where it is, its note, and its days for a link.

    Attributes:
        x: the left end of the period's room.
        width: the width of the room.
        y: the top of the column.
        count: the number that it shows.
        title: the name of the period.
        since: its first day or hour, for a link.
        until: its last day or hour, for a link.
        is_part: whether it has only a part of the period, because that began before or still runs.

    """

    x: float
    width: float
    y: float
    count: int
    title: str
    since: str
    until: str
    is_part: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns of one total over time.

    Attributes:
        name: its id on the page.
        title: what it shows.
        series: the numbers.
        bars: the columns.
        marks: the texts of the vertical axis, from the top.
        dates: the texts of the horizontal axis, at equal distances.
        unit: the name of a period.
        noun: what is counted, in the singular and in the plural.

    """

    name: str
    title: str
    series: Series
    bars: tuple[Bar, ...]
    marks: tuple[str, ...]
    dates: tuple[str, ...]
    unit: str
    noun: tuple[str, str]

    @property
    def description(self) -> str:
        """Return the content in one sentence, for screen readers."""
        first, last = self.bars[0], self.bars[-1]
        most = max(self.bars, key=lambda bar: bar.count)
        return (
            f"By {self.unit}, {first.title} to {last.title}: most {most.count:,} in {most.title}; "
            f"last {last.count:,}."
        )


def columns(  # noqa: PLR0913 - a chart has many parts
    name: str,
    title: str,
    series: Series,
    timeline: Timeline,
    *,
    begin: int,
    end: int,
    noun: tuple[str, str] = ("use", "uses"),
) -> Chart:
    """Draw a column for each period.

    Args:
        name: the id of the chart.
        title: what it shows.
        series: the numbers.
        timeline: the periods.
        begin: from when the numbers are; an earlier period is a part.
        end: until when they are.
        noun: what is counted, in the singular and in the plural.

    """
    top = _top(max(series.values, default=0))
    room = WIDTH / len(timeline.starts)
    is_hours = timeline.size == HOUR
    form = "%Y-%m-%dT%H:%M" if is_hours else "%Y-%m-%d"
    bars = []
    for index, (start, count) in enumerate(zip(timeline.starts, series.values, strict=True)):
        is_part = not timeline.is_whole(index, begin, end)
        bars.append(
            Bar(
                round(index * room, 2),
                round(room, 2),
                round(HEIGHT - HEIGHT * count / top, 2),
                count,
                timeline.name(index) + (" (a part)" if is_part else ""),
                moment(start).strftime(form),
                moment(start + timeline.size - (not is_hours)).strftime(form),
                is_part,
            )
        )
    marks = tuple(_short(top * part / 2) for part in (2, 1, 0))
    return Chart(name, title, series, tuple(bars), marks, _dates(timeline), timeline.unit, noun)


def sparkline(values: Sequence[int]) -> str:
    """Return the points of a line through some values, in a box of 100 to 20; empty for none."""
    if not any(values):
        return ""
    step = 100 / max(len(values) - 1, 1)
    highest = max(values)
    return " ".join(
        f"{index * step:.4g},{19 - 18 * value / highest:.3g}" for index, value in enumerate(values)
    )


def _dates(timeline: Timeline) -> tuple[str, ...]:
    begin, end = timeline.starts[0], timeline.end
    form = _FORMS[timeline.size]
    if end - begin <= DAY * _DATES and timeline.size != HOUR:
        return moment(begin).strftime(form), moment(end - 1).strftime(form)
    parts = range(_DATES)
    times = (begin + (end - 1 - begin) * part // (_DATES - 1) for part in parts)
    return tuple(moment(time).strftime(form) for time in times)


def _top(highest: int) -> int:
    """Return a round number that no value exceeds, and whose half is whole."""
    size = 1
    while size * 20 < highest:
        size *= 10
    steps = (step for step in _STEPS if size > 1 or step % 2 == 0)
    return next(size * step for step in steps if size * step >= highest)


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
