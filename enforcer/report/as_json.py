"""Write a report as JSON, for other programs: fields are only ever added."""

import json

from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.times import iso


def as_json(report: Report) -> str:
    """Write a report as one JSON document."""
    document = {
        "rules": [_rule(rule) for rule in report.rules],
        "dropped": report.dropped,
        "processes": report.processes,
        "notices": [
            {
                "kind": notice.kind,
                "subject": notice.subject,
                "text": notice.text,
                "processes": notice.processes,
            }
            for notice in report.notices
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: RuleReport) -> dict[str, object]:
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "stage": rule.stage,
        "uses": rule.uses,
        "call_sites": [_site(site) for site in rule.call_sites],
        "kind": rule.kind,
        "probes": rule.probes,
        "first_seen": None if rule.first_seen is None else iso(rule.first_seen),
        "last_seen": None if rule.last_seen is None else iso(rule.last_seen),
        "reason": rule.reason,
        "since": rule.since,
        "remove_after": rule.remove_after,
        "removal": rule.removal,
        "owner": rule.owner,
        "link": rule.link,
    }


def _site(site: SiteReport) -> dict[str, object]:
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
    }
