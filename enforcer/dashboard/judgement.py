"""The verdicts on all rules of a store, with the evidence that pages show beside them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from enforcer.evidence import read_evidence, with_watched
from enforcer.output.times import iso
from enforcer.rules.model import MigrationMap
from enforcer.store.queries import DAY, Span, StoreReader
from enforcer.verdict.judgement import judge
from enforcer.verdict.model import (
    ANSWERS,
    NOT_KNOWN,
    UNKNOWN,
    Condition,
    Evidence,
    FleetEvidence,
    Verdict,
)
from enforcer.verdict.terms import Terms


@dataclass(frozen=True)
class Judgement:
    """The verdicts on all rules at one time.

    Attributes:
        evidence: what they depend on.
        terms: the terms of the map.
        verdicts: the verdicts by legacy path.
        at: when they were judged, in nanoseconds since the epoch.

    """

    evidence: Evidence
    terms: Terms
    verdicts: dict[str, Verdict]
    at: int

    @property
    def fleet(self) -> FleetEvidence:
        """Return who watched, and what may be missing."""
        return self.evidence.fleet

    def maps_with(self, legacy: str) -> frozenset[str]:
        """Return the digests of the sets of rules that have a rule."""
        return self._maps.get(legacy, frozenset())

    @cached_property
    def _maps(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for digest, rules in self.fleet.rules.items():
            for legacy in rules:
                found.setdefault(legacy, set()).add(digest)
        return {legacy: frozenset(digests) for legacy, digests in found.items()}

    def record(self, legacy: str) -> dict[str, Any] | None:
        """Return the record of the verdict on a rule; None if there is none."""
        verdict = self.verdicts.get(legacy)
        if verdict is None:
            return None
        return {
            "answer": verdict.answer,
            "words": ANSWERS[verdict.answer],
            "can_go": verdict.can_go,
            "last_use": iso(verdict.last_use) if verdict.last_use else None,
            "conditions": [
                {"name": one.name, "state": one.state, "facts": list(one.facts), "act": one.act}
                for one in verdict.conditions
            ],
            "unknowns": list(verdict.unknowns),
        }


OUT_OF_SCOPE: Final = "This depends on services that you may not read"
"""The evidence of a condition that other services decide."""


def read_judgement(
    reader: StoreReader,
    migration_map: MigrationMap | None,
    now: int,
    services: Collection[str] = (),
) -> Judgement:
    """Judge all rules of the map, and those that only the store has.

    Args:
        reader: the open store.
        migration_map: the map; without one the rules are those of the store, under usual terms.
        now: the time, in nanoseconds since the epoch.
        services: judge as if the map named these services only; empty for all.

    """
    known = migration_map or MigrationMap()
    rules = with_watched(known, reader.rules(Span()))
    evidence = read_evidence(reader, known, now, rules)
    terms = Terms.of(known)
    if services:
        terms = terms.only(services)
    verdicts = {one.legacy: one for one in judge(evidence, terms, now)}
    return Judgement(evidence, terms, verdicts, now)


def narrowed(whole: Judgement, own: Judgement) -> Judgement:
    """Return the verdicts on the whole store, with the evidence of some services only.

    Whether a path may go is a fact of all services: a verdict on some of them would say yes to what
    others need. Who they are, and where they use it, is not shown.

    Args:
        whole: the judgement by everything that was recorded.
        own: the judgement by what some services recorded.

    """
    verdicts = {
        legacy: _narrowed(seen, verdict)
        if (seen := whole.verdicts.get(legacy))
        else _not_judged(verdict)
        for legacy, verdict in own.verdicts.items()
    }
    return replace(own, verdicts=verdicts)


def _not_judged(own: Verdict) -> Verdict:
    """Return that nothing is known of a rule that is newer than the judgement by everything."""
    text = "The other services have not been judged yet"
    conditions = (
        replace(one, state=NOT_KNOWN, facts=(text,), act="", answer=UNKNOWN)
        for one in own.conditions
    )
    return replace(own, answer=UNKNOWN, conditions=tuple(conditions))


def _narrowed(whole: Verdict, own: Verdict) -> Verdict:
    pairs = zip(whole.conditions, own.conditions, strict=True)
    return replace(
        own,
        answer=whole.answer,
        state=whole.state,
        period=whole.period,
        since=_known(whole.since, own.since),
        last_use=_known(whole.last_use, own.last_use),
        conditions=tuple(_shown(condition, seen) for condition, seen in pairs),
    )


def _known(whole: int, own: int) -> int:
    """Return a time; only its day if others decide it."""
    return whole if whole == own else whole - whole % DAY


def _shown(condition: Condition, seen: Condition) -> Condition:
    if condition.state == seen.state:
        return replace(seen, answer=condition.answer)
    return replace(condition, facts=(OUT_OF_SCOPE,), act="")
