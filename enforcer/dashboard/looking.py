"""Ask the store what a page needs: one look is of one moment, and under one set of filters.

All numbers of all pages come from here, and here from the store's reader and the report's own
sums, so that a page and ``enforcer report`` can't differ.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from enforcer.dashboard.filters import NONE, Filters
from enforcer.dashboard.keeping import KeptSums, State
from enforcer.dashboard.owners import Owners
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.timeline import Timeline
from enforcer.recording.use import THIRD_PARTY
from enforcer.report.building import rule_reports
from enforcer.report.hosts import stages_on_hosts
from enforcer.report.model import RuleReport, SiteReport
from enforcer.report.whose import whose
from enforcer.rules.model import MigrationMap
from enforcer.store.queries import DAY, WEEK, Health, Span, StoreReader, UsesInTime
from enforcer.store.readers import open_reader
from enforcer.store.watching import ServiceWatch, Watching

# What a rule looks like in the time that is shown.
IN_USE = "in_use"
QUIET = "quiet"
UNUSED = "unused"
UNWATCHED = "unwatched"

STATES = {
    IN_USE: "in use",
    QUIET: "quiet for a week",
    UNUSED: "no use seen",
    UNWATCHED: "not watched",
}
"""The states of a rule, from the liveliest to the least known, in words."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Hold a call site of a rule with what the dashboard knows besides.

    Attributes:
        rule: the rule that it used.
        site: the call site.
        owner: who owns its file, or empty.
        whose: ``own``, ``tests`` or ``third_party``.

    """

    rule: RuleReport
    site: SiteReport
    owner: str
    whose: str

    @property
    def package(self) -> str:
        """Name the folder of own code, or the distribution of others' code."""
        if self.site.relation == THIRD_PARTY:
            return self.site.distribution or NONE
        return self.site.file.rpartition("/")[0] or "."


class Look:
    """Ask one store under one set of filters; what was asked once is kept."""

    def __init__(self, reader: StoreReader, state: State, filters: Filters, place: "Place") -> None:
        """Take what to ask, and by what.

        Args:
            reader: the open store.
            state: the state that the store was in before it was opened.
            filters: what to leave out.
            place: what all looks at one store have in common.

        """
        self.reader = reader
        self.filters = filters
        self.now = place.settings.now()
        self.span = filters.span(self.now)
        self._state = state
        self._place = place
        self._map = place.settings.migration_map

    @cached_property
    def all_rules(self) -> list[RuleReport]:
        """Give the rules that were watched, with their uses, most uses first.

        Those of the map that nobody watched are not among them.
        """
        found = self._of_all_owners
        if not self.filters.owner:
            return found
        kept = [self._of_owner(rule) for rule in found]
        return sorted(kept, key=lambda rule: (-rule.uses, rule.legacy))

    @cached_property
    def _of_all_owners(self) -> list[RuleReport]:
        def read() -> list[RuleReport]:
            return rule_reports(self.reader.rules(self.span), self.reader.uses(self.span))

        return self._place.kept.get(self._state, self.span, read)

    def find(self, is_wanted: Callable[[str], bool]) -> RuleReport | None:
        """Find one rule by its legacy path, with its uses, without reading those of others."""
        for rule in self.reader.rules(self.span):
            if is_wanted(rule.legacy):
                rows = self.reader.uses(self.span, rule.legacy)
                return self._of_owner(rule_reports([rule], rows)[0])
        rules = _map_rules(self._map)
        return next((rule for rule in rules if is_wanted(rule.legacy)), None)

    def hosts(self, legacy: str) -> dict[str, int]:
        """Return on how many hosts a rule has which stage."""
        return stages_on_hosts(self.reader, self.span).get(legacy, {})

    @cached_property
    def rules(self) -> list[RuleReport]:
        """Give the rules of the stage that was chosen, or all."""
        stage = self.filters.stage
        return [rule for rule in self.all_rules if stage in ("", rule.stage)]

    @cached_property
    def unwatched(self) -> list[RuleReport]:
        """Give the rules of the map that nobody watched in the time that is shown."""
        watched = self._watched_paths
        stage = self.filters.stage
        return [
            rule
            for rule in _map_rules(self._map)
            if rule.legacy not in watched and stage in ("", rule.stage)
        ]

    @cached_property
    def _watched_paths(self) -> frozenset[str]:
        return frozenset(rule.legacy for rule in self.reader.rules(self.span))

    def state(self, rule: RuleReport) -> str:
        """Tell how lively a rule is."""
        if rule.last_seen is None:
            return UNUSED if rule.legacy in self._watched_paths else UNWATCHED
        return IN_USE if rule.last_seen > self.end - WEEK else QUIET

    @cached_property
    def callers(self) -> list[Caller]:
        """Give the call sites of the rules, with their owners, most uses first."""
        callers = [self.caller(rule, site) for rule in self.rules for site in rule.call_sites]
        return sorted(callers, key=lambda each: -each.site.uses)

    def caller(self, rule: RuleReport, site: SiteReport) -> Caller:
        """Add to a call site what the dashboard knows besides."""
        return Caller(rule, site, self.owner(site), whose(site.file, site.relation))

    def owner(self, site: SiteReport) -> str:
        """Name the owner of a call site's file; others' code has none here."""
        return "" if site.relation == THIRD_PARTY else self._place.owners.of(site.file)

    @cached_property
    def new_callers(self) -> list[Caller]:
        """Give the call sites that were first seen within a week, the newest first."""
        since = max(self.end - WEEK, self.span.since)
        if self.span == Span():
            # What was read has the first use of each call site, whoever it was.
            found = [
                self.caller(rule, site)
                for rule in self.rules
                for site in rule.call_sites
                if site.first_seen >= since
            ]
        else:
            rows = self.reader.new_sites(replace(self.span, since=since))
            reports = rule_reports(self.reader.rules(self.span), rows)
            found = [
                self.caller(rule, site)
                for rule in reports
                if self.filters.stage in ("", rule.stage)
                for site in self._of_owner(rule).call_sites
            ]
        return sorted(found, key=lambda each: (-each.site.first_seen, each.site.file))

    @cached_property
    def health(self) -> Health:
        """Give what may be missing."""
        return self.reader.health(self.span)

    @cached_property
    def watching(self) -> Watching:
        """Give who watched, and what may be missing."""
        return self.reader.watching(self.span)

    @property
    def end(self) -> int:
        """Give the end of the time that is shown, in nanoseconds since the epoch."""
        return min(self.span.until or self.now, self.now)

    def timeline(self, rules: Iterable[RuleReport]) -> Timeline:
        """Cut the time that is shown into parts: from the first that somebody watched.

        Args:
            rules: whose uses will be put into it.

        """
        began = self.watching.since
        seen = [rule.first_seen for rule in rules if rule.first_seen is not None]
        first = min((*seen, began if began is not None else self.end))
        return Timeline.over(max(self.span.since, first), self.end)

    def uses_in_time(self, timeline: Timeline, legacy: str = "") -> list[UsesInTime]:
        """Give the uses over time; of all owners, because stores keep them by rule."""
        rows = self.reader.uses_in_time(self.span, timeline.size, legacy)
        if not self.filters.stage:
            return list(rows)
        legacies = {rule.legacy for rule in self.rules}
        return [row for row in rows if row.legacy in legacies]

    def uses_by_day(self, days: int) -> list[UsesInTime]:
        """Give the uses of the last days that are shown, by the day."""
        since = max(self.end - days * DAY, self.span.since)
        rows = self.reader.uses_in_time(replace(self.span, since=since), DAY)
        legacies = {rule.legacy for rule in self.rules}
        return [row for row in rows if row.legacy in legacies]

    @cached_property
    def everywhere(self) -> tuple[ServiceWatch, ...]:
        """Give all services, versions and environments there are, to choose from."""
        return (self.watching if self.span == Span() else self.reader.watching(Span())).services

    def _of_owner(self, rule: RuleReport) -> RuleReport:
        wanted = self.filters.owner
        if not wanted:
            return rule
        kept = tuple(site for site in rule.call_sites if _is_of(self.owner(site), wanted))
        return replace(rule, call_sites=kept)


class Place:
    """Hold what all looks at one store have in common."""

    def __init__(self, settings: Settings, owners: Owners) -> None:
        """Look at the store of these settings, with these owners of files."""
        self.settings = settings
        self.owners = owners
        self.kept = KeptSums(settings.store)

    @contextmanager
    def look(self, filters: Filters) -> Iterator[Look]:
        """Open the store for one look.

        Raises:
            StoreError: if it can't be read.

        """
        state = self.kept.state()
        with open_reader(self.settings.store) as reader:
            yield Look(reader, state, filters, self)


def _is_of(owner: str, wanted: str) -> bool:
    return not owner if wanted == NONE else wanted == owner or wanted in owner.split()


def _map_rules(migration_map: MigrationMap | None) -> Iterator[RuleReport]:
    for rule in migration_map or ():
        yield RuleReport(
            legacy=rule.legacy,
            kind=rule.kind,
            canonical=rule.canonical,
            stage=rule.stage,
            reason=rule.reason,
            since=rule.since,
            remove_after=rule.remove_after,
            removal=rule.removal,
            owner=rule.owner,
            link=rule.link,
        )
