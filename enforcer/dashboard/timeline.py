"""Buckets of time, and series over them: uses, remaining call sites, and their trend."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from enforcer.report.model import SiteReport
from enforcer.store.queries import DAY, HOUR, MONDAY, WEEK, UsesInTime

OTHERS: Final = "all other rules"

_MOST_HOURS: Final = 72
_MOST_DAYS: Final = 100
_FORMS: Final = {HOUR: "%Y-%m-%d %H:%M", DAY: "%a %Y-%m-%d", WEEK: "week from %Y-%m-%d"}
_UNITS: Final = {HOUR: "hour", DAY: "day", WEEK: "week"}


@dataclass(frozen=True, slots=True)
class Timeline:
    """A span of time in buckets of hours, days or weeks, in UTC.

    Attributes:
        size: the length of a bucket, in nanoseconds.
        starts: when each bucket begins, in nanoseconds since the epoch.

    """

    size: int
    starts: tuple[int, ...]

    @classmethod
    def over(cls, begin: int, end: int) -> "Timeline":
        """Create a timeline with a size of buckets that fits a chart."""
        end = max(end, begin + 1)
        size = HOUR
        if end - begin > _MOST_HOURS * HOUR:
            size = DAY if end - begin <= _MOST_DAYS * DAY else WEEK
        offset = MONDAY if size == WEEK else 0
        first = (begin - offset) // size * size + offset
        return cls(size, tuple(range(first, end, size)))

    @property
    def unit(self) -> str:
        """Return the name of the buckets' size."""
        return _UNITS[self.size]

    def index(self, time: int) -> int:
        """Return the number of the bucket that a time falls into, or of the nearest one."""
        index = (time - self.starts[0]) // self.size
        return 0 if index < 0 else min(index, len(self.starts) - 1)

    def name(self, index: int) -> str:
        """Return a bucket's name for people."""
        return moment(self.starts[index]).strftime(_FORMS[self.size])


@dataclass(frozen=True, slots=True)
class Series:
    """One count for each bucket of a timeline."""

    name: str
    values: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return the sum of all buckets."""
        return sum(self.values)


def moment(time: int) -> datetime:
    """Convert nanoseconds since the epoch to a datetime in UTC."""
    return datetime.fromtimestamp(time // 1_000_000_000, UTC)


def uses_by_rule(rows: Iterable[UsesInTime], timeline: Timeline, most: int) -> list[Series]:
    """Count the uses of each rule over time, the rules with most uses first.

    Args:
        rows: the store's counts.
        timeline: the buckets.
        most: how many rules get a series of their own; all others share the last series.

    """
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(timeline.starts))
    # Rows come sorted by time, and there are many thousands: look a time up once.
    for start, of_time in groupby(rows, attrgetter("start")):
        index = timeline.index(start)
        for row in of_time:
            counts[row.legacy][index] += row.count
    ranked = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    # A single rule among "all others" may as well have its own name.
    most = most if len(ranked) > most + 1 else len(ranked)
    series = [Series(name, tuple(values)) for name, values in ranked[:most]]
    rest = [values for _, values in ranked[most:]]
    if rest:
        series.append(Series(OTHERS, tuple(map(sum, zip(*rest, strict=True)))))
    return series


def remaining_sites(sites: Iterable[SiteReport], timeline: Timeline) -> Series:
    """Count the call sites that remained in each bucket.

    A call site remains from its first use until a week after its last one: code that runs once a
    week is not gone between its runs.
    """
    changes = Counter[int]()
    last = len(timeline.starts)
    for site in sites:
        changes[timeline.index(site.first_seen)] += 1
        end = site.last_seen + WEEK
        if end < timeline.starts[-1]:
            changes[timeline.index(end) + 1] -= 1
    values = []
    there = 0
    for index in range(last):
        there += changes[index]
        values.append(there)
    return Series("call sites", tuple(values))


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through the newest values of a series.

    Attributes:
        first: the number of the bucket that it begins in.
        begin: its height there.
        end: its height in the last bucket.
        a_week: how much it rises in a week.
        zero: when it reaches zero, in nanoseconds since the epoch; None if it does not fall.

    """

    first: int
    begin: float
    end: float
    a_week: float
    zero: int | None


_TREND_PARTS: Final = {HOUR: 48, DAY: 56, WEEK: 8}
_FEWEST_PARTS: Final = 3
_LEVEL: Final = 0.05
_FARTHEST: Final = 5 * 365 * DAY


def trend(series: Series, timeline: Timeline) -> Trend | None:
    """Fit a line to the newest values by least squares; return None for too few of them."""
    values: Sequence[int] = series.values[-_TREND_PARTS[timeline.size] :]
    count = len(values)
    if count < _FEWEST_PARTS or not any(values):
        return None
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / spread
    begin, end = mean - slope * middle, mean + slope * middle
    a_week = slope * WEEK / timeline.size
    zero = None
    if a_week < -_LEVEL and end > 0:
        ahead = int(end / -slope * timeline.size)
        zero = timeline.starts[-1] + ahead if ahead < _FARTHEST else None
    return Trend(len(series.values) - count, max(begin, 0.0), max(end, 0.0), a_week, zero)
