"""Geometry of the charts: stacked columns and lines with axes; templates write them as SVG.

Each chart comes in a wide and a narrow size, because text in an SVG shrinks with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.timeline import Series, Timeline, Trend, moment
from enforcer.store.queries import DAY, HOUR, WEEK

FULL: Final = (1120, 250)
HALF: Final = (560, 250)
NARROW: Final = (360, 230)

_LEFT: Final = 46
_RIGHT: Final = 10
_TOP: Final = 10
_BOTTOM: Final = 26
_TICK_WIDTH: Final = 84
_STEPS: Final = (1, 2, 2.5, 5, 10)
_DATES: Final = {HOUR: "%H:%M", DAY: "%d %b", WEEK: "%d %b"}


@dataclass(frozen=True, slots=True)
class Box:
    """One rectangle; ``kind`` is its class in the stylesheet."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of an axis, with its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One bucket of time: the target of a pointer, with its tooltip.

    Attributes:
        box: where it is.
        title: the name of the bucket.
        lines: its counts.
        since: its first day or hour, for a link.
        until: its last day or hour, for a link.

    """

    box: Box
    title: str
    lines: tuple[tuple[str, str, int], ...]
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in one size."""

    width: int
    height: int
    left: float
    right: float
    bottom: float
    boxes: tuple[Box, ...]
    rows: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    columns: tuple[Column, ...]
    line: str = ""
    area: str = ""
    trend: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in both sizes, with its title and description.

    Attributes:
        name: its id on the page.
        title: what it shows.
        description: the content in one sentence, for screen readers.
        series: the numbers.
        timeline: the buckets of time.
        wide: the drawing for a wide window.
        narrow: the drawing for a narrow window.

    """

    name: str
    title: str
    description: str
    series: tuple[Series, ...]
    timeline: Timeline
    wide: Drawing
    narrow: Drawing


def stacked(name: str, title: str, series: Sequence[Series], timeline: Timeline) -> Chart:
    """Draw stacked columns, one for each bucket of time."""
    total = sum(each.total for each in series)
    what = f"{total:,} uses by {timeline.unit}, {timeline.name(0)} to {timeline.name(-1)}"
    shown = tuple(series)
    return Chart(
        name,
        title,
        f"{what}. Most: {', '.join(f'{each.name} {each.total:,}' for each in shown[:3])}."
        if shown
        else "No uses.",
        shown,
        timeline,
        _stacked(shown, timeline, FULL),
        _stacked(shown, timeline, NARROW),
    )


def line(name: str, title: str, series: Series, timeline: Timeline, fit: Trend | None) -> Chart:
    """Draw one line with the area below it, and its trend."""
    values = series.values
    what = f"From {values[0]:,} to {values[-1]:,} {series.name}" if values else "Nothing"
    return Chart(
        name,
        title,
        f"{what}, {timeline.name(0)} to {timeline.name(-1)}; {max(values, default=0):,} at most.",
        (series,),
        timeline,
        _line(series, timeline, fit, HALF),
        _line(series, timeline, fit, NARROW),
    )


class _Frame:
    """Coordinate system: converts values and buckets of time into pixels."""

    def __init__(self, size: tuple[int, int], timeline: Timeline, highest: float) -> None:
        self.width, self.height = size
        self.timeline = timeline
        self.top, self.step = _scale(highest)
        self.parts = len(timeline.starts)
        self.right = self.width - _RIGHT
        self.bottom = self.height - _BOTTOM
        self.part = (self.right - _LEFT) / self.parts

    def x(self, index: float) -> float:
        return round(_LEFT + index * self.part, 2)

    def y(self, value: float) -> float:
        return round(self.bottom - value / self.top * (self.bottom - _TOP), 2)

    def rows(self) -> tuple[Tick, ...]:
        count = round(self.top / self.step)
        return tuple(Tick(self.y(i * self.step), _short(i * self.step)) for i in range(count + 1))

    def dates(self) -> tuple[Tick, ...]:
        every = max(1, -(-self.parts * _TICK_WIDTH // (self.right - _LEFT)))
        form = _DATES[self.timeline.size]
        return tuple(
            Tick(self.x(index + 0.5), moment(self.timeline.starts[index]).strftime(form))
            for index in range(0, self.parts, every)
            if self.x(index + 0.5) <= self.right - 20 or self.parts == 1
        )

    def columns(self, series: Sequence[Series]) -> tuple[Column, ...]:
        return tuple(self._column(series, index) for index in range(self.parts))

    def _column(self, series: Sequence[Series], index: int) -> Column:
        start = self.timeline.starts[index]
        end = start + self.timeline.size
        since, until = moment(start), moment(end - 1)
        form = "%Y-%m-%dT%H:%M" if self.timeline.size == HOUR else "%Y-%m-%d"
        if self.timeline.size == HOUR:
            until = moment(end)
        lines = tuple(
            (_kind(place), each.name, each.values[index])
            for place, each in enumerate(series)
            if each.values[index] or len(series) == 1
        )
        box = Box(self.x(index), _TOP, round(self.part, 2), self.bottom - _TOP)
        return Column(
            box, self.timeline.name(index), lines, since.strftime(form), until.strftime(form)
        )

    def drawing(
        self, series: Sequence[Series], boxes: Sequence[Box] = (), *, line: str = "",
        area: str = "", trend: str = "",
    ) -> Drawing:  # fmt: skip
        return Drawing(
            self.width, self.height, _LEFT, self.right, self.bottom, tuple(boxes), self.rows(),
            self.dates(), self.columns(series), line, area, trend,
        )  # fmt: skip


def _stacked(series: Sequence[Series], timeline: Timeline, size: tuple[int, int]) -> Drawing:
    sums = [sum(values) for values in zip(*(each.values for each in series), strict=True)]
    frame = _Frame(size, timeline, max(sums, default=0))
    gap = min(frame.part * 0.18, 3)
    boxes = []
    for index in range(frame.parts):
        below = 0
        for place, each in enumerate(series):
            value = each.values[index]
            if not value:
                continue
            low, high = frame.y(below), frame.y(below + value)
            width = round(max(frame.part - gap, 0.6), 2)
            x = round(frame.x(index) + gap / 2, 2)
            boxes.append(Box(x, high, width, round(max(low - high, 0.5), 2), _kind(place)))
            below += value
    return frame.drawing(series, boxes)


def _line(series: Series, timeline: Timeline, fit: Trend | None, size: tuple[int, int]) -> Drawing:
    highest = max((*series.values, *((fit.begin, fit.end) if fit else ())), default=0)
    frame = _Frame(size, timeline, highest)
    points = [
        f"{frame.x(index + 0.5)} {frame.y(value)}" for index, value in enumerate(series.values)
    ]
    path = f"M{' L'.join(points)}"
    left, right = frame.x(0.5), frame.x(frame.parts - 0.5)
    area = f"{path} L{right} {frame.bottom} L{left} {frame.bottom} Z"
    trend = ""
    if fit:
        begin = f"{frame.x(fit.first + 0.5)} {frame.y(fit.begin)}"
        trend = f"M{begin} L{right} {frame.y(fit.end)}"
    return frame.drawing((series,), line=path, area=area, trend=trend)


def _kind(place: int) -> str:
    return f"s{place}"


def _scale(highest: float) -> tuple[float, float]:
    """Return a round number above the highest value, and the step between marks."""
    rough = max(highest, 4) / 4
    size = 1.0
    while size * 10 <= rough:
        size *= 10
    step = next(size * each for each in _STEPS if size * each >= rough)
    step = max(round(step), 1)
    count = max(-(-int(highest) // step), 1)
    return float(count * step), float(step)


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
