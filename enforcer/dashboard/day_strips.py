"""The last days of a path as cells: watched, used, or not watched, by service and environment."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.timeline import moment
from enforcer.output.times import ago
from enforcer.output.words import counted, listed
from enforcer.store.queries import DAY, ProcessLife
from enforcer.verdict.terms import LONGEST_BREAK

DAYS: Final = 90

_WATCHED, _USED, _UNWATCHED = "w", "u", "n"
_KINDS: Final = {_WATCHED: "watched", _USED: "used", _UNWATCHED: "unwatched"}
# A day that was not watched is a low mark in the middle: another shape, not only another colour.
_BOXES: Final = {_WATCHED: (0, 18), _USED: (0, 18), _UNWATCHED: (7, 4)}
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Strip:
    """The days of one service in one environment.

    Attributes:
        name: the service and its environment.
        first: when the first day begins, in nanoseconds.
        days: a letter for each day: ``w`` watched, ``u`` used, ``n`` not watched.
        note: the last use, in words.

    """

    name: str
    first: int
    days: str
    note: str

    @property
    def begin(self) -> str:
        """Return the first day, as an ISO date."""
        return f"{moment(self.first):%Y-%m-%d}"

    @property
    def words(self) -> str:
        """Return the content in one sentence, for screen readers."""
        holes = [
            f"{moment(self.first + index * DAY):%Y-%m-%d}"
            for index, day in enumerate(self.days)
            if day == _UNWATCHED
        ]
        missed = f", not watched on {listed(holes, _MOST_NAMED)}" if holes else ""
        return f"used on {counted(self.days.count(_USED), 'day')}{missed}; {self.note}"

    @property
    def paths(self) -> Iterator[tuple[str, str]]:
        """Yield each kind of day with the outline of its cells, 10 units wide each."""
        for kind, name in _KINDS.items():
            top, height = _BOXES[kind]
            path = "".join(
                f"M{index * 10} {top}h8.6v{height}h-8.6z"
                for index, day in enumerate(self.days)
                if day == kind
            )
            if path:
                yield name, path


@dataclass(frozen=True, slots=True)
class Presence:
    """When the processes of one service in one environment watched a path.

    Attributes:
        service: the service, or empty.
        environment: where it is deployed, or empty.
        spans: the times in which any of them watched, in order, none of them touching.

    """

    service: str
    environment: str
    spans: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """Its name, for people."""
        name = self.service or "no service named"
        return f"{name} in {self.environment}" if self.environment else name


def presences(lives: Iterable[ProcessLife], now: int) -> list[Presence]:
    """Return when each service watched in each environment, the most recent first.

    As for verdicts: a restart within :data:`LONGEST_BREAK` is no hole, and a process that may be
    silent watches meanwhile.
    """
    groups: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for life in lives:
        *others, (since, till) = life.spans or ((life.written, life.written),)
        end = till if life.ending else min(till + life.silence, max(now, till))
        groups[life.service, life.environment] += [*others, (since, end)]
    found = [Presence(*key, tuple(_united(spans))) for key, spans in groups.items()]
    return sorted(found, key=lambda each: (-each.spans[-1][1], each.service, each.environment))


def _united(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first, *others = sorted(spans)
    begin, end = first
    for since, till in others:
        if since - end > LONGEST_BREAK:
            yield begin, end
            begin = since
        end = max(end, till)
    yield begin, end


def strip(
    presence: Presence, used: Iterable[int], now: int, *, last_use: int, is_steady: bool
) -> Strip:
    """Return the days of a service up to today.

    Args:
        presence: when it watched.
        used: when the days begin on which it used the path.
        now: the time.
        last_use: its last use ever; 0 for none.
        is_steady: whether it has to be watched without a break, as in production; elsewhere a day
            on which it ran at all was watched.

    """
    first = (now // DAY - DAYS + 1) * DAY
    used_days = {start // DAY for start in used}
    days = "".join(
        _USED
        if start // DAY in used_days
        else _WATCHED
        if _is_watched(presence.spans, start, min(start + DAY, now), is_steady=is_steady)
        else _UNWATCHED
        for start in range(first, now, DAY)
    )
    note = f"last use {ago(last_use, now)}" if last_use else "never used"
    return Strip(presence.name, first, days, note)


def _is_watched(spans: Sequence[tuple[int, int]], start: int, end: int, *, is_steady: bool) -> bool:
    touching = [(since, till) for since, till in spans if since < end and till > start]
    if not touching or not is_steady:
        return bool(touching)
    # On its first day a service is watched from its start on, and never was there before.
    begins = touching[0] == spans[0] or touching[0][0] <= start + LONGEST_BREAK
    return len(touching) == 1 and begins and touching[0][1] >= end - LONGEST_BREAK
