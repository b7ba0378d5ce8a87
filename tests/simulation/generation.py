"""Generation of a seed: the fleet, its faults, its rules, what happens, and when to ask.

The answers are asked for when they are most likely to be wrong: right before each use that comes
after a long silence. And where a rule is dead, when the answer is due.
"""

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import Final

from tests.simulation.due import GRACE, due
from tests.simulation.faults import FAULTS
from tests.simulation.fleet import add_lives, add_releases, add_services
from tests.simulation.stories import add_stories
from tests.simulation.world import (
    BEGIN,
    DAY,
    DAYS,
    END,
    FUTURE,
    HOUR,
    KILLED,
    MINUTE,
    SECOND,
    Caller,
    Life,
    RealUse,
    World,
)

FAULTS_A_SEED: Final = 3
"""Faults in one seed, drawn from all kinds."""

RELEASED_TOGETHER: Final = 0.6
"""The share of seeds in which all services are deployed from one commit."""

_LONG_SILENCE: Final = 10 * DAY
_MOST_ASKS: Final = 40


def generate(seed: int) -> World:
    """Return the world of a seed; the same one each time."""
    random = Random(seed)  # noqa: S311 - a simulation
    world = World(seed)
    # The pipeline scans what it merges, several times a day.
    world.scans = list(range(BEGIN + 3 * HOUR, END, 3 * HOUR))
    add_services(world, random)
    if random.random() < RELEASED_TOGETHER:
        add_releases(world, random)
    for service in list(world.services.values()):
        add_lives(world, service, random)
    names = list(FAULTS)
    # In turn, so that no kind is rare; the others at random.
    world.faults = {names[seed % len(names)], *random.sample(names, FAULTS_A_SEED - 1)}
    for name in names:
        if name in world.faults:
            FAULTS[name](world, random)
    add_stories(world, random)
    world.expected = tuple(
        service.name
        for service in world.services.values()
        if service.replicas and service.environment != "staging"
    )
    world.lives = sorted(
        (life for life in world.lives if life.started < min(life.ended, END)),
        key=lambda life: life.started,
    )
    world.uses = sorted(_uses(world), key=lambda use: use.time)
    world.asks = _asks(world, random)
    return world


def _uses(world: World) -> list[RealUse]:
    by_service = defaultdict(list)
    for number, life in enumerate(world.lives):
        by_service[life.service.name].append(number)
    uses = []
    for number, caller in enumerate(world.callers):
        own = by_service[caller.service]
        for time in caller.times:
            uses += _planned(world, number, caller, own, time)
        if caller.at_start or caller.rate:
            for life in own:
                uses += _unplanned(number, caller, life, world.lives[life])
            if caller.until > FUTURE or caller.until == FUTURE:
                uses.append(RealUse(END + DAY, -1, number))
    return uses


def _planned(world: World, number: int, caller: Caller, own: list[int], time: int) -> list[RealUse]:
    """Return the use of a schedule: it runs where most goes wrong."""
    if time >= END:
        return [RealUse(time, -1, number)] if caller.until > time else []
    running = [
        life
        for life in own
        if world.lives[life].started <= time < world.lives[life].ended
        and caller.runs_in(world.lives[life], time)
    ]
    if not running:
        return []

    def badness(life: int) -> tuple[bool, bool, int]:
        one = world.lives[life]
        is_killed = one.ending == KILLED and one.ended - time < 5 * SECOND
        return is_killed, not one.reaches_store(time), abs(one.clock(time) - time)

    return [RealUse(time, max(running, key=badness), number)]


def _unplanned(number: int, caller: Caller, key: int, life: Life) -> list[RealUse]:
    if caller.at_start:
        is_there = caller.runs_in(life, life.started)
        time = life.started + min(2 * SECOND, (life.ended - life.started) // 2)
        return [RealUse(time, key, number)] if is_there else []
    uses = []
    # All that a process uses often is written once a day, at one time of its own.
    random = Random(key)  # noqa: S311
    time_of_day = random.randrange(HOUR, 23 * HOUR)
    chance = Random(key * 1009 + number)  # noqa: S311
    for day in range(life.started // DAY, min(life.ended, END) // DAY + 1):
        time = day * DAY + time_of_day
        count = int(caller.rate + chance.random())
        if count and life.started < time < min(life.ended, END) and caller.runs_in(life, time):
            uses.append(RealUse(time, key, number, count))
    return uses


def _asks(world: World, random: Random) -> list[int]:
    worst = set()
    asks = set()
    for rule in range(len(world.rules)):
        times = [BEGIN, *(use.time for use in world.production_uses(rule))]
        for before, time in pairwise(times):
            if time - before > _LONG_SILENCE and time <= END:
                worst.add(time - MINUTE)
        limit = due(world, rule)
        if limit is not None:
            asks |= {limit - late for late in range(0, GRACE, DAY)}
    room = max(_MOST_ASKS - len(asks), 8)
    asks |= set(random.sample(sorted(worst), min(room, len(worst))))
    asks |= {BEGIN + random.randrange(20, DAYS) * DAY for _ in range(2)}
    return sorted({*asks, END})
