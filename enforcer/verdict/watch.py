"""Conditions on the watch: expected services without a break, and all that runs has the rule."""

from collections import Counter
from collections.abc import Iterable, Iterator

from enforcer.output.times import length, short
from enforcer.output.words import counted, listed, visible
from enforcer.store.queries import ProcessLife
from enforcer.store.sqlite.schema import UNKNOWN as UNKNOWN_ENDING
from enforcer.verdict.case import Case, days
from enforcer.verdict.model import MET, NOT_KNOWN, UNKNOWN, UNMET, UNWATCHED, Condition
from enforcer.verdict.terms import PAUSES

_MOST = 3


def watched(case: Case) -> Condition:
    """Return whether every expected service watched the rule without a break for the period."""
    # A job is silent between its runs: _jobs_not_seen() looks at those.
    expected = [one for one in case.terms.expected if one not in case.terms.jobs]
    if not expected and not case.terms.jobs:
        return _unnamed(case)
    facts = [*_breaks(case, expected), *_jobs_not_seen(case)]
    if facts:
        act = "Watch these services for that long, or accept the break in the map (accept)."
        return Condition("watched", UNMET, tuple(facts), act, UNWATCHED)
    names = listed([visible(name) for name in (*expected, *case.terms.jobs)], _MOST)
    text = f"{names} watched without a break for {days(case.period)}"
    accepted = [one for one in case.terms.accepted if one.till > case.since]
    facts = [
        f"a break of {visible(one.service)} is accepted: {visible(one.reason)}" for one in accepted
    ]
    return Condition("watched", MET, (text, *facts))


def same_map(case: Case) -> Condition:
    """Return whether everything that runs now has the rule in its map, and did for the period."""
    maps = case.coverage.maps_with(case.rule.legacy)
    without = [one for one in case.coverage.running if one.map not in maps]
    if without:
        text = f"with a map that lacks the rule: {_by_service(without)}"
        return Condition("maps", UNMET, (text,), "Deploy the map, and restart them.", UNWATCHED)
    ended = _ended_without(case)
    if ended:
        last = max(one.written for one in ended)
        text = f"{_by_service(ended)} had a map without the rule, until {short(last)} UTC"
        act = f"Wait {days(case.period)} from then on, or accept that in the map (accept)."
        return Condition("maps", UNMET, (text,), act, UNWATCHED)
    if not case.coverage.running:
        return Condition("maps", MET, ("nothing runs now, as far as is known",))
    number = counted(len(case.coverage.running), "process", "processes")
    return Condition("maps", MET, (f"all that runs now has the rule: {number}",))


def _unnamed(case: Case) -> Condition:
    found = case.coverage.recent_services
    names = ", ".join(f'"{visible(name)}"' for name in found) or '"…"'
    act = f"Name the services in the map: expected_services = [{names}]"
    text = "the map names no expected services, so nobody knows who has to be watched"
    return Condition("watched", NOT_KNOWN, (text,), act, UNKNOWN)


def _breaks(case: Case, expected: Iterable[str]) -> Iterator[str]:
    for service in expected:
        gaps = case.coverage.gaps(service, case.rule.legacy, case.since)
        if gaps:
            longest = max(gaps, key=lambda gap: gap.till - gap.since)
            if longest.since == case.since and longest.till == case.now:
                yield f"{visible(service)} was not watched for {days(case.period)}"
                continue
            more = f", and {counted(len(gaps) - 1, 'more break')}" if len(gaps) > 1 else ""
            yield (
                f"{visible(service)} was not watched from {short(longest.since)} till "
                f"{short(longest.till)} UTC ({length(longest.till - longest.since)}){more}"
            )


def _ended_without(case: Case) -> list[ProcessLife]:
    """Return the processes of expected services whose map lacked the rule within the period."""
    return [
        one
        for one in case.coverage.without_rule(case.rule.legacy, case.since)
        if one.service in case.terms.expected
        and one.service not in case.terms.jobs
        and not case.coverage.is_accepted(one.service, max(case.since, one.began), one.written)
    ]


def _jobs_not_seen(case: Case) -> Iterator[str]:
    maps = case.coverage.maps_with(case.rule.legacy)
    for job, every in case.terms.jobs.items():
        since = case.now - int(PAUSES * every)
        # A run that goes on may use the path yet, and what was killed did not come to its end.
        ran = any(
            one.map in maps
            and one.written >= since
            and (one.ending not in {"", UNKNOWN_ENDING} or one.began <= since)
            for one in case.coverage.by_service.get(job, ())
        )
        accepted = (one for one in case.terms.accepted if one.service == job)
        if not ran and not any(one.till > since for one in accepted):
            yield f"the job {visible(job)} was not watched within {days(case.now - since)}"


def _by_service(lives: Iterable[ProcessLife]) -> str:
    numbers = Counter(one.service or "a service without a name" for one in lives)
    names = [
        f"{counted(number, 'process', 'processes')} of {visible(service)}"
        for service, number in sorted(numbers.items())
    ]
    return listed(names, _MOST)
