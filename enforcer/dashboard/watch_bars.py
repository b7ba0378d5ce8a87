"""Draw when each service was watched, as bars along the time that is shown."""

from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.looking import Look
from enforcer.dashboard.timeline import moment

_WIDTH: Final = 1000.0
_MOST: Final = 40
_THINNEST: Final = 3.0


@dataclass(frozen=True, slots=True)
class WatchBar:
    """Hold the bar of one service, version and environment; places are out of 1000."""

    name: str
    x: float
    width: float
    since: str
    till: str


@dataclass(frozen=True, slots=True)
class WatchBars:
    """Hold the bars with the time that they stand in, and how many there was no room for."""

    bars: tuple[WatchBar, ...]
    begin: str
    end: str
    left_out: int


def watch_bars(look: Look) -> WatchBars:
    """Draw the services that were there last; a bar hides the gaps, which the tables show."""
    services = look.watching.services
    begin = min((each.since for each in services), default=look.end)
    length = max(look.end - begin, 1)
    bars = []
    for each in services[:_MOST]:
        x = _WIDTH * (each.since - begin) / length
        width = max(_WIDTH * (each.till - each.since) / length, _THINNEST)
        x = min(max(x, 0.0), _WIDTH - _THINNEST)
        name = " ".join(filter(None, (each.service or "no service named", each.version)))
        where = f"{name} in {each.environment}" if each.environment else name
        days = (f"{moment(time):%Y-%m-%d %H:%M}" for time in (each.since, each.till))
        bars.append(WatchBar(where, round(x, 1), round(min(width, _WIDTH - x), 1), *days))
    return WatchBars(
        tuple(bars),
        f"{moment(begin):%Y-%m-%d}",
        f"{moment(look.end):%Y-%m-%d}",
        max(len(services) - _MOST, 0),
    )
