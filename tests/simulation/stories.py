"""The rules of a seed, and the callers of each: some are mended, some live on, some sleep."""

from random import Random

from tests.simulation.faults import plant
from tests.simulation.fleet import long_running
from tests.simulation.world import (
    BEGIN,
    DAY,
    DYNAMIC,
    FUTURE,
    HOUR,
    INSTALLED,
    STATIC,
    Caller,
    Service,
    World,
)


def add_stories(world: World, random: Random) -> None:
    """Add the rules that every seed has."""
    for _ in range(3):
        mended(world, random)
    mended_late_rule(world, random)
    unused(world, random)
    reconfigured(world, random)
    alive(world, random)
    rare(world, random)
    asleep(world, random, STATIC)
    asleep(world, random, INSTALLED)
    only_tests(world, random)


def _services(world: World, random: Random, least: int, most: int) -> list[Service]:
    return random.sample(long_running(world), random.randint(least, most))


def _paced(random: Random, caller: Caller) -> Caller:
    if random.random() < 0.4:
        caller.at_start = True
    else:
        caller.rate = random.choice((0.3, 1.0, 3.0, 20.0))
    return caller


def mended(world: World, random: Random) -> None:
    """Callers in source that are mended one by one."""
    rule = plant(world, "mended")
    for service in _services(world, random, 1, 4):
        until = BEGIN + int(random.uniform(5, 60) * DAY)
        for _ in range(random.randint(1, 2)):
            caller = Caller(rule, service.name, STATIC, until=until)
            world.callers.append(_paced(random, caller))


def mended_late_rule(world: World, random: Random) -> None:
    """The same, of a rule that came into the map later."""
    rule = plant(world, "mended, of a late rule", BEGIN + int(random.uniform(8, 40) * DAY))
    for service in _services(world, random, 1, 3):
        until = world.rules[rule] + int(random.uniform(1, 25) * DAY)
        world.callers.append(_paced(random, Caller(rule, service.name, STATIC, until=until)))


def unused(world: World, _random: Random) -> None:
    """Nobody uses it any more when the enforcer comes."""
    plant(world, "unused")


def reconfigured(world: World, random: Random) -> None:
    """A caller in configuration or data, which changes in running processes."""
    rule = plant(world, "reconfigured")
    for service in _services(world, random, 1, 2):
        until = BEGIN + int(random.uniform(5, 50) * DAY)
        world.callers.append(Caller(rule, service.name, DYNAMIC, until=until, rate=2.0))


def alive(world: World, random: Random) -> None:
    """A caller in configuration or data that nobody mends."""
    rule = plant(world, "alive")
    for service in _services(world, random, 1, 3):
        world.callers.append(Caller(rule, service.name, DYNAMIC, rate=1.5))


def rare(world: World, random: Random) -> None:
    """A caller with a schedule, such as one of a scheduler inside of a long-running service."""
    period = random.choice((5, 7, 14, 20, 28, 35, 45, 60, 91))
    is_mended = random.random() < 0.4
    begin = BEGIN + int(random.uniform(0.1, 1) * period * DAY)
    until = BEGIN + int(random.uniform(30, 60) * DAY) if is_mended else FUTURE
    times = []
    time = begin
    while time < min(until, FUTURE):
        times.append(time)
        time += int(random.uniform(0.93, 1.07) * period * DAY)
    # Half of them in a process that lives for weeks.
    workers = [one for one in long_running(world) if one.name.startswith("worker")]
    service = random.choice(workers if random.random() < 0.5 else long_running(world))
    rule = plant(world, f"each {period} days{', then mended' if is_mended else ''}")
    world.callers.append(
        Caller(rule, service.name, DYNAMIC, until=until, times=tuple(times), period=period * DAY)
    )


def asleep(world: World, random: Random, kind: str) -> None:
    """A caller on a path that first runs late, in own source or in an installed distribution."""
    rule = plant(world, f"asleep in {kind} code")
    (service,) = _services(world, random, 1, 1)
    first = BEGIN + int(random.uniform(60, 119) * DAY)
    world.callers.append(
        Caller(rule, service.name, kind, times=(first, first + HOUR, first + 70 * DAY))
    )


def only_tests(world: World, random: Random) -> None:
    """Callers in tests and on staging, mended one day."""
    rule = plant(world, "only tests")
    until = BEGIN + int(random.uniform(10, 60) * DAY)
    for service in world.services.values():
        if service.environment in {"ci", "staging"}:
            caller = Caller(rule, service.name, STATIC, until=until)
            world.callers.append(_paced(random, caller))
