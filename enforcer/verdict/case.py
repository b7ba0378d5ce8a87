"""One rule with all that its verdict depends on, and the period in force."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from enforcer.findings import ScanFinding
from enforcer.recording.use import BLOCKED, ENTRY_POINT, IMPORT_MODULE, PICKLE
from enforcer.rules.stages import REMOVED
from enforcer.store.queries import DAY, WEEK, DeployedUses, UsePause
from enforcer.verdict.code_kind import is_test_file
from enforcer.verdict.coverage import Coverage
from enforcer.verdict.model import FleetEvidence, RuleEvidence
from enforcer.verdict.terms import PAUSES, Terms

UNSCANNED: Final = (IMPORT_MODULE, PICKLE, ENTRY_POINT)
"""The mechanisms whose path may come from configuration or data, which no scan reads."""


def is_production_use(use: DeployedUses, terms: Terms) -> bool:
    """Return whether uses keep a path alive: those of production, without tests.

    A test that runs without an environment's name is a test. In an environment that the map names
    as production, whatever runs is production.
    """
    if not use.environment:
        return not is_test_file(use.file)
    return use.environment in terms.production


@dataclass(frozen=True)
class Case:
    """A rule, the fleet that watched it, and the terms of the map.

    Attributes:
        rule: what is known of the rule.
        coverage: the fleet in production, until now.

    """

    rule: RuleEvidence
    coverage: Coverage

    @property
    def terms(self) -> Terms:
        """The terms of the map."""
        return self.coverage.terms

    @property
    def fleet(self) -> FleetEvidence:
        """What is known of the fleet."""
        return self.coverage.fleet

    @property
    def now(self) -> int:
        """The time of the verdict."""
        return self.coverage.now

    @cached_property
    def findings(self) -> tuple[ScanFinding, ...]:
        """What the recorded scan found of the rule."""
        scan = self.fleet.scan
        return (scan.findings_of(self.rule.legacy) or ()) if scan else ()

    @property
    def is_removed(self) -> bool:
        """Whether the path is deleted, and its rule is a tombstone."""
        return self.rule.stage == REMOVED

    @cached_property
    def production(self) -> tuple[DeployedUses, ...]:
        """The uses that keep the path alive, of all time."""
        return tuple(one for one in self.rule.uses if is_production_use(one, self.terms))

    @cached_property
    def elsewhere(self) -> tuple[DeployedUses, ...]:
        """The uses by tests and outside of production, of all time."""
        return tuple(one for one in self.rule.uses if not is_production_use(one, self.terms))

    @property
    def last_use(self) -> int:
        """The last use in production; 0 if there is none."""
        return max((one.last_seen for one in self.production), default=0)

    @cached_property
    def callers(self) -> tuple[DeployedUses, ...]:
        """The callers in production within the period, the latest first.

        Of a path that is deleted, only those that asked for it since then.
        """
        since = max(self.since, self.rule.removed_on if self.is_removed else 0)
        found = [one for one in self.production if one.last_seen >= since]
        return tuple(sorted(found, key=lambda one: -one.last_seen))

    @property
    def refused(self) -> tuple[DeployedUses, ...]:
        """The callers that were refused within the period."""
        return tuple(one for one in self.callers if one.outcome == BLOCKED)

    @cached_property
    def unscanned(self) -> frozenset[str]:
        """The services with a caller in production that no scan of the source shows."""
        return frozenset(one.service for one in self.production if one.mechanism in UNSCANNED)

    @cached_property
    def since(self) -> int:
        """When the period in force begins."""
        return self.now - self.period

    @cached_property
    def period(self) -> int:
        """The period in force: how long nobody in production may have used the path.

        The larger of ``quiet_for`` and 1.5 times the longest pause before a use, whether it was
        seen or is declared of a job that uses the path. Of a service that is kept for less than a
        year longer pauses may be forgotten: all that is kept has to be without a use.
        """
        least = self.rule.quiet_for or self.terms.quiet_for
        if self.is_removed:
            least = self.terms.tombstone_for
        pauses = [self._pause(one) for one in self.pauses]
        jobs = {one.service for one in self.production} & set(self.terms.jobs)
        pauses += [self.terms.jobs[job] for job in jobs]
        forgotten = max(self.short_memory.values(), default=0)
        return max(least, forgotten, int(PAUSES * max(pauses, default=0)))

    @cached_property
    def short_memory(self) -> dict[str, int]:
        """How long callers in production are kept, of those that are kept for less than a year."""
        return self.terms.short_memory(one.service for one in self.production)

    @property
    def left_within(self) -> int:
        """How long after its last use a call site counts as left to change.

        That is the period in force; of a removed path, whose tombstone stays longer, the usual one.
        """
        return (self.rule.quiet_for or self.terms.quiet_for) if self.is_removed else self.period

    @cached_property
    def pauses(self) -> tuple[UsePause, ...]:
        """The pauses of callers in production, and of services that have such callers."""
        services = {(one.service, one.environment) for one in self.production}
        return tuple(
            one
            for one in self.rule.pauses
            if (one.service, one.environment) in services
            # As in is_production_use(): how often a test runs says nothing of production.
            and (one.environment or not is_test_file(one.file))
        )

    def _pause(self, pause: UsePause) -> int:
        """Return the longest pause of a caller, or the time before its only day of use.

        A caller that was seen on one day only may have come rarely all the time.
        """
        if pause.days > 1:
            return pause.longest
        began = self.watched_since(pause.service)
        return max(pause.first_seen - began, 0) if began else 0

    def watched_since(self, service: str | None = None) -> int:
        """Return when a service, or any, began to watch the rule in production; 0 for never."""
        maps = self.coverage.maps_with(self.rule.legacy)
        began = (
            one.since
            for one in self.fleet.maps
            if one.digest in maps
            and service in (None, one.service)
            and self.terms.is_production(one.environment)
        )
        return min(began, default=0)

    @property
    def rare(self) -> list[UsePause]:
        """The callers that came once, and are not declared: how often they come is not known.

        That is a service that used the path within one week only and does not run continuously, as
        an expected one does; and a caller in an expected service that no scan shows.
        """
        return [one for one in self.pauses if self._came_once(one) and not self._is_accepted(one)]

    def _came_once(self, pause: UsePause) -> bool:
        # The rhythm of a job is declared; processes without a name are among the unknowns.
        if pause.service in {*self.terms.jobs, ""}:
            return False
        if pause.service not in self.terms.expected:
            # A pause without a file is one of the whole service.
            return not pause.file and pause.last_seen - pause.first_seen < WEEK
        # The scan shows whether other callers are gone.
        place = pause.service, pause.file, pause.function
        return pause.days == 1 and any(
            place == (one.service, one.file, one.function) and one.mechanism in UNSCANNED
            for one in self.production
        )

    def _is_accepted(self, pause: UsePause) -> bool:
        return any(
            one.service == pause.service and one.till > pause.last_seen
            for one in self.terms.accepted
        )


def days(nanoseconds: int) -> str:
    """Return a number of days for people: ``30 d``."""
    # Rounded up: whoever waits for fewer days than are in force waits in vain.
    return f"{-(-nanoseconds // DAY):,} d"
