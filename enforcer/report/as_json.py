"""Write a report as JSON, for other programs: fields are only ever added."""

from enforcer.output.document import as_json as dump
from enforcer.output.times import iso, seconds
from enforcer.owners import split_owners
from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.rule_services import RuleService
from enforcer.rules.model import FOR_PEOPLE
from enforcer.store.queries import DAY
from enforcer.store.sqlite.watch import ServiceWatch, Watching
from enforcer.verdict.standing import Standing


def as_json(report: Report) -> str:
    """Write a report as one JSON document."""
    document = {
        "rules": [_rule(rule) for rule in report.rules],
        "dropped": report.dropped,
        "processes": report.processes,
        "notices": report.notices,
        "watched": _watched(report.watching),
        "services": [_service(service) for service in report.watching.services],
        "other_call_sites": report.uses_elsewhere,
        "owner": report.owner,
        "standings": [_standing(one) for one in report.standings],
    }
    return dump(document)


def _standing(standing: Standing) -> dict[str, object]:
    return {
        "legacy": standing.legacy,
        "state": standing.state,
        "call_sites_left": standing.left,
        "last_use": iso(standing.last_use) if standing.last_use else None,
        "period_days": standing.period / DAY,
    }


def _watched(watching: Watching) -> dict[str, object]:
    return {
        "since": None if watching.since is None else iso(watching.since),
        "till": None if watching.till is None else iso(watching.till),
        "ended": watching.ended,
        "not_ended": watching.running,
        "vanished": watching.vanished,
        "unknown": watching.unknown,
        "lost_seconds": seconds(watching.interval),
        "gaps": watching.gaps,
        "longest_gap_seconds": seconds(watching.longest_gap),
        "blind": watching.blind,
    }


def _service(service: ServiceWatch) -> dict[str, object]:
    return {
        "service": service.service,
        "version": service.version,
        "environment": service.environment,
        "processes": service.processes,
        "since": iso(service.since),
        "till": iso(service.till),
    }


def _rule(rule: RuleReport) -> dict[str, object]:
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "stage": rule.stage,
        "uses": rule.uses,
        "call_sites": [site_record(site) for site in rule.call_sites],
        "kind": rule.kind,
        "probes": rule.probes,
        "first_seen": None if rule.first_seen is None else iso(rule.first_seen),
        "last_seen": None if rule.last_seen is None else iso(rule.last_seen),
        **{field: getattr(rule, field) for field in FOR_PEOPLE},
        "owners": list(split_owners(rule.owner)),
        "stages": list(rule.stages or (rule.stage,)),
        "hosts": dict(rule.hosts),
        "services": [_rule_service(service) for service in rule.services],
    }


def _rule_service(service: RuleService) -> dict[str, object]:
    return {
        "service": service.service,
        "version": service.version,
        "environment": service.environment,
        "uses": service.uses,
        "processes": service.processes,
        "since": iso(service.since) if service.since else None,
        "till": iso(service.till) if service.till else None,
        "unwatched": service.unwatched,
    }


def site_record(site: SiteReport) -> dict[str, object]:
    """Return a call site as plain values."""
    return {
        "file": site.file,
        "line": site.line,
        "function": site.function,
        "module": site.module,
        "mechanism": site.mechanism,
        "names": list(site.names),
        "uses": site.uses,
        "first_seen": iso(site.first_seen),
        "last_seen": iso(site.last_seen),
        "via": site.via,
        "path": site.path,
        "relation": site.relation,
        "distribution": site.distribution,
        "outcomes": dict(site.outcomes),
        "owners": list(site.owners),
    }
