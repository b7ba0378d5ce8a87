"""Condition on use: nobody in production used the path for the period in force."""

from collections import defaultdict

from enforcer.output.times import short
from enforcer.output.words import counted, listed, visible
from enforcer.recording.use import THIRD_PARTY
from enforcer.store.queries import DeployedUses
from enforcer.verdict.case import Case, days
from enforcer.verdict.model import (
    ASKED_FOR,
    IN_USE,
    MET,
    NOT_KNOWN,
    THIRD_PARTIES,
    UNKNOWN,
    UNMET,
    Condition,
)

_MOST = 3


def quiet(case: Case) -> Condition:
    """Return whether nobody in production used the path for the period in force."""
    if case.callers:
        return _used(case)
    if case.rare:
        return _rare(case)
    if case.is_removed and case.rule.removed_on > case.since:
        text = f"it was deleted on {short(case.rule.removed_on)} UTC: somebody may still ask"
        act = f"Keep the rule until {short(case.rule.removed_on + case.period)} UTC."
        return Condition("quiet", NOT_KNOWN, (text,), act, UNKNOWN)
    return Condition("quiet", MET, (_silence(case),))


def _silence(case: Case) -> str:
    last = case.last_use
    if not last:
        return f"no use in production was ever seen; {days(case.period)} are in force"
    ago = days(case.now - last)
    return f"last used in production {short(last)} UTC, {ago} ago; {days(case.period)} are in force"


def _used(case: Case) -> Condition:
    last = case.callers[0]
    services: defaultdict[str, int] = defaultdict(int)
    for one in case.callers:
        services[one.service or "a service without a name"] += one.count
    names = [visible(name) for name in sorted(services, key=lambda name: -services[name])]
    number = counted(len(case.callers), "caller")
    facts: tuple[str, ...] = (
        f"used {short(last.last_seen)} UTC by {place(last)}",
        f"{number} in {listed(names, _MOST)} within the {days(case.period)} in force",
    )
    if case.is_removed:
        act = "Change these callers: they fail."
        return Condition("quiet", UNMET, facts, act, ASKED_FOR)
    if all(one.relation == THIRD_PARTY for one in case.callers):
        found = {one.distribution or "code that is not your own" for one in case.callers}
        names = [visible(name) for name in sorted(found)]
        act = f"Upgrade or replace {listed(names, _MOST)}."
        facts = (f"used by {listed(names, _MOST)}", *facts)
        return Condition("quiet", UNMET, facts, act, THIRD_PARTIES)
    act = f"Change these callers, deploy, and wait {days(case.period)}."
    return Condition("quiet", UNMET, facts, act, IN_USE)


def _rare(case: Case) -> Condition:
    job = case.rare[0]
    names = [visible(one.service) for one in case.rare]
    when = short(job.last_seen)
    text = f"{listed(names, _MOST)} used it once, {when} UTC: how often it runs is not known"
    act = (
        f'Declare it in the map: jobs = [{{ service = "{visible(job.service)}", every = "…d" }}], '
        "or accept that it is gone."
    )
    return Condition("quiet", NOT_KNOWN, (text,), act, UNKNOWN)


def place(use: DeployedUses) -> str:
    """Return a caller for people: file, line, service and environment."""
    where = f"{use.file}:{use.line}" if use.line else use.file
    by = " ".join(filter(None, (use.service, use.environment and f"in {use.environment}")))
    return visible(f"{where} ({by})" if by else where)
