"""When an answer is due: a dead rule whose evidence can be whole has to get its yes by then.

Reckoned from what really happened, and from which faults nobody can see through. Only the count
of late answers reads it: a yes that comes earlier, and is right, is welcome.
"""

from collections import Counter
from itertools import pairwise
from typing import Final

from tests.simulation.fleet import TO_DEPLOY
from tests.simulation.world import BEGIN, DAY, DAYS, DYNAMIC, END, KILLED, NEVER, QUIET, World

GRACE: Final = 3 * DAY
"""How late a yes may come."""

SCAN_LASTS: Final = 6 * DAY
"""How long a scan is fresh, on all of the days on which an answer may be due."""

WATCHED_BY: Final = BEGIN + 2 * DAY
"""When the first deploys of all services are through."""


def due(world: World, rule: int) -> int | None:
    """Return when a rule has to have its yes, with the grace; None if it need not."""
    gone = _gone_from_code(world, rule)
    uses = world.production_uses(rule)
    if gone is None or (uses and uses[-1].time >= END):
        return None
    if _came_once(world, rule):
        return None
    quiet_from = max(
        WATCHED_BY,
        max((block.until for block in world.blocks), default=0),
        _last_kill(world, rule),
        _known_everywhere(world, rule),
        uses[-1].time if uses else 0,
    )
    period = _period(world, rule)
    whole_at = max(quiet_from + period, _remembers_again(world, period), gone)
    due_at = _with_fresh_scan(world, whole_at)
    return due_at + GRACE if due_at + GRACE < END else None


def _with_fresh_scan(world: World, time: int) -> int:
    """Return the first time from one on at which a scan of the last week is recorded."""
    for day in range(DAYS):
        at = time + day * DAY
        if any(at - SCAN_LASTS < scanned <= at for scanned in world.scans):
            return at
    return NEVER


def _gone_from_code(world: World, rule: int) -> int | None:
    """Return from when on no code names a rule, by a scan that is recorded; None if never."""
    gone = BEGIN
    for caller in world.callers:
        if caller.rule == rule and caller.kind != DYNAMIC:
            if caller.until >= NEVER:
                return None
            gone = max(gone, caller.until)
    if world.releases:
        gone = min((time for time in world.releases if time - TO_DEPLOY > gone), default=NEVER)
    later = [time for time in world.scans if time > gone]
    return later[0] if later else None


def _came_once(world: World, rule: int) -> bool:
    """Return whether a caller that no scan shows was seen once: it may come again."""
    seen = Counter(use.caller for use in world.production_uses(rule))
    return any(
        seen[number] == 1
        for number, caller in enumerate(world.callers)
        if caller.rule == rule and caller.kind == DYNAMIC and not caller.is_declared
    )


def _last_kill(world: World, rule: int) -> int:
    """Return when a process was killed that may have used a rule in its last seconds.

    Only callers that no scan shows may have: of others it is known that they are gone.
    """
    callers = [one for one in world.callers if one.rule == rule and one.kind == DYNAMIC]
    services = {caller.service for caller in callers}
    return max(
        (
            life.ended
            for life in world.lives
            if life.ending == KILLED and life.service.name in services and life.ended < END
        ),
        default=0,
    )


def _remembers_again(world: World, period: int) -> int:
    """Return from when on a store that was begun anew knows who comes rarely: after two periods.

    Until then a process that was killed may have run a caller that the store has forgotten.
    """
    is_lossy = any(
        life.ending == KILLED and world.store_deleted < life.ended < END for life in world.lives
    )
    return world.store_deleted + 2 * period if world.store_deleted and is_lossy else 0


def _known_everywhere(world: World, rule: int) -> int:
    """Return when the last process without the rule in its map ended."""
    added = world.rules[rule]
    ends = [life.ended for life in world.lives if life.built < added and life.started < END]
    return max(ends, default=added) if added > BEGIN else 0


def _period(world: World, rule: int) -> int:
    """Return the period in force: the quiet one, or 1.5 times the longest pause, or the job's."""
    times = [BEGIN, *(use.time for use in world.production_uses(rule))]
    pauses = [later - time for time, later in pairwise(times)]
    declared = [one.period for one in world.callers if one.rule == rule and one.is_declared]
    return max(QUIET, max([0, *pauses, *declared]) * 3 // 2)
