"""The figures of the first page: rules by state, week-on-week change, rules due for removal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from enforcer.dashboard.look import STATES, Look
from enforcer.dashboard.timeline import Timeline, moment
from enforcer.store.queries import DAY, WEEK

_BAR_WIDTH: Final = 1000.0
_GAP: Final = 3.0
_TWO_WEEKS: Final = 14


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of the bar of all rules."""

    state: str
    name: str
    count: int
    x: float
    width: float


def rule_bar(rules: Iterable[dict[str, Any]]) -> tuple[Segment, ...]:
    """Divide a bar by the rules' states; states without a rule are omitted."""
    counts = dict.fromkeys(STATES, 0)
    for rule in rules:
        counts[rule["state"]] += 1
    total = sum(counts.values())
    there = [(state, count) for state, count in counts.items() if count]
    room = _BAR_WIDTH - _GAP * max(len(there) - 1, 0)
    segments, x = [], 0.0
    for state, count in there:
        width = room * count / total
        segments.append(Segment(state, STATES[state], count, round(x, 2), round(width, 2)))
        x += width + _GAP
    return tuple(segments)


@dataclass(frozen=True, slots=True)
class Change:
    """Uses in the last week that is shown, and in the one before it.

    Attributes:
        now: uses in the last seven days.
        before: uses in the seven days before those; None if the selected time is too short.

    """

    now: int
    before: int | None

    @property
    def percent(self) -> float | None:
        """Return the change in percent; None if there is nothing to compare with."""
        return 100 * (self.now - self.before) / self.before if self.before else None


def week_on_week(look: Look, timeline: Timeline) -> Change:
    """Count the uses of the last seven days, today included, and of the seven before those."""
    first = (look.end - 1) // DAY * DAY - 6 * DAY
    rows = look.uses_by_day(_TWO_WEEKS)
    now = sum(row.count for row in rows if row.start >= first)
    if timeline.starts[0] > first - WEEK:
        return Change(now, None)
    return Change(now, sum(row.count for row in rows if first - WEEK <= row.start < first))


def next_to_go(rules: Iterable[dict[str, Any]], now: int) -> list[dict[str, Any]]:
    """Return the rules that have a date for their removal, the earliest first."""
    today = moment(now).date()
    dated = sorted((rule for rule in rules if rule["remove_after"]), key=_day)
    return [
        {**rule, "days": (date.fromisoformat(rule["remove_after"]) - today).days} for rule in dated
    ]


def _day(rule: dict[str, Any]) -> tuple[str, str]:
    return rule["remove_after"], rule["legacy"]
