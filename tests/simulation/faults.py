"""What goes wrong in a fleet, and a caller in the worst place for each kind of fault.

A fault changes the lives of processes, or what is recorded of them. Where that hides a use, the
fault *plants* a caller there: one that comes so rarely that nothing else would show it. What
nobody can know while a fault lasts is noted as a block; only the count of late answers reads it.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Final

from tests.simulation.fleet import add, cut, lives_of, long_running, restart, run_of
from tests.simulation.world import (
    BEGIN,
    DAY,
    DYNAMIC,
    END,
    FUTURE,
    HOUR,
    KILLED,
    MINUTE,
    NEVER,
    SECOND,
    STATIC,
    Block,
    Caller,
    Life,
    Service,
    World,
)

Fault = Callable[[World, Random], None]


def plant(world: World, story: str, added: int = BEGIN) -> int:
    """Add a rule for a planted caller, and return its number."""
    world.rules.append(added)
    world.stories.append(story)
    return len(world.rules) - 1


def _plant_within(world: World, random: Random, story: str, service: Service, hidden: int) -> None:
    """Plant a caller with a schedule of which one run is hidden."""
    period = random.randint(18, 26) * DAY
    # It has run all the time: a caller that begins to run later is one that was deployed later.
    begin = BEGIN + 2 * DAY
    times = tuple(range(begin + (hidden - begin) % period, FUTURE, period))
    caller = Caller(plant(world, story), service.name, DYNAMIC, times=times, period=period)
    world.callers.append(caller)


def _some(world: World, random: Random, replicas: int = 1) -> Service:
    return random.choice([one for one in long_running(world) if one.replicas >= replicas])


def _day(random: Random, first: float, last: float) -> int:
    return BEGIN + int(random.uniform(first, last) * DAY)


def crash(world: World, random: Random) -> None:
    """Kill processes now and then, one of them by the rare use itself; others take their place."""
    for service in random.sample(long_running(world), 3):
        for life in lives_of(world, service):
            if random.random() < 0.3 and life.ended - life.started > DAY:
                time = life.started + int(random.uniform(0.1, 0.9) * (life.ended - life.started))
                restart(world, life, time, random.randint(2, 120) * SECOND)
    service = _some(world, random)
    time = _day(random, 40, 65)
    restart(world, _at(world, service, time), time, 40 * SECOND)
    _plant_within(world, random, "used right before a kill", service, time - SECOND)


def crash_at_start(world: World, random: Random) -> None:
    """Let each process of a service crash as it starts, again and again."""
    service = _some(world, random)
    since = _day(random, 40, 65)
    until = since + random.randint(8, 40) * HOUR
    for life in cut(world, service, since, until):
        time, last = life.started, min(life.ended, until)
        life.ended, life.ending = time + SECOND, KILLED
        # Shorter than what counts as a break of the watch.
        while (time := time + 40 * MINUTE) < last:
            world.lives.append(replace(life, started=time, ended=time + SECOND))
    world.blocks.append(Block("crash_at_start", since, until))
    story = "used by processes that crash at their start"
    _plant_within(world, random, story, service, since + (until - since) // 2)
    rule = len(world.rules) - 1
    world.callers.append(Caller(rule, service.name, DYNAMIC, since, until, at_start=True))


def partial_rollout(world: World, random: Random) -> None:
    """Leave one replica out of some deploys: it runs an old version, and an old map."""
    service = _some(world, random, 3)
    host = f"{service.name}-{service.replicas - 1}"
    own = [life for life in lives_of(world, service) if life.host == host]
    first = random.randrange(min(3, len(own) - 1))
    old = own[first]
    is_forgotten = random.random() < 0.6
    left = own[first + 1 :] if is_forgotten else own[first + 1 : first + 3]
    old.ended = left[-1].ended
    world.lives = [life for life in world.lives if life not in left]
    service.has_version = random.random() < 0.3
    if world.releases and service.has_version:
        # The scan is of another commit than the one that this replica runs.
        world.blocks.append(Block("partial_rollout", old.started, old.ended))
    rule = plant(world, "used by a replica that was never deployed again", old.started + DAY)
    caller = Caller(rule, service.name, STATIC, until=old.built + SECOND, rate=1.0)
    world.callers.append(caller)


def rollback(world: World, random: Random) -> None:
    """Go back to the version before, some days after a deploy."""
    service = _some(world, random)
    until = 0
    for host in {life.host for life in lives_of(world, service)}:
        own = [life for life in lives_of(world, service) if life.host == host]
        for before, life in pairwise(own):
            if BEGIN + 30 * DAY < life.started < BEGIN + 50 * DAY:
                again = restart(world, life, life.started + 2 * DAY, 10 * SECOND, "exited")
                again.built = before.built
                until = again.ended
                break
    if world.releases:
        world.blocks.append(Block("rollback", until, until))


def declared_job(world: World, random: Random) -> None:
    """Run a rare job that the map declares, with a legacy import that stays or is mended."""
    _job(world, random, is_declared=True)


def undeclared_job(world: World, random: Random) -> None:
    """Run a rare job that nobody declared."""
    _job(world, random, is_declared=False)


def _job(world: World, random: Random, *, is_declared: bool) -> None:
    every = random.choice((20, 28, 35, 45, 60, 91)) * DAY
    if is_declared:
        every = min(every, 45 * DAY)
    name = f"{'quarterly' if is_declared else 'forgotten'}-{random.randrange(100)}"
    service = add(world, Service(name, 0, 5, every=every, is_declared=is_declared))
    phase = random.randrange(DAY, every)
    times = range(BEGIN + phase, FUTURE, every)
    for time in times:
        if time < END:
            world.lives.append(run_of(world, service, time, random))
    rule = plant(world, f"used by a job, {'declared' if is_declared else 'not declared'}")
    until = _day(random, 20, 60) if random.random() < 0.3 else NEVER
    world.callers.append(
        Caller(
            rule,
            service.name,
            DYNAMIC,
            until=until,
            times=tuple(time + MINUTE for time in times if time + MINUTE < until),
            period=every,
            is_declared=is_declared,
        )
    )


def lossy(world: World, random: Random) -> None:
    """Keep one replica from the store until its queue is full and the oldest uses are dropped."""
    service = _some(world, random, 2)
    since = _day(random, 40, 70)
    life = _at(world, service, since)
    until = min(since + random.randint(6, 60) * HOUR, life.ended - MINUTE)
    life.unreachable.append((since, until))
    world.blocks.append(Block("lossy", since, until))
    _plant_within(world, random, "used while a queue was full", service, since + HOUR)
    # The uses that follow fill the queue.
    rule = plant(world, "fills the queue")
    times = tuple(since + hours * HOUR for hours in range(2, 5))
    # Configured for that, so that no answer before could know of them.
    world.callers.append(Caller(rule, service.name, DYNAMIC, times[0], until, times=times))


def lost_at_exit(world: World, random: Random) -> None:
    """Let a process end that can't write: it leaves a marker with the number of its uses."""
    service = _some(world, random, 2)
    life = _at(world, service, _day(random, 40, 60))
    since = max(life.ended - random.randint(2, 20) * HOUR, life.started + HOUR)
    life.unreachable.append((since, life.ended + HOUR))
    world.blocks.append(Block("lost_at_exit", since, life.ended))
    hidden = min(since + HOUR, life.ended - MINUTE)
    _plant_within(world, random, "used before an end that could not be written", service, hidden)


def outage(world: World, random: Random) -> None:
    """Keep all processes of a service from the store for hours; nothing is lost."""
    service = _some(world, random)
    since = _day(random, 5, 70)
    for life in lives_of(world, service):
        if life.started < since < life.ended - 4 * HOUR:
            life.unreachable.append((since, since + 3 * HOUR))
    world.blocks.append(Block("outage", since, since + 3 * HOUR))


def skew(world: World, random: Random) -> None:
    """Set the clocks of some hosts wrong, by seconds up to hours."""
    for service in random.sample(long_running(world), 4):
        offset = random.choice((-3 * HOUR, -10 * MINUTE, 40 * SECOND, 45 * MINUTE))
        if offset == -3 * HOUR:  # as if that process had not been there for three hours
            world.blocks.append(Block("skew", BEGIN, NEVER))
        for life in lives_of(world, service):
            if life.host.endswith("-0"):
                life.offsets = [(0, offset)]


def clock_jump(world: World, random: Random) -> None:
    """Set one clock back by weeks, or start with such a clock: uses look long gone."""
    service = _some(world, random, 2)
    life = _at(world, service, _day(random, 45, 65))
    since = life.started + random.choice((-HOUR, HOUR))
    until = min(life.ended - HOUR, since + 2 * DAY)
    life.offsets = [(since, -random.randint(35, 60) * DAY), (until, 0)]
    world.blocks.append(Block("clock_jump", since, life.ended))  # the process counts as blind
    _plant_within(
        world, random, "used while a clock was wrong by weeks", service, life.started + 2 * HOUR
    )


def mixed_versions(world: World, random: Random) -> None:
    """Deploy the replicas of some services days apart, for some weeks."""
    many = [one for one in long_running(world) if one.replicas > 2]
    since, until = _day(random, 5, 30), _day(random, 35, 70)
    for service in random.sample(many, 4):
        for life in lives_of(world, service):
            late = int(life.host.rpartition("-")[2]) * DAY
            life.started += late if since < life.started < until else 0
            life.ended += late if since < life.ended < until else 0
    if world.releases:
        world.blocks.append(Block("mixed_versions", since, until + 5 * DAY))


def never_enabled(world: World, random: Random) -> None:
    """Run a service without the enforcer."""
    service = _some(world, random)
    for life in lives_of(world, service):
        life.is_enabled = False
    world.blocks.append(Block("never_enabled", BEGIN, NEVER))
    rule = plant(world, "used by a service without the enforcer")
    world.callers.append(Caller(rule, service.name, DYNAMIC, rate=2.0))


def switched_off(world: World, random: Random) -> None:
    """Switch the enforcer off in a service for some days."""
    service = _some(world, random)
    since = _day(random, 40, 65)
    until = since + int(random.uniform(0.5, 9) * DAY)
    for life in cut(world, service, since, until):
        life.is_enabled = False
    world.blocks.append(Block("switched_off", since, until))
    hidden = since + (until - since) // 3
    _plant_within(world, random, "used while the enforcer was switched off", service, hidden)


def blind(world: World, random: Random) -> None:
    """Deploy a library that replaces ``__import__``, for some days."""
    service = _some(world, random)
    since = _day(random, 40, 65)
    until = since + int(random.uniform(0.5, 9) * DAY)
    for life in cut(world, service, since, until):
        life.is_blind = True
    # Processes that began before go on until the second cut.
    world.blocks.append(Block("blind", since, until))
    hidden = since + (until - since) // 3
    _plant_within(world, random, "used while the enforcer was blind", service, hidden)


def store_deleted(world: World, random: Random) -> None:
    """Delete the store: what it knew is gone."""
    world.store_deleted = _day(random, 10, 70)
    world.blocks.append(Block("store_deleted", BEGIN, world.store_deleted))


def no_environment(world: World, random: Random) -> None:
    """Let some services not say where they run: they count as production."""
    for service in random.sample(long_running(world), 3):
        service.environment = ""
        rule = plant(world, "used by a service that does not say where it runs")
        world.callers.append(Caller(rule, service.name, DYNAMIC, rate=1.5))


def stale_scan(world: World, random: Random) -> None:
    """Stop scanning the source for some weeks, or for ever."""
    since = _day(random, 30, 80)
    until = since + random.randint(9, 60) * DAY
    world.scans = [time for time in world.scans if not since <= time < until]
    # A branch that was open all the while is merged right after the last scan.
    rule = plant(world, "named by source that was not scanned any more")
    service = _some(world, random)
    merged = since + HOUR
    first = _day(random, 95, 115)
    world.callers.append(Caller(rule, service.name, STATIC, merged, times=(first, first + DAY)))


def _at(world: World, service: Service, time: int) -> Life:
    """Return a process that runs at a time, and goes on for at least hours."""
    own = lives_of(world, service)
    running = [life for life in own if life.started <= time < life.ended - 12 * HOUR]
    return running[0] if running else max(own, key=lambda life: life.ended - life.started)


FAULTS: Final[dict[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        crash,
        crash_at_start,
        partial_rollout,
        rollback,
        declared_job,
        undeclared_job,
        lossy,
        lost_at_exit,
        outage,
        skew,
        clock_jump,
        mixed_versions,
        never_enabled,
        switched_off,
        blind,
        store_deleted,
        no_environment,
        stale_scan,
    )
}
"""By its name; each is in at least 50 of 1,000 seeds."""
