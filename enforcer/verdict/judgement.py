"""The verdict on a rule: the first of the nine that matches, with its six conditions."""

from collections.abc import Callable, Iterator
from typing import Final

from enforcer.output.words import agreed, counted, listed, visible
from enforcer.verdict.case import Case, days
from enforcer.verdict.completeness import complete
from enforcer.verdict.coverage import Coverage
from enforcer.verdict.model import (
    ANSWERS,
    ASKED_FOR,
    CAN_GO,
    REFUSED,
    Condition,
    Evidence,
    Verdict,
)
from enforcer.verdict.source import named_by_distributions, named_in_source, uncomparable_versions
from enforcer.verdict.standing import standing_of
from enforcer.verdict.terms import Terms
from enforcer.verdict.use import quiet
from enforcer.verdict.watch import same_map, watched

CONDITIONS: Final[tuple[Callable[[Case], Condition], ...]] = (
    named_in_source,
    named_by_distributions,
    quiet,
    watched,
    same_map,
    complete,
)
"""The six conditions in their order. All of them have to be met."""

_ORDER: Final = tuple(ANSWERS)
_MOST = 5


def judge(
    evidence: Evidence,
    terms: Terms,
    now: int,
    conditions: tuple[Callable[[Case], Condition], ...] = CONDITIONS,
) -> tuple[Verdict, ...]:
    """Return the verdict on each rule.

    Args:
        evidence: what is known; never a part of it that a filter selected.
        terms: the terms of the map.
        now: the time, in nanoseconds since the epoch.
        conditions: the conditions; tests leave one out to see what it is good for.

    """
    coverage = Coverage(evidence.fleet, terms, now)
    return tuple(_judge(Case(rule, coverage), conditions) for rule in evidence.rules)


def _judge(case: Case, conditions: tuple[Callable[[Case], Condition], ...]) -> Verdict:
    found = tuple(condition(case) for condition in conditions)
    standing = standing_of(case)
    return Verdict(
        legacy=case.rule.legacy,
        answer=_answer(found),
        conditions=found,
        period=case.period,
        since=case.last_use or case.watched_since(),
        last_use=case.last_use,
        callers=case.callers,
        unknowns=tuple(_unknowns(case)),
        proposed=() if case.terms.expected else case.coverage.recent_services,
        rule=case.rule,
        state=standing.state,
        left=standing.left,
        left_within=case.left_within,
    )


def _answer(conditions: tuple[Condition, ...]) -> str:
    """Return the first verdict in the order of :data:`ANSWERS` that a condition leads to.

    What is used is known to be used, whatever else is not known: "can't tell" and "not watched"
    match only while no use within the period is known.
    """
    answers = {one.answer for one in conditions if not one.is_met}
    # Callers fail now, which comes before all that is merely in use or not known.
    if answers & {ASKED_FOR, REFUSED}:
        return min(answers, key=_ORDER.index)
    used = {one.answer for one in conditions if one.name == "quiet" and one.state == "unmet"}
    return min(used or answers or {CAN_GO}, key=_ORDER.index)


def _unknowns(case: Case) -> Iterator[str]:
    """Yield what the verdict can't know."""
    nameless = [
        one for one in case.coverage.lives if not one.environment and one.written >= case.since
    ]
    if nameless:
        number = counted(len(nameless), "process names", "processes name")
        counts = agreed(len(nameless), "counts", "count")
        yield f"{number} no environment, and {counts} as production."
    others = [
        name
        for name in case.coverage.recent_services
        if name not in case.terms.expected and name not in case.terms.jobs
    ]
    if others and case.terms.expected:
        names = listed([visible(name) for name in others], _MOST)
        yield f"{names} watched too, and the map does not expect it: nobody would notice its end."
    versions = uncomparable_versions(case)
    if versions:
        names = listed([visible(version) for version in versions], _MOST)
        yield f"{names} runs: its version is no revision, so the scanned tree may be another one."
    unproven = [one for one in case.fleet.scan.unproven if not one.rule] if case.fleet.scan else []
    if unproven:
        yield f"{counted(len(unproven), 'place')} in the source could not be read for certain."
    for service, kept in case.short_memory.items():
        name = visible(service or "a service without a name")
        yield f"The store keeps {days(kept)} of {name}: pauses that were longer are forgotten."
    if case.elsewhere:
        number = counted(sum(one.count for one in case.elsewhere), "use", "uses")
        yield f"{number} by tests and outside of production do not count."
    if any(not one.service and not one.file and one.days == 1 for one in case.pauses):
        yield "A process without a service's name used it once, and may come again."
