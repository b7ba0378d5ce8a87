"""Write verdicts as JSON, for other programs: fields are only ever added."""

from collections.abc import Iterable

from enforcer.output.document import as_json
from enforcer.output.times import iso
from enforcer.owners import split_owners
from enforcer.store.queries import DAY, DeployedUses
from enforcer.verdict.model import Condition, Verdict
from enforcer.verdict.words import OwnersOf, answer, nobody, reason


def verdicts_as_json(verdicts: Iterable[Verdict], now: int, owners_of: OwnersOf = nobody) -> str:
    """Write verdicts as one JSON document, with the owners of the callers' files."""
    found = list(verdicts)
    return as_json(
        {
            "judged": iso(now),
            "can_go": bool(found) and all(one.can_go for one in found),
            "verdicts": [verdict_record(one, owners_of) for one in found],
        }
    )


def verdict_record(verdict: Verdict, owners_of: OwnersOf = nobody) -> dict[str, object]:
    """Return one verdict as plain values."""
    rule = verdict.rule
    return {
        "legacy": verdict.legacy,
        "canonical": rule.canonical,
        "kind": rule.kind,
        "stage": rule.stage,
        "owner": rule.owner,
        "verdict": verdict.answer,
        "words": answer(verdict),
        "reason": reason(verdict),
        "can_go": verdict.can_go,
        "state": verdict.state,
        "call_sites_left": verdict.left,
        "period_days": verdict.period / DAY,
        "last_use": _time(verdict.last_use),
        "quiet_since": _time(verdict.since),
        "conditions": [_condition(one) for one in verdict.conditions],
        "callers": [_caller(one, owners_of) for one in verdict.callers],
        "unknowns": list(verdict.unknowns),
        "proposed_services": list(verdict.proposed),
        "owners": list(split_owners(rule.owner)),
    }


def _condition(condition: Condition) -> dict[str, object]:
    return {
        "name": condition.name,
        "state": condition.state,
        "facts": list(condition.facts),
        "act": condition.act or None,
    }


def _caller(use: DeployedUses, owners_of: OwnersOf) -> dict[str, object]:
    return {
        "path": use.path,
        "file": use.file,
        "line": use.line,
        "function": use.function,
        "mechanism": use.mechanism,
        "relation": use.relation,
        "distribution": use.distribution,
        "outcome": use.outcome,
        "service": use.service,
        "environment": use.environment,
        "uses": use.count,
        "first_seen": iso(use.first_seen),
        "last_seen": iso(use.last_seen),
        "owners": list(owners_of(use.file)),
    }


def _time(time: int) -> str | None:
    return iso(time) if time else None
