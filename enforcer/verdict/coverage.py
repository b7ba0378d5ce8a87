"""Coverage of a time by the processes of a fleet: who watched a rule, and where the watch broke."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from enforcer.recording.process import CLOCKS_DIFFER
from enforcer.rules.model import TREE_SUFFIX
from enforcer.store.queries import DAY, HOUR, ProcessLife
from enforcer.store.sqlite.schema import UNKNOWN
from enforcer.verdict.model import FleetEvidence
from enforcer.verdict.terms import LONGEST_BREAK, SEEN_DAYS, Terms

_CLOCKS_VARY: Final = HOUR // 6
"""By how much the clocks of two hosts may differ: ten minutes."""

Spans = list[tuple[int, int, int]]
"""Times that were watched: their beginning, their end, and the longest break that may follow."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a service did not watch a rule.

    Attributes:
        since: when it began.
        till: when it ended.

    """

    since: int
    till: int


class Coverage:
    """The processes in production, by service; answers are cached, as most rules share them."""

    def __init__(self, fleet: FleetEvidence, terms: Terms, now: int) -> None:
        self.fleet = fleet
        self.terms = terms
        self.now = now
        self.lives = [one for one in fleet.lives if terms.is_production(one.environment)]
        self._maps: dict[str, frozenset[str]] = {}
        self._gaps: dict[tuple[str, frozenset[str], int], list[Gap]] = {}
        self._without: dict[tuple[frozenset[str], int], list[ProcessLife]] = {}

    def maps_with(self, legacy: str) -> frozenset[str]:
        """Return the digests of the sets of rules that have a rule."""
        if legacy not in self._maps:
            found = (digest for digest, rules in self.fleet.rules.items() if legacy in rules)
            self._maps[legacy] = frozenset(found)
        return self._maps[legacy]

    @cached_property
    def running(self) -> list[ProcessLife]:
        """The processes that run now, as far as is known."""
        return [one for one in self.lives if not one.ending and self._is_alive(one)]

    def _is_alive(self, life: ProcessLife) -> bool:
        # A clock that is minutes behind hides no process, and neither does a kill just now.
        lasts = max(life.silence, LONGEST_BREAK)
        return life.written + lasts >= self.now >= life.written - CLOCKS_DIFFER

    @cached_property
    def by_service(self) -> dict[str, list[ProcessLife]]:
        """The processes of each service."""
        return _grouped(self.lives, lambda life: life.service)

    @cached_property
    def by_ending(self) -> dict[str, list[ProcessLife]]:
        """The processes that ended in each way."""
        return _grouped(self.lives, lambda life: life.ending)

    @cached_property
    def first_seen(self) -> dict[tuple[str, str], int]:
        """When each version of a service began to run."""
        first: dict[tuple[str, str], int] = {}
        for life in self.lives:
            key = life.service, life.version
            first[key] = min(first.get(key, life.began), life.began)
        return first

    @cached_property
    def ahead(self) -> list[ProcessLife]:
        """The processes whose clock is ahead of the one here."""
        return [one for one in self.lives if one.written > self.now + CLOCKS_DIFFER]

    @cached_property
    def vanished(self) -> list[tuple[ProcessLife, bool]]:
        """The processes that ended without a last write, and whether others make up for that.

        Another process makes up for one that vanished if it reached the same age later, a day at
        most: it has written what it used by that age. A service that crashes at start-up each time
        never has such a process. And a process has to have begun since: one without a successor
        may not be gone, but run on, cut off from the store.
        """
        # Not before a break would be one: a clock may be minutes behind.
        found = [
            one
            for one in self.by_ending.get("", ())
            if one.written + max(one.silence, LONGEST_BREAK) < self.now
        ]
        return [(one, self._is_made_up(one)) for one in found]

    @cached_property
    def begun_anew(self) -> int:
        """When the store was begun in place of another one; 0 if it was not, as far as is known.

        Processes that began well before all that is recorded have written into another one.
        """
        first = min((one.began for one in self.lives), default=0)
        is_later = any(one.started + LONGEST_BREAK < first for one in self.lives)
        return first if is_later else 0

    def _is_made_up(self, lost: ProcessLife) -> bool:
        # It may have run on for as long as its silence lasts, and used the path then.
        age = min(lost.written - lost.began, DAY) + lost.silence
        later = [
            one
            for one in self.by_service[lost.service]
            if one.environment == lost.environment and one.written > lost.written
        ]
        return any(one.began > lost.written - _CLOCKS_VARY for one in later) and any(
            one.written - one.began >= age for one in later
        )

    @cached_property
    def paths(self) -> frozenset[str]:
        """The legacy paths of all rules, as notices name them."""
        rules = frozenset[str]().union(*self.fleet.rules.values())
        return frozenset(legacy.removesuffix(TREE_SUFFIX) for legacy in rules)

    @cached_property
    def recent_services(self) -> tuple[str, ...]:
        """The services in production that had a heartbeat within the last 90 days."""
        since = self.now - SEEN_DAYS * DAY
        return tuple(sorted({one.service for one in self.lives if one.written >= since} - {""}))

    def gaps(self, service: str, legacy: str, since: int) -> list[Gap]:
        """Return when a service did not watch a rule, and the break is not accepted."""
        maps = self.maps_with(legacy)
        # By maps and not by rule: most rules are in the same maps, and share the answer.
        key = service, maps, since
        if key not in self._gaps:
            watched = [
                span
                for life in self.by_service.get(service, ())
                # An enforcer before 0.2 recorded no gaps, so its spans prove nothing.
                if life.map in maps and life.ending != UNKNOWN
                for span in self._spans(life)
            ]
            watched += [
                (one.since, one.till, LONGEST_BREAK)
                for one in self.terms.accepted
                if one.service == service
            ]
            self._gaps[key] = _gaps(watched, since, self.now)
        return self._gaps[key]

    def _spans(self, life: ProcessLife) -> Iterable[tuple[int, int, int]]:
        *others, (since, till) = life.spans or ((life.written, life.written),)
        yield from ((*span, LONGEST_BREAK) for span in others)
        if life.ending:
            yield since, till, LONGEST_BREAK
            return
        # The silence that a process may keep is no break: it writes rarely while nothing happens.
        till += life.silence
        # A service that crashes at each start is watched for a second now and then, and whoever
        # would have run in between does not: after a crash a break is as long as the life before.
        yield since, till, min(till - since, LONGEST_BREAK)

    def without_rule(self, legacy: str, since: int) -> list[ProcessLife]:
        """Return the processes that were alive since a time, and whose map lacks a rule."""
        maps = self.maps_with(legacy)
        if (maps, since) not in self._without:
            self._without[maps, since] = [
                one for one in self.lives if one.map not in maps and one.written >= since
            ]
        return self._without[maps, since]

    def is_accepted(self, service: str, since: int, till: int) -> bool:
        """Return whether the map accepts that a service was not watched in all of a time."""
        breaks = [(one.since, one.till, 0) for one in self.terms.accepted if one.service == service]
        return bool(breaks) and not _gaps(breaks, since, till, at_first=0)


def _grouped(
    lives: Iterable[ProcessLife], key: Callable[[ProcessLife], str]
) -> dict[str, list[ProcessLife]]:
    found: defaultdict[str, list[ProcessLife]] = defaultdict(list)
    for life in lives:
        found[key(life)].append(life)
    return dict(found)


def _gaps(watched: Spans, since: int, till: int, *, at_first: int = LONGEST_BREAK) -> list[Gap]:
    """Return the times between since and till that no span covers and that are too long."""
    edge, longest, gaps = since, at_first, []
    for began, ended, may_follow in sorted(watched):
        if began > till:
            break
        if began - edge > longest:
            gaps.append(Gap(edge, began))
        edge, longest = max((edge, longest), (ended, may_follow))
    if till - edge > longest:
        gaps.append(Gap(edge, till))
    return gaps
