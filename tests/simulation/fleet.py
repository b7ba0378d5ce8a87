"""The fleet: 40 services, their deploys, and the lives of about 2,000 processes.

Everything goes well here. :mod:`tests.simulation.faults` breaks it.
"""

from dataclasses import replace
from itertools import pairwise
from random import Random

from tests.simulation.world import (
    BEGIN,
    DAY,
    END,
    HOUR,
    KILLED,
    MINUTE,
    SECOND,
    Life,
    Service,
    World,
)

_WEB = 26
_SINGLE = 4
_CRON = 4
TO_DEPLOY = 2 * HOUR
"""How long a commit takes until its service is deployed."""


def add_services(world: World, random: Random) -> None:
    """Add 40 services: replicated ones, single ones, jobs each day, and those that only test."""
    for number in range(_WEB):
        add(world, Service(f"web-{number}", random.randint(2, 5), random.uniform(7, 14)))
    for number in range(_SINGLE):
        add(world, Service(f"worker-{number}", 1, random.choice((8, 14, 70))))
    for number in range(_CRON):
        add(world, Service(f"nightly-{number}", 0, 3, every=DAY))
    for number in range(2):
        add(world, Service(f"report-{number}", 0, 5, every=random.choice((7, 14, 28)) * DAY))
    for number in range(2):
        add(world, Service(f"preview-{number}", 1, random.uniform(3, 5), "staging"))
    for number in range(2):
        add(world, Service(f"tests-{number}", 0, 0.5, "ci", every=DAY // 2, is_declared=False))


def add(world: World, service: Service) -> Service:
    """Add a service to the world, and return it."""
    world.services[service.name] = service
    return service


def long_running(world: World) -> list[Service]:
    """Return the services of production that always run."""
    return [one for one in world.services.values() if one.replicas and one.environment != "staging"]


def add_releases(world: World, random: Random) -> None:
    """Let all services be deployed together, each week or so."""
    world.releases = [BEGIN + random.randrange(DAY // 2)]
    while world.releases[-1] < END:
        world.releases.append(world.releases[-1] + int(random.uniform(6, 11) * DAY))


def add_lives(world: World, service: Service, random: Random) -> None:
    """Add the processes of a service, from its first deploy till after the last question."""
    if service.every:
        world.lives += _runs(world, service, random)
        return
    deploys = [BEGIN + random.randrange(DAY)]
    while deploys[-1] < END:
        deploys.append(deploys[-1] + int(random.uniform(0.7, 1.3) * service.cadence * DAY))
    if world.releases:
        deploys = [release + random.randrange(3 * HOUR) for release in world.releases]
    for replica in range(service.replicas):
        starts = [deploy + replica * 2 * MINUTE for deploy in deploys]
        for start, following in pairwise(starts):
            # A single process ends before the next one begins; replicas overlap.
            gap = 30 * SECOND if service.replicas > 1 else -20 * SECOND
            built = _built(world, start, service, 0.0)
            life = Life(service, f"{service.name}-{replica}", built, start, following + gap)
            world.lives.append(life)


def _runs(world: World, service: Service, random: Random) -> list[Life]:
    phase = random.uniform(0.02, min(1.0, 6 * DAY / service.every)) * service.every
    starts = range(BEGIN + DAY + int(phase), END, service.every)
    return [run_of(world, service, start, random) for start in starts]


def run_of(world: World, service: Service, start: int, random: Random) -> Life:
    """Return one run of a job."""
    built = _built(world, start, service, random.random())
    ended = start + random.randint(3, 40) * MINUTE
    return Life(service, f"batch-{random.randrange(3)}", built, start, ended)


def _built(world: World, start: int, service: Service, age: float) -> int:
    """Return the commit that a process runs, from its age in deploys of its service."""
    released = [release for release in world.releases if release <= start]
    if service.environment == "ci" or not released:
        return start - TO_DEPLOY - int(age * service.cadence * DAY)
    return released[-1] - TO_DEPLOY


def lives_of(world: World, service: Service) -> list[Life]:
    """Return the processes of a service, in the order of their start."""
    own = [life for life in world.lives if life.service is service]
    return sorted(own, key=lambda life: life.started)


def restart(world: World, life: Life, time: int, pause: int, ending: str = KILLED) -> Life:
    """End a process early, and return the one that goes on in its place."""
    again = replace(life, started=time + pause, unreachable=[], offsets=list(life.offsets))
    life.ended, life.ending = time, ending
    world.lives.append(again)
    return again


def cut(world: World, service: Service, since: int, until: int) -> list[Life]:
    """Restart a service's processes at both ends of a span, and return those within it."""
    for time in (since, until):
        for life in lives_of(world, service):
            if life.started < time - MINUTE and life.ended > time + 2 * MINUTE:
                restart(world, life, time, 5 * SECOND, life.ending)
    return [
        life for life in lives_of(world, service) if life.started >= since and life.started < until
    ]
