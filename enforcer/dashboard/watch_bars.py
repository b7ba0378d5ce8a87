"""Bars that show when each service was watched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.look import Look
from enforcer.dashboard.timeline import moment
from enforcer.output.times import short
from enforcer.store.sqlite.watch import ServiceWatch

_WIDTH: Final = 1000.0
_MOST: Final = 25
_THINNEST: Final = 3.0


@dataclass(frozen=True, slots=True)
class Part:
    """The time of one version; positions are out of 1000."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class WatchBar:
    """The bar of one service in one environment, with a part for each version."""

    name: str
    since: str
    till: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class WatchBars:
    """All bars with their time axis, and how many there was no room for."""

    bars: tuple[WatchBar, ...]
    begin: str
    end: str
    left_out: int


def watch_bars(look: Look) -> WatchBars:
    """Return the bars of the most recent services; gaps are not drawn, tables show them."""
    services = look.watching.services
    begin = min((each.since for each in services), default=look.end)
    length = max(look.end - begin, 1)
    groups: dict[tuple[str, str], list[ServiceWatch]] = {}
    for each in services:
        groups.setdefault((each.service, each.environment), []).append(each)
    return WatchBars(
        tuple(
            _bar(service, environment, versions, begin, length)
            for (service, environment), versions in list(groups.items())[:_MOST]
        ),
        f"{moment(begin):%Y-%m-%d}",
        f"{moment(look.end):%Y-%m-%d}",
        max(len(groups) - _MOST, 0),
    )


def _bar(
    service: str, environment: str, versions: Sequence[ServiceWatch], begin: int, length: int
) -> WatchBar:
    parts = []
    for each in sorted(versions, key=lambda version: version.since):
        x = min(max(_WIDTH * (each.since - begin) / length, 0.0), _WIDTH - _THINNEST)
        width = max(_WIDTH * (each.till - each.since) / length, _THINNEST)
        title = f"{each.version} {short(each.since)} to {short(each.till)} UTC".strip()
        parts.append(Part(round(x, 1), round(min(width, _WIDTH - x), 1), title))
    name = service or "no service named"
    return WatchBar(
        f"{name} in {environment}" if environment else name,
        short(min(each.since for each in versions)),
        short(max(each.till for each in versions)),
        tuple(parts),
    )
