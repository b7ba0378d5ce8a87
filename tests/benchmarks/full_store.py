"""Fill a store as a fleet would in a year: through the code that processes write with."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final

from enforcer.recording.process import Process
from enforcer.recording.use import CallSite, Use
from enforcer.rules.model import Rule
from enforcer.store.queries import DAY, HOUR
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store

RULES: Final = 200
SITES: Final = 5_000
SERVICES: Final = 10
ENVIRONMENTS: Final = ("production", "staging")
RELEASES: Final = 25
PROCESSES: Final = SERVICES * len(ENVIRONMENTS) * RELEASES
DAYS: Final = 365
USES_AN_HOUR: Final = 10
"""Call sites that a process uses in an hour, of those of its service."""

_INTERVAL: Final = 3600.0


def fill(path: Path, now: int) -> int:
    """Write a year that ends now; give the number of rows of uses that were written.

    Args:
        path: the store's file, which is not there yet.
        now: the end of the year, in nanoseconds since the epoch.

    """
    random = Random(1)  # noqa: S311 - nothing secret
    rules = [_rule(number) for number in range(RULES)]
    sites = [_site(number, rules[number % RULES]) for number in range(SITES)]
    begin = now - DAYS * DAY
    time = [begin]
    rows = 0
    with closing(Store(str(path), clock=lambda: time[0])) as store:
        for process, number, start, end in _processes(begin):
            mine = range(number % SERVICES, SITES, SERVICES)
            time[0] = start
            store.watch(process, rules, _INTERVAL)
            for sequence, hour in enumerate(range(start, end, HOUR)):
                time[0] = hour + HOUR // 2
                uses = [
                    _use(rules[site % RULES], sites[site], random.randrange(1, 50), hour)
                    for site in random.sample(mine, USES_AN_HOUR)
                ]
                store.write(process, sequence, uses)
                rows += len(uses)
            store.leave(process, EXIT)
    return rows


def _processes(begin: int) -> Iterator[tuple[Process, int, int, int]]:
    length = DAYS * DAY // RELEASES
    number = 0
    for release in range(RELEASES):
        for environment in ENVIRONMENTS:
            for service in range(SERVICES):
                start = begin + release * length
                yield (
                    Process(
                        id=f"{number:032x}",
                        pid=number + 1,
                        service=f"service-{service}",
                        service_version=f"1.{release}",
                        environment=environment,
                        host=f"host-{number % 7}",
                        python="3.13.0",
                        command="python -m service",
                        started=start,
                        root="/srv/app",
                    ),
                    service,
                    start,
                    start + length,
                )
                number += 1


def _rule(number: int) -> Rule:
    return Rule(
        f"fleet.old_{number}",
        f"fleet.new_{number}",
        stage=("observe", "alias", "warn", "strict")[number % 4],
        reason="moved",
        owner=f"@team-{number % 12}",
        remove_after=f"2027-{number % 12 + 1:02}-01",
    )


def _site(number: int, rule: Rule) -> CallSite:
    return CallSite(
        rule.module,
        file=f"fleet/service_{number % SERVICES}/package_{number % 97}/module_{number}.py",
        line=number % 400 + 1,
        function=f"Handler.method_{number}",
        module=f"fleet.service_{number % SERVICES}.module_{number}",
        mechanism="import_statement",
        names=(f"name_{number % 11}",),
    )


def _use(rule: Rule, site: CallSite, count: int, hour: int) -> Use:
    return Use(
        rule,
        stage=rule.stage,
        outcome="aliased",
        site=site,
        count=count,
        first_seen=hour + HOUR // 4,
        last_seen=hour + HOUR // 3,
    )
