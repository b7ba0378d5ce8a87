"""Construction of a report from a store: totals by rule and call site, with filters."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from difflib import get_close_matches
from operator import attrgetter
from time import time_ns
from typing import Any

from enforcer.errors import EnforcerError
from enforcer.evidence import read_standings
from enforcer.output.times import nanoseconds, short
from enforcer.output.words import counted
from enforcer.recording.notice import BLIND_KINDS
from enforcer.recording.use import PROBE, CallSite
from enforcer.report.hosts import severity, stages_on_hosts
from enforcer.report.maps import map_differences
from enforcer.report.model import NoticeReport, Report, RuleReport, SiteReport
from enforcer.report.rule_services import RuleService, rule_services
from enforcer.rules.model import IGNORED, LAST, TREE_SUFFIX, MigrationMap, covers_path
from enforcer.rules.values import is_date
from enforcer.store import NothingRecordedError
from enforcer.store.not_enabled import reasons_beside
from enforcer.store.queries import SiteUses, Span, StoreReader, WatchedRule
from enforcer.store.readers import open_reader
from enforcer.verdict.standing import Standing

DAMAGED = "damaged"
"""Kind of the notice of a store that was set aside."""

_OF_ALL_PATHS = (*BLIND_KINDS, IGNORED, LAST)
"""Kinds of notices that matter for a report on some paths, whatever their subject."""

_OF_SITE = attrgetter(*(field for field in CallSite.__slots__ if field != "module"))


@dataclass(slots=True)
class _Found:
    # Rows of one rule, collected by call site.
    sites: dict[tuple[object, ...], list[SiteUses]] = field(default_factory=dict)
    probes: int = 0

    def add(self, row: SiteUses) -> None:
        if row.mechanism == PROBE:
            self.probes += row.count
        else:
            self.sites.setdefault(_identity(row), []).append(row)


def build(
    store: str,
    *,
    since: datetime | None = None,
    path: str | None = None,
    run: str = "",
    migration_map: MigrationMap | None = None,
) -> Report:
    """Build the report of a whole store, or of a part of it.

    Args:
        store: its address.
        since: leave out what was last seen before.
        path: only legacy paths at or below this one.
        run: only processes of this ``enforcer run``.
        migration_map: the map, whose rules perhaps nobody has watched yet; None if it is unknown.

    Raises:
        EnforcerError: if no rule has the path, or nobody has watched it.
        StoreError: if the store can't be read, or nothing was recorded in it since then.

    """
    span = Span(since=nanoseconds(since) if since else 0, run=run)
    with open_reader(store) as reader:
        processes = reader.processes(span)
        if not processes and span == Span():
            dropped = reader.dropped(span)
            lost = f" ({counted(dropped, 'use')} could not be kept)" if dropped else ""
            message = (
                f'nothing recorded: no process has written to "{reader.path}" yet{lost}; '
                'run your program with "enforcer run" first (no-store)'
            )
            raise NothingRecordedError(message)
        if not processes and since is not None:
            message = (
                f"nothing recorded since {short(span.since)} UTC: no process watched then. "
                "Take an earlier --since (nothing-since)"
            )
            raise NothingRecordedError(message)
        if path is not None:
            known = [rule.legacy.removesuffix(TREE_SUFFIX) for rule in migration_map or ()]
            _check_path(path, reader.rules(Span()), known)
        rules = [rule for rule in reader.rules(span) if path is None or _reaches(rule, path)]
        rows = (row for row in reader.uses(span) if path is None or covers_path(path, row.path))
        reports = rule_reports(
            rules,
            rows,
            _stages(reader, span),
            stages_on_hosts(reader, span),
            rule_services(reader, span),
        )
        dropped = reader.dropped(span)
        watching = reader.watching(span)
        notices = tuple(_notices(reader, span, path))
        standings = () if run else read_standings(reader, migration_map, time_ns())
    return Report(
        tuple(reports),
        dropped=dropped,
        processes=processes,
        notices=notices,
        watching=watching,
        standings=tuple(one for one in standings if path is None or _reaches(one, path)),
    )


def rule_reports(
    rules: Iterable[WatchedRule],
    rows: Iterable[SiteUses],
    stages: Mapping[str, tuple[str, ...]] | None = None,
    hosts: Mapping[str, Mapping[str, int]] | None = None,
    services: Mapping[str, tuple[RuleService, ...]] | None = None,
) -> list[RuleReport]:
    """Sum uses by rule and call site; the rule with most uses comes first.

    Args:
        rules: the rules, as the newest process had them.
        rows: the uses.
        stages: the stages that rules had in any process, by legacy path.
        hosts: on how many hosts a rule has which stage, by legacy path.
        services: the services that used or watched a rule, by legacy path.

    """
    found: defaultdict[str, _Found] = defaultdict(_Found)
    for row in rows:
        found[row.legacy].add(row)
    had, on, by = stages or {}, hosts or {}, services or {}
    reports = [
        _rule(
            rule,
            found[rule.legacy],
            stages=had.get(rule.legacy, ()),
            hosts=on.get(rule.legacy, {}),
            services=by.get(rule.legacy, ()),
        )
        for rule in rules
    ]
    return sorted(reports, key=lambda rule: (-rule.uses, rule.legacy))


def _notices(reader: StoreReader, span: Span, path: str | None) -> Iterator[NoticeReport]:
    for file, time in reader.set_aside(span):
        text = (
            f'the store was damaged. It was set aside on {short(time)} UTC as "{file}", with '
            "what was counted until then (store-damaged)"
        )
        yield NoticeReport(DAMAGED, reader.path, text, processes=0)
    yield from _not_enabled(reader.path, span)
    for one in map_differences(reader.maps(span)):
        yield NoticeReport(one.kind, one.subject, one.text, one.processes)
    for notice in reader.notices(span):
        if path is None or notice.kind in _OF_ALL_PATHS or covers_path(path, notice.subject):
            yield NoticeReport(notice.kind, notice.subject, notice.text, notice.processes)


def _not_enabled(store: str, span: Span) -> Iterator[NoticeReport]:
    """Yield a notice for each reason why processes that name a map are not enabled."""
    reasons = reasons_beside(store, since=span.since, until=span.until)
    for text, processes in reasons.items():
        times = "" if processes == 1 else f", {processes:,} times"
        yield NoticeReport("not-enabled", store, f"a process was {text}{times}", processes=0)


def _reaches(rule: WatchedRule | Standing, prefix: str) -> bool:
    top = rule.legacy.removesuffix(TREE_SUFFIX)
    return covers_path(prefix, top) or (rule.legacy != top and covers_path(top, prefix))


def _check_path(path: str, rules: Iterable[WatchedRule], legacy: Iterable[str]) -> None:
    """Raise an error for a path that no rule reaches, as its absence would be no evidence."""
    watched = list(rules)
    if any(_reaches(rule, path) for rule in watched):
        return
    if any(covers_path(each, path) or covers_path(path, each) for each in legacy):
        message = (
            f'--path: no process has watched "{path}" yet. The map has it: run your program '
            "with this map first (not-watched)"
        )
        raise EnforcerError(message)
    names = [rule.legacy.removesuffix(TREE_SUFFIX) for rule in watched]
    near = get_close_matches(path, names, n=1)
    remedy = f'Write "{near[0]}"' if near else "enforcer report without --path lists all paths"
    message = f'--path: no rule has the path "{path}". {remedy} (unknown-path)'
    raise EnforcerError(message)


def _stages(reader: StoreReader, span: Span) -> dict[str, tuple[str, ...]]:
    """Return the stages that rules had in the processes of a span, the mildest first."""
    digests = {watched.digest for watched in reader.maps(span)}
    if len(digests) == 1:
        # The usual case: all processes have one map, with one stage for each rule.
        return {}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for digest in digests:
        for rule in reader.map_rules(digest):
            found[rule.legacy].add(rule.stage)
    return {legacy: tuple(sorted(had, key=severity)) for legacy, had in found.items()}


def _rule(rule: WatchedRule, found: _Found, **others: Any) -> RuleReport:  # noqa: ANN401 - other fields of the report
    sites = sorted(
        map(_site, found.sites.values()),
        key=lambda site: (-site.uses, site.file, site.line, site.path, site.names),
    )
    values = {each.name: getattr(rule, each.name) for each in fields(rule)}
    if not is_date(rule.remove_after):
        # The store may have been written by anybody, and readers parse this as a date.
        values["remove_after"] = ""
    return RuleReport(**values, call_sites=tuple(sites), probes=found.probes, **others)


def _identity(row: SiteUses) -> tuple[object, ...]:
    return (*_OF_SITE(row), _module(row))


def _module(row: SiteUses) -> str:
    # ``__mp_main__`` is multiprocessing's name for the main module in spawned processes.
    return "__main__" if row.module == "__mp_main__" else row.module


def _site(rows: list[SiteUses]) -> SiteReport:
    row = rows[0]
    # Fast path: most call sites of thousands have one row.
    is_alone = len(rows) == 1
    return SiteReport(
        row.path,
        row.file,
        row.line,
        row.function,
        _module(row),
        row.mechanism,
        tuple(row.names.split(",")) if row.names else (),
        row.via,
        row.relation,
        row.distribution,
        _outcomes(rows),
        row.count if is_alone else sum([each.count for each in rows]),
        row.first_seen if is_alone else min([each.first_seen for each in rows]),
        row.last_seen if is_alone else max([each.last_seen for each in rows]),
    )


def _outcomes(rows: list[SiteUses]) -> dict[str, int]:
    if len(rows) == 1:
        return {rows[0].outcome: rows[0].count}
    outcomes = Counter[str]()
    for row in rows:
        outcomes[row.outcome] += row.count
    return dict(sorted(outcomes.items()))
