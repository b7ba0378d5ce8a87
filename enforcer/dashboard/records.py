"""Records for tables, downloads and the API: rules, call sites, services, maps, processes.

Times are ISO 8601 in UTC to the second, or None. Fields are only ever added.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from enforcer.dashboard.charts import sparkline
from enforcer.dashboard.look import Caller, Look
from enforcer.dashboard.tables import Column, version_key
from enforcer.dashboard.timeline import Timeline
from enforcer.output.times import iso, seconds
from enforcer.output.words import counted
from enforcer.owners import joined
from enforcer.report.model import RuleReport
from enforcer.store.queries import DAY, WEEK, ProcessWatch, ServiceUses, WatchedMap
from enforcer.store.sqlite.watch import ServiceWatch

_SPARK_WEEKS: Final = 13

RULE_COLUMNS: Final = (
    Column("legacy", "Legacy path", "rule"),
    Column("canonical", "Canonical path", "hidden"),
    Column("stage", "Stage", "stage"),
    Column("verdict", "What can be done", "verdict"),
    Column("trend", "13 weeks", "spark"),
    Column("uses", "Uses", "count", is_descending=True),
    Column("call_sites", "Call sites", "count", is_descending=True),
    Column("last_seen", "Last use", "time", is_descending=True),
    Column("remove_after", "Due", "date"),
    Column("owner", "Owner", help="who owns the migration, by the map; not the callers' team"),
    Column("state", "State", "hidden"),
    Column("kind", "Kind", "hidden"),
    Column("first_seen", "First use", "hidden"),
    Column("since", "Deprecated since", "hidden"),
    Column("removal", "Goes in version", "hidden"),
    Column("probes", "Probes", "hidden"),
    Column("reason", "Reason", "hidden"),
    Column("link", "Link", "hidden"),
)

CALLER_COLUMNS: Final = (
    Column("place", "Call site", "site"),
    Column("function", "Function", "code"),
    Column("rule", "Legacy path", "rule_path"),
    Column("mechanism", "Mechanism", "mechanism"),
    Column("names", "Names", "names"),
    Column("uses", "Uses", "count", is_descending=True),
    Column("first_seen", "First seen", "time", is_descending=True),
    Column("last_seen", "Last seen", "time", is_descending=True),
    Column("owner", "Team", help="the callers' team: who owns the file, by CODEOWNERS"),
    Column("file", "File", "hidden"),
    Column("line", "Line", "hidden"),
    Column("module", "Module", "hidden"),
    Column("path", "Path that was reached", "hidden"),
    Column("whose", "Whose code", "hidden"),
    Column("relation", "Relation", "hidden"),
    Column("distribution", "Distribution", "hidden"),
    Column("refused", "Refused", "hidden"),
    Column("would_be_refused", "Would be refused", "hidden"),
    Column("via", "Via", "hidden"),
    Column("link", "Link", "hidden"),
)

LIFE_COLUMN: Final = Column("life", "State", "life")
"""Whether a call site is live, silent or gone from source; on a path's page."""

GROUP_COLUMNS: Final = (
    Column("name", "Name", "group"),
    Column("whose", "Whose code", "whose"),
    Column("uses", "Uses", "count", is_descending=True),
    Column("call_sites", "Call sites", "count", is_descending=True),
    Column("rules", "Legacy paths", "count", is_descending=True),
    Column("first_seen", "First seen", "time", is_descending=True),
    Column("last_seen", "Last seen", "time", is_descending=True),
)

SERVICE_COLUMNS: Final = (
    Column("service", "Service", "service"),
    Column("version", "Version", "version"),
    Column("environment", "Environment"),
    Column("processes", "Processes", "count", is_descending=True),
    Column("since", "Watched from", "time", is_descending=True),
    Column("till", "Watched till", "time", is_descending=True),
)

MAP_COLUMNS: Final = (
    Column("service", "Service", "service"),
    Column("version", "Version", "version"),
    Column("environment", "Environment"),
    Column("map", "Map", "digest"),
    Column("stages", "Stages of its rules", "stages"),
    Column("processes", "Processes", "count", is_descending=True),
    Column("since", "Watched from", "time", is_descending=True),
    Column("till", "Watched till", "time", is_descending=True),
    Column("path", "Its file", "code"),
)

PROCESS_COLUMNS: Final = (
    Column("service", "Service", "service"),
    Column("version", "Version", "version"),
    Column("environment", "Environment"),
    Column("host", "Host"),
    Column("pid", "PID", "plain"),
    Column("python", "Python"),
    Column("command", "Command", "code"),
    Column("since", "Watched from", "time", is_descending=True),
    Column("till", "Watched till", "time", is_descending=True),
    Column("ending", "Ending", "ending"),
    Column("gaps", "Gaps", "problem", is_descending=True),
    Column("dropped", "Dropped", "problem", is_descending=True),
    Column("blind", "Blind to", "hidden"),
    Column("map", "Map", "digest"),
    Column("id", "Id", "hidden"),
)


def rule_record(look: Look, rule: RuleReport) -> dict[str, Any]:
    """Return the record of one rule with its totals."""
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "kind": rule.kind,
        "stage": rule.stage,
        "state": look.state(rule),
        "uses": rule.uses,
        "call_sites": len(rule.call_sites),
        "probes": rule.probes,
        "first_seen": _iso(rule.first_seen),
        "last_seen": _iso(rule.last_seen),
        "reason": rule.reason,
        "owner": rule.owner,
        "since": rule.since,
        "remove_after": rule.remove_after,
        "removal": rule.removal,
        "link": rule.link,
    }


def rule_records(look: Look) -> list[dict[str, Any]]:
    """Return the records of every rule that is shown; those that nobody watched come last."""
    return [rule_record(look, rule) for rule in (*look.rules, *look.unwatched)]


def weekly_uses(look: Look) -> dict[str, tuple[int, ...]]:
    """Return the uses of each rule in each of the last whole weeks, under the filters."""
    timeline = Timeline.whole_weeks(look.now - _SPARK_WEEKS * WEEK - DAY, look.now)
    span = replace(look.span, since=timeline.starts[0], until=timeline.end)
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(timeline.starts))
    for row in look.reader.uses_in_time(span, DAY):
        counts[row.legacy][timeline.index(row.start)] += row.count
    return {legacy: tuple(values) for legacy, values in counts.items()}


def spark(values: Sequence[int]) -> dict[str, str]:
    """Return the fields of a record for its sparkline, and the same in words."""
    words = f"from {values[0]:,} to {counted(values[-1], 'use')} a week" if values else ""
    return {"trend": sparkline(values), "spark_words": words}


def newest_first(services: Iterable[ServiceWatch]) -> list[ServiceWatch]:
    """Sort services by name and environment, the newest version first."""
    ordered = sorted(services, key=lambda each: version_key(each.version), reverse=True)
    return sorted(ordered, key=lambda each: (each.service, each.environment))


Watch = TypeVar("Watch", ServiceWatch, WatchedMap)


def newest_versions(watches: Iterable[Watch]) -> list[Watch]:
    """Return those of the first version of each service in each environment."""
    watches = list(watches)
    newest: dict[tuple[str, str], str] = {}
    for each in watches:
        newest.setdefault((each.service, each.environment), each.version)
    return [each for each in watches if newest[each.service, each.environment] == each.version]


def caller_record(caller: Caller, link: str = "") -> dict[str, Any]:
    """Return the record of one call site."""
    site = caller.site
    return {
        "place": f"{site.file}:{site.line}" if site.line else site.file,
        "file": site.file,
        "line": site.line,
        "function": site.function,
        "module": site.module,
        "rule": caller.rule.legacy,
        "path": site.path,
        "mechanism": site.mechanism,
        "names": list(site.names),
        "uses": site.uses,
        "refused": site.blocked,
        "would_be_refused": site.would_be_blocked,
        "outcomes": dict(site.outcomes),
        "first_seen": iso(site.first_seen),
        "last_seen": iso(site.last_seen),
        "owner": joined(caller.owners),
        "whose": caller.whose,
        "relation": site.relation,
        "distribution": site.distribution,
        "package": caller.package,
        "via": site.via,
        "link": link,
    }


def group_record(name: str, callers: Iterable[Caller]) -> dict[str, Any]:
    """Return the totals of the callers of one file, package, distribution or owner."""
    members = list(callers)
    sites = [each.site for each in members]
    return {
        "name": name,
        "whose": " ".join(sorted({each.whose for each in members})),
        "uses": sum(site.uses for site in sites),
        "call_sites": len(sites),
        "rules": len({each.rule.legacy for each in members}),
        "first_seen": iso(min(site.first_seen for site in sites)),
        "last_seen": iso(max(site.last_seen for site in sites)),
    }


def service_record(watch: ServiceWatch) -> dict[str, Any]:
    """Return the record of one watched service, in one version and environment."""
    return {
        "service": watch.service,
        "version": watch.version,
        "environment": watch.environment,
        "processes": watch.processes,
        "since": iso(watch.since),
        "till": iso(watch.till),
    }


def service_use_record(row: ServiceUses) -> dict[str, Any]:
    """Return the record of one rule's uses by one service."""
    return {
        "service": row.service,
        "version": row.version,
        "environment": row.environment,
        "uses": row.count,
        "call_sites": row.sites,
        "first_seen": iso(row.first_seen),
        "last_seen": iso(row.last_seen),
    }


def map_record(watched: WatchedMap) -> dict[str, Any]:
    """Return the record of a set of rules that a service watched."""
    return {
        "service": watched.service,
        "version": watched.version,
        "environment": watched.environment,
        "map": watched.digest,
        "stages": dict(watched.stages),
        "processes": watched.processes,
        "since": iso(watched.since),
        "till": iso(watched.till),
        "path": watched.path,
    }


def process_record(process: ProcessWatch) -> dict[str, Any]:
    """Return the record of one process."""
    return {
        "id": process.id,
        "service": process.service,
        "version": process.version,
        "environment": process.environment,
        "host": process.host,
        "pid": process.pid,
        "python": process.python,
        "command": process.command,
        "run": process.run,
        "map": process.map,
        "since": iso(process.since),
        "till": iso(process.till),
        "ending": process.ending,
        "gaps": process.gaps,
        "longest_gap_seconds": seconds(process.longest_gap),
        "dropped": process.dropped,
        "blind": list(process.blind),
    }


def _iso(time: int | None) -> str | None:
    return None if time is None else iso(time)
