"""The digest: what has changed in a span of time, for one owner or for all."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from enforcer.output.times import short
from enforcer.output.words import visible
from enforcer.owners import Owners, is_among, split_owners
from enforcer.recording.use import IMPORT_STATEMENT, THIRD_PARTY
from enforcer.report import Report
from enforcer.report.builder import rule_reports
from enforcer.report.model import RuleReport, SiteReport
from enforcer.report.words import warnings
from enforcer.retirement.plan import Plan
from enforcer.retirement.recorded_sites import call_site_of
from enforcer.retirement.verdict_history import ChangedVerdict
from enforcer.rewriting.proposed_change import ProposedChanges
from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.imports.messages import remedy
from enforcer.runtime.imports.proposals import why_not
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.own_files import read_own
from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.readers import open_reader
from enforcer.store.sqlite.watch import ServiceWatch


@dataclass(frozen=True, slots=True)
class NewCaller:
    """A call site that was first seen within the span.

    Attributes:
        legacy: the rule's legacy path.
        site: the call site, with the owners of its file.
        rule_owners: who is responsible for the rule.
        write: what to write there; empty if the map has the rule no more.

    """

    legacy: str
    site: SiteReport
    rule_owners: tuple[str, ...]
    write: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What has changed in a span of time.

    Attributes:
        since: when the span began, in nanoseconds since the epoch.
        until: when it ended.
        owner: whom it is for; empty for all.
        new: the new call sites, in files of the owner or of rules of the owner.
        plan: the rules of the owner, on the time line.
        changed: the verdicts that changed.
        compared: the day whose verdicts were compared; empty if none are known.
        lost: what is no longer watched, a sentence each.
        left: how many call sites in the owner's files were used within the span, by legacy path.

    """

    since: int
    until: int
    owner: str
    new: tuple[NewCaller, ...]
    plan: Plan
    changed: tuple[ChangedVerdict, ...]
    compared: str
    lost: tuple[str, ...]
    left: dict[str, int]


def new_callers(
    store: str, migration_map: MigrationMap, owners: Owners, since: int, owner: str = ""
) -> tuple[NewCaller, ...]:
    """Return the call sites that no process had seen before, the newest first.

    Args:
        store: the address of the store.
        migration_map: the map, whose rules tell what to write.
        owners: the owners of files.
        since: when the span began, in nanoseconds since the epoch.
        owner: only those of this owner: the caller's team, or the rule's owner; empty for all.

    Raises:
        StoreError: if the store can't be read.

    """
    with open_reader(store) as reader:
        rows = list(reader.new_sites(Span(since=since)))
        reports = rule_reports(reader.rules(Span()), rows)
    rules = {rule.legacy: rule for rule in migration_map}
    changes = _Changes(migration_map)
    found = []
    for report in reports:
        rule = rules.get(report.legacy)
        # Of a rule that left the map, only the store knows the owner.
        responsible = split_owners(rule.owner if rule is not None else report.owner)
        # By file, since the rewriter's results are cached for a limited number of files.
        for site in sorted(report.call_sites, key=lambda one: one.file):
            site.owners = () if site.relation == THIRD_PARTY else owners.of(site.file)
            if not owner or is_among(owner, site.owners) or owner in responsible:
                write = changes.instead(rule, site) if rule is not None else ""
                found.append(NewCaller(report.legacy, site, responsible, write))
    return tuple(sorted(found, key=lambda one: (-one.site.first_seen, one.site.file)))


class _Changes:
    """What to write at call sites: as ``enforcer fix`` would, where their source is here."""

    def __init__(self, migration_map: MigrationMap) -> None:
        self._root = migration_map.root
        self._names = NameReader(Locator(search_path(migration_map.root)))
        self._proposed = ProposedChanges(migration_map)

    def instead(self, rule: Rule, site: SiteReport) -> str:
        called = call_site_of(site)
        advice = remedy(rule, called, has=self._names.has)
        is_here = site.mechanism == IMPORT_STATEMENT and site.relation != THIRD_PARTY
        if not is_here or why_not(rule, called, self._names.has):
            return advice
        # The record has the path and the names, but not "as m", nor what else the statement has.
        source = read_own(self._root, site.file)
        if source is None:
            return advice
        change, left = self._proposed.at(*source, rule.legacy, site.line)
        if left:
            return f"enforcer fix leaves it: {left}."
        if change is None or not _is_statement(change.new):
            return advice
        return f"Write: {change.new[0].strip()}"


def _is_statement(lines: tuple[str, ...]) -> bool:
    """Return whether the lines are one whole statement; a change may be a part of a long one."""
    if len(lines) != 1:
        return False
    try:
        ast.parse(lines[0].strip())
    except SyntaxError:
        return False
    return True


def left_over(report: Report, since: int, owner: str) -> dict[str, int]:
    """Return how many call sites were used since a time, by legacy path, most first.

    Args:
        report: a report whose call sites have their owners.
        since: the time.
        owner: only call sites in files of this owner; empty for all.

    """
    found = {rule.legacy: _count(rule, since, owner) for rule in report.rules}
    return {path: number for path, number in sorted(found.items(), key=_most) if number}


def _count(rule: RuleReport, since: int, owner: str) -> int:
    return sum(
        site.last_seen >= since and (not owner or is_among(owner, site.owners))
        for site in rule.call_sites
    )


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def lost_watch(
    report: Report, within: Report | None, migration_map: MigrationMap, since: int, now: int
) -> Iterator[str]:
    """Yield what is no longer watched, or was not watched whole, a sentence each.

    Args:
        report: the report of all time.
        within: the report of the span; None if no process watched in it.
        migration_map: the map, with the services that it expects.
        since: when the span began.
        now: the time.

    """
    if within is None:
        yield f"No process has watched since {short(since)} UTC."
    last = _last_heartbeats(report.watching.services)
    for service in migration_map.expected_services:
        times = [till for (name, _), till in last.items() if name == service]
        if not times:
            yield f"{visible(service)} is expected by the map, and was never watched."
    rare = {job.service: job.every * DAY for job in migration_map.jobs}
    for (service, environment), till in sorted(last.items()):
        is_expected = service in migration_map.expected_services
        silence = now - till
        # A job is silent between its runs.
        if silence <= max(HOUR, rare.get(service, 0)):
            continue
        if is_expected or till >= since:
            where = f" in {environment}" if environment else ""
            name = visible(f"{service or 'a service without a name'}{where}")
            yield f"{name} was last watched {short(till)} UTC."
    for rule in (within or report).rules:
        for one in rule.unwatched:
            name = visible(one.name)
            yield f"{name} runs with a map that lacks {visible(rule.legacy)}."
    if within is not None:
        yield from warnings(within)


def _last_heartbeats(services: Iterable[ServiceWatch]) -> dict[tuple[str, str], int]:
    last: dict[tuple[str, str], int] = {}
    for one in services:
        key = one.service, one.environment
        last[key] = max(last.get(key, 0), one.till)
    return last
