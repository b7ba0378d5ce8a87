"""The terms of verdicts: what the map says counts as production, as quiet, and as watched."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final, Self

from enforcer.rules.model import (
    DEFAULT_QUIET_DAYS,
    DEFAULT_TOMBSTONE_DAYS,
    KEEP_DAYS,
    PRODUCTION,
    MigrationMap,
)
from enforcer.store.queries import DAY, HOUR

SCAN_AGE: Final = 7 * DAY
"""For how long a recorded scan is evidence of what the source names."""

LONGEST_BREAK: Final = HOUR
"""The longest time without a heartbeat that is no break: a deployment takes some minutes."""

PAUSES: Final = 1.5
"""How many of the longest pauses before a use must pass without one."""

YEAR: Final = 365 * DAY
"""Pauses up to this length are known of whatever the store keeps for that long."""

SEEN_DAYS: Final = 90
"""For how many days a service is proposed as an expected one after its last heartbeat."""


@dataclass(frozen=True, slots=True)
class Break:
    """An accepted break.

    Attributes:
        service: the service that was not watched.
        since: when it began, in nanoseconds since the epoch.
        till: when it ended.
        reason: why it is accepted.

    """

    service: str
    since: int
    till: int
    reason: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the map says about verdicts.

    Attributes:
        expected: the services that must be watched.
        production: the environments whose uses count; a process that names none counts as well.
        quiet_for: how long nobody in production may have used a path, in nanoseconds.
        jobs: after how long each service that runs rarely runs again, at the latest.
        accepted: breaks of the watch that the team accepts.
        tombstone_for: how long a removed path stays in the map after the last ask.
        kept: how long the store keeps what was recorded, in nanoseconds; 0 for ever.
        kept_of: the same of services for which it differs.

    """

    expected: tuple[str, ...] = ()
    production: tuple[str, ...] = PRODUCTION
    quiet_for: int = DEFAULT_QUIET_DAYS * DAY
    jobs: dict[str, int] = field(default_factory=dict)
    accepted: tuple[Break, ...] = ()
    tombstone_for: int = DEFAULT_TOMBSTONE_DAYS * DAY
    kept: int = KEEP_DAYS * DAY
    kept_of: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, migration_map: MigrationMap) -> Self:
        """Return the terms of a map."""
        return cls(
            expected=migration_map.expected_services,
            production=migration_map.production,
            quiet_for=migration_map.quiet_for * DAY,
            jobs={job.service: job.every * DAY for job in migration_map.jobs},
            accepted=tuple(
                # The last day counts as a whole.
                Break(one.service, day_start(one.since), day_start(one.till) + DAY, one.reason)
                for one in migration_map.accept
            ),
            tombstone_for=migration_map.tombstone_for * DAY,
            kept=migration_map.keep_days * DAY,
            kept_of={service: days * DAY for service, days in migration_map.keep_days_of},
        )

    def only(self, services: Collection[str]) -> Self:
        """Return the terms that concern some services."""
        return replace(
            self,
            expected=tuple(name for name in self.expected if name in services),
            jobs={name: every for name, every in self.jobs.items() if name in services},
            accepted=tuple(one for one in self.accepted if one.service in services),
        )

    def short_memory(self, services: Iterable[str]) -> dict[str, int]:
        """Return how long some services are kept, of those that are kept for less than a year."""
        found = {service: self.kept_of.get(service, self.kept) for service in services}
        return {service: kept for service, kept in found.items() if 0 < kept < YEAR}

    def is_production(self, environment: str) -> bool:
        """Return whether uses in an environment count; those without a name do."""
        return not environment or environment in self.production


def day_start(day: str) -> int:
    """Return when an ISO date begins in UTC, in nanoseconds since the epoch."""
    found = date.fromisoformat(day)
    # Whole seconds first: a float of nanoseconds since the epoch is off by hundreds of them.
    return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp()) * 10**9
