"""Buckets of time, and counts over them: uses, call sites that are left, changes and forecasts.

Only whole periods of equal length are ever compared: the day or week that has begun is compared
with nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from enforcer.store.queries import DAY, HOUR, MONDAY, WEEK, UsesInTime

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
        begin: from when on something is counted, perhaps within the first bucket.

    """

    size: int
    starts: tuple[int, ...]
    begin: int = 0

    @classmethod
    def over(cls, begin: int, end: int) -> "Timeline":
        """Create a timeline with a size of buckets that fits a chart."""
        end = max(end, begin + 1)
        size = HOUR
        if end - begin > _MOST_HOURS * HOUR:
            size = DAY if end - begin <= _MOST_DAYS * DAY else WEEK
        offset = MONDAY if size == WEEK else 0
        first = (begin - offset) // size * size + offset
        return cls(size, tuple(range(first, end, size)), begin)

    @classmethod
    def whole_weeks(cls, begin: int, end: int) -> "Timeline":
        """Create a timeline of the whole weeks between two times, back from the last midnight."""
        end = end // DAY * DAY
        weeks = max((end - begin) // WEEK, 0)
        return cls(WEEK, tuple(end - number * WEEK for number in range(weeks, 0, -1)))

    @property
    def end(self) -> int:
        """Return the end of the last bucket."""
        return self.starts[-1] + self.size

    def is_whole(self, index: int, begin: int, end: int) -> bool:
        """Return whether a bucket lies between two times as a whole."""
        return begin <= self.starts[index] and self.starts[index] + self.size <= end

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


def count_uses(rows: Iterable[UsesInTime], timeline: Timeline) -> Series:
    """Count the uses of all rules in each bucket."""
    values = [0] * len(timeline.starts)
    # Rows come sorted by time, and there are many thousands: look each time up once.
    for start, of_time in groupby(rows, attrgetter("start")):
        values[timeline.index(start)] += sum([row.count for row in of_time])
    return Series("uses", tuple(values))


def sites_left(lives: Iterable[tuple[int, int]], timeline: Timeline) -> Series:
    """Count the call sites that are left at the end of each bucket.

    Args:
        lives: from when till when each call site is left.
        timeline: the buckets.

    """
    changes = Counter[int]()
    for first, last in lives:
        changes[timeline.index(first)] += 1
        if last < timeline.end:
            changes[timeline.index(last)] -= 1
    values = []
    there = 0
    for index in range(len(timeline.starts)):
        there += changes[index]
        values.append(there)
    return Series("call sites left", tuple(values))


@dataclass(frozen=True, slots=True)
class Change:
    """A count of a whole period, and of the one of equal length before it.

    Attributes:
        now: the count of the newer period.
        before: that of the older one; None if it was not watched as a whole.

    """

    now: int
    before: int | None

    @property
    def percent(self) -> float | None:
        """Return the change in percent; None if there is nothing to compare with."""
        return 100 * (self.now - self.before) / self.before if self.before else None

    @property
    def direction(self) -> str:
        """Return ``up``, ``down`` or ``level``; empty if there is nothing to compare with."""
        if self.before is None:
            return ""
        if abs(self.now - self.before) <= _LEVEL * self.before:
            return "level"
        return "up" if self.now > self.before else "down"


_LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Forecast:
    """When none would be left if the last whole weeks went on.

    Attributes:
        direction: ``up``, ``down`` or ``level``.
        earliest: the first date on which none would be left, in nanoseconds; None if never.
        latest: the last such date; None if that can't be told.

    """

    direction: str
    earliest: int | None = None
    latest: int | None = None


_WEEKS: Final = 8
_FEWEST: Final = 4
_FARTHEST: Final = 3 * 365 * DAY


def forecast(values: Sequence[int], end: int) -> Forecast | None:
    """Fit a line to the counts of the last whole weeks; return None for too few of them.

    The dates are those of the slopes one standard error around the fitted one: a single date would
    promise more than some weeks can tell.

    Args:
        values: counts at the ends of whole weeks.
        end: the end of the last one, in nanoseconds since the epoch.

    """
    values = values[-_WEEKS:]
    count = len(values)
    if count < _FEWEST or not any(values):
        return None
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / spread
    rest = sum((y - mean - slope * (x - middle)) ** 2 for x, y in enumerate(values))
    error = (rest / (count - 2) / spread) ** 0.5
    if abs(slope) * (count - 1) <= _LEVEL * max(mean, 1) or abs(slope) <= error:
        return Forecast("level")
    if slope > 0:
        return Forecast("up")
    earliest, latest = (
        _reaches_zero(values[-1], each, end) for each in (slope - error, slope + error)
    )
    return Forecast("down", earliest, latest if earliest else None)


def _reaches_zero(left: int, slope: float, end: int) -> int | None:
    ahead = int(left / -slope * WEEK)
    return end + ahead if ahead < _FARTHEST else None
