"""Bars that show when each service was watched, with its gaps as holes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from enforcer.dashboard.day_strips import Presence
from enforcer.dashboard.timeline import moment
from enforcer.output.times import ago, length, short
from enforcer.output.words import counted

_WIDTH: Final = 1000.0
_MOST: Final = 25
_THINNEST: Final = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """A time that was watched, or a hole; positions are out of 1000."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class WatchBar:
    """The bar of one service in one environment.

    Attributes:
        name: the service and its environment.
        parts: the times that were watched.
        holes: the times in between.
        words: both in one sentence.
        note: whether it is watched now, or until when it was.

    """

    name: str
    parts: tuple[Part, ...]
    holes: tuple[Part, ...]
    words: str
    note: str


@dataclass(frozen=True, slots=True)
class WatchBars:
    """All bars with their time axis, and how many there was no room for."""

    bars: tuple[WatchBar, ...]
    begin: str
    end: str
    left_out: int


def watch_bars(presences: Sequence[Presence], begin: int, end: int) -> WatchBars:
    """Return the bars of the most recent services between two times."""
    shown = [each for each in presences if each.spans[-1][1] > begin and each.spans[0][0] < end]
    begin = max(begin, min((each.spans[0][0] for each in shown), default=begin))
    return WatchBars(
        tuple(_bar(each, begin, end) for each in shown[:_MOST]),
        f"{moment(begin):%Y-%m-%d}",
        f"{moment(end):%Y-%m-%d}",
        max(len(shown) - _MOST, 0),
    )


def _bar(presence: Presence, begin: int, end: int) -> WatchBar:
    spans = [(since, till) for since, till in presence.spans if since < end and till > begin]
    holes = [(till, since) for (_, till), (since, _) in pairwise(spans)]
    longest = max((since - till for till, since in holes), default=0)
    broken = f", {counted(len(holes), 'gap')}, {length(longest)} at the longest" if holes else ""
    last = presence.spans[-1][1]
    return WatchBar(
        presence.name,
        tuple(_part(since, till, begin, end) for since, till in spans),
        tuple(_part(till, since, begin, end) for till, since in holes),
        f"watched {short(presence.spans[0][0])} to {short(min(last, end))} UTC{broken}",
        "watched now" if last >= end else f"until {ago(last, end)}",
    )


def _part(since: int, till: int, begin: int, end: int) -> Part:
    scale = _WIDTH / max(end - begin, 1)
    x = min(max((since - begin) * scale, 0.0), _WIDTH - _THINNEST)
    width = max(min((till - begin) * scale, _WIDTH) - x, _THINNEST)
    title = f"{short(since)} to {short(till)} UTC: not watched for {length(till - since)}"
    return Part(round(x, 1), round(width, 1), title)
