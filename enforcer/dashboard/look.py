"""The queries behind a page: one snapshot of the store, under one set of filters.

All numbers of all pages come from here, and here from the store's reader and the report's own
totals, so that a page and ``enforcer report`` can't differ.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from enforcer.dashboard.cache import State
from enforcer.dashboard.filters import NONE, Filters
from enforcer.dashboard.judgement import Judgement
from enforcer.dashboard.timeline import Timeline
from enforcer.findings import RecordedScan
from enforcer.recording.use import THIRD_PARTY
from enforcer.report.builder import rule_reports
from enforcer.report.hosts import stages_on_hosts
from enforcer.report.model import RuleReport, SiteReport
from enforcer.rules.model import DECLARED, MigrationMap
from enforcer.store.queries import WEEK, Health, Span, StoreReader, UsesInTime
from enforcer.store.sqlite.watch import ServiceWatch, Watching
from enforcer.verdict.code_kind import whose

if TYPE_CHECKING:
    from enforcer.dashboard.places import Place

# A rule's state in the selected time.
IN_USE = "in_use"
QUIET = "quiet"
UNUSED = "unused"
UNWATCHED = "unwatched"

STATES = {
    IN_USE: "in use",
    QUIET: "silent",
    UNUSED: "no use seen",
    UNWATCHED: "not watched",
}
"""The states of a rule with their descriptions, from the liveliest to the least known."""


THIRD_PARTY_OWNER: Final = "(third party)"
"""The owner of installed code, which no team here can change."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A call site of a rule, with the owners of its file and whose code it is.

    Attributes:
        rule: the rule that it used.
        site: the call site.
        owners: the owners of its file, by CODEOWNERS.
        whose: ``own``, ``tests`` or ``third_party``.

    """

    rule: RuleReport
    site: SiteReport
    owners: tuple[str, ...]
    whose: str

    @property
    def responsible(self) -> tuple[str, ...]:
        """Return who has to change it: the owners of the file, or a name for having none."""
        return (THIRD_PARTY_OWNER,) if self.site.relation == THIRD_PARTY else self.owners or (NONE,)

    @property
    def place(self) -> str:
        """Return the file and the line."""
        return f"{self.site.file}:{self.site.line}" if self.site.line else self.site.file

    @property
    def package(self) -> str:
        """Return the folder of own code, or the distribution of third-party code."""
        if self.site.relation == THIRD_PARTY:
            return self.site.distribution or NONE
        return self.site.file.rpartition("/")[0] or "."


class Look:
    """One snapshot of a store under one set of filters; answers are cached."""

    def __init__(
        self,
        reader: StoreReader,
        state: State,
        filters: Filters,
        place: "Place",
        whole: StoreReader,
    ) -> None:
        """Bind to an open store.

        Args:
            reader: the open store, as far as the visitor may read it.
            state: the store's fingerprint before it was opened.
            filters: the visitor's filters.
            place: what all snapshots of one store share.
            whole: the whole store, by which verdicts are judged.

        """
        self.reader = reader
        self._whole = whole
        self.filters = filters
        self.now = place.settings.now()
        self.span = filters.span(self.now)
        self._state = state
        self._place = place
        self._map = place.settings.migration_map

    @cached_property
    def facts(self) -> list[RuleReport]:
        """Return all rules with all their uses, whatever the filters are, most uses first.

        What is true of a rule comes from here: its state, its call sites that are left, its trend.
        """
        return self._totals(Span())

    @cached_property
    def all_rules(self) -> list[RuleReport]:
        """Return all rules that were ever watched, with their uses under the filters."""
        if self.span == Span():
            found = self.facts
        else:
            shown = {rule.legacy: rule for rule in self._totals(self.span)}
            found = [shown.get(rule.legacy) or _without_uses(rule) for rule in self.facts]
        if self.filters.owner:
            found = [self._of_owner(rule) for rule in found]
        return sorted(found, key=lambda rule: (-rule.uses, rule.legacy))

    def _totals(self, span: Span) -> list[RuleReport]:
        def read() -> list[RuleReport]:
            return rule_reports(self.reader.rules(span), self.reader.uses(span))

        return self._place.kept.get(self._state, span, read)

    def find(self, is_wanted: Callable[[str], bool]) -> RuleReport | None:
        """Return one rule with all its uses, without reading other rules' uses."""
        for rule in self.reader.rules(Span()):
            if is_wanted(rule.legacy):
                return rule_reports([rule], self.reader.uses(Span(), rule.legacy))[0]
        rules = _map_rules(self._map)
        return next((rule for rule in rules if is_wanted(rule.legacy)), None)

    def filtered(self, rule: RuleReport) -> RuleReport:
        """Return a rule with its uses under the filters only."""
        if self.span != Span():
            rows = list(self.reader.uses(self.span, rule.legacy))
            shown = rule_reports(
                [r for r in self.reader.rules(Span()) if r.legacy == rule.legacy], rows
            )
            rule = shown[0] if shown else rule
        return self._of_owner(rule)

    def hosts(self, legacy: str) -> dict[str, int]:
        """Return how many hosts have a rule in which stage."""
        return stages_on_hosts(self.reader, Span()).get(legacy, {})

    @cached_property
    def rules(self) -> list[RuleReport]:
        """Return the rules in the selected stage, or all."""
        stage = self.filters.stage
        return [rule for rule in self.all_rules if stage in ("", rule.stage)]

    @cached_property
    def never_watched(self) -> list[RuleReport]:
        """Return the rules of the map that nobody ever watched."""
        watched = self._watched_paths
        return [rule for rule in _map_rules(self._map) if rule.legacy not in watched]

    @cached_property
    def unwatched(self) -> list[RuleReport]:
        """Return those of them that are in the selected stage."""
        stage = self.filters.stage
        return [rule for rule in self.never_watched if stage in ("", rule.stage)]

    @cached_property
    def _watched_paths(self) -> frozenset[str]:
        return frozenset(rule.legacy for rule in self.reader.rules(Span()))

    def state(self, rule: RuleReport) -> str:
        """Return a rule's state, as reports and verdicts have it."""
        verdict = self.judgement.verdicts.get(rule.legacy)
        return verdict.state if verdict else UNWATCHED

    def left_until(self, site: SiteReport) -> int:
        """Return until when a call site is left: code that runs rarely is not gone in between."""
        return site.last_seen + self._periods.get(site.path, self._place.quiet_for)

    @cached_property
    def _periods(self) -> dict[str, int]:
        """How long a call site of each legacy path that was used counts as left."""
        return {
            use.path: verdict.left_within
            for verdict in self.judgement.verdicts.values()
            for use in verdict.rule.uses
        }

    def is_left(self, site: SiteReport) -> bool:
        """Return whether a call site is left now."""
        return self.was_left(site, self.now)

    def was_left(self, site: SiteReport, time: int) -> bool:
        """Return whether a call site was left at a time."""
        return site.first_seen <= time < self.left_until(site)

    @cached_property
    def judgement(self) -> Judgement:
        """Return the verdicts on all rules, by everything that was recorded."""
        return self._place.judgement(self._state, self._whole, self.now)

    @property
    def expected_services(self) -> tuple[str, ...]:
        """Return the services that the map expects to be watched, of those that are shown."""
        return self._place.expected_services

    @property
    def scan(self) -> RecordedScan | None:
        """Return the newest recorded scan of the source."""
        return self.judgement.fleet.scan

    @property
    def prefix(self) -> str:
        """Return the path under which a proxy publishes the dashboard."""
        return self._place.settings.prefix

    @cached_property
    def all_callers(self) -> list[Caller]:
        """Return all call sites of all rules, whatever the filters are."""
        return [self.caller(rule, site) for rule in self.facts for site in rule.call_sites]

    @cached_property
    def began(self) -> int | None:
        """Return when the first process began to watch."""
        return min((each.since for each in self.everywhere), default=None)

    @cached_property
    def callers(self) -> list[Caller]:
        """Return the call sites of the rules, with their owners, most uses first."""
        callers = [self.caller(rule, site) for rule in self.rules for site in rule.call_sites]
        return sorted(callers, key=lambda each: -each.site.uses)

    def caller(self, rule: RuleReport, site: SiteReport) -> Caller:
        """Return a call site with its owner and whose code it is."""
        return Caller(rule, site, self.owners(site), whose(site.file, site.relation))

    def owners_of(self, file: str) -> tuple[str, ...]:
        """Return the owners of a file, by CODEOWNERS."""
        return self._place.owners.of(file)

    def owners(self, site: SiteReport) -> tuple[str, ...]:
        """Return the owners of a call site's file; third-party code has none here."""
        return () if site.relation == THIRD_PARTY else self._place.owners.of(site.file)

    @cached_property
    def new_callers(self) -> list[Caller]:
        """Return the call sites that were first seen within a week, newest first."""
        since = max(self.end - WEEK, self.span.since)
        if self.span == Span():
            # All of the time is selected, so each call site's first use is already known.
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

    @property
    def is_scoped(self) -> bool:
        """Return whether some services only are shown."""
        return bool(self._place.services)

    @cached_property
    def health(self) -> Health:
        """Return what may be missing, whatever the filters are."""
        return self.reader.health(Span())

    @cached_property
    def watching(self) -> Watching:
        """Return which services watched, and what may be missing."""
        return self.reader.watching(self.span)

    @property
    def end(self) -> int:
        """Return the end of the selected time, in nanoseconds since the epoch."""
        return min(self.span.until or self.now, self.now)

    def timeline(self, rules: Iterable[RuleReport]) -> Timeline:
        """Return the buckets of the selected time, from the first moment that was watched.

        Args:
            rules: the rules whose uses will be counted in them.

        """
        began = self.watching.since
        seen = [rule.first_seen for rule in rules if rule.first_seen is not None]
        first = min((*seen, began if began is not None else self.end))
        return Timeline.over(max(self.span.since, first), self.end)

    def uses_in_time(self, timeline: Timeline, legacy: str = "") -> list[UsesInTime]:
        """Return the uses over time; the owner is ignored, because stores sum them by rule."""
        rows = self.reader.uses_in_time(self.span, timeline.size, legacy)
        if not self.filters.stage:
            return list(rows)
        legacies = {rule.legacy for rule in self.rules}
        return [row for row in rows if row.legacy in legacies]

    @cached_property
    def everywhere(self) -> tuple[ServiceWatch, ...]:
        """Return all services, versions and environments of the store, for the filters' menus."""
        return self.all_watching.services

    @cached_property
    def all_watching(self) -> Watching:
        """Return which services ever watched, and what may be missing, whatever the filters are."""
        return self.watching if self.span == Span() else self.reader.watching(Span())

    def _of_owner(self, rule: RuleReport) -> RuleReport:
        wanted = self.filters.owner
        if not wanted:
            return rule
        kept = tuple(
            site for site in rule.call_sites if wanted in self.caller(rule, site).responsible
        )
        return replace(rule, call_sites=kept)


def _without_uses(rule: RuleReport) -> RuleReport:
    return replace(rule, call_sites=(), probes=0)


def _map_rules(migration_map: MigrationMap | None) -> Iterator[RuleReport]:
    for rule in migration_map or ():
        declared = {field: getattr(rule, field) for field in DECLARED}
        yield RuleReport(legacy=rule.legacy, kind=rule.kind, **declared)
