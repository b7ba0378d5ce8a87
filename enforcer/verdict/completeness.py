"""Condition on the evidence: nothing was refused, dropped, lost or blind in the period."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from enforcer.output.times import short
from enforcer.output.words import counted, visible
from enforcer.recording.notice import BLIND
from enforcer.recording.process import DISABLED
from enforcer.rules.model import TREE_SUFFIX, covers_path
from enforcer.store.queries import ProcessLife, ProcessNotice
from enforcer.store.sqlite.schema import UNKNOWN as UNKNOWN_ENDING
from enforcer.verdict.case import Case, days
from enforcer.verdict.model import MET, NOT_KNOWN, REFUSED, UNKNOWN, UNMET, Condition
from enforcer.verdict.use import place

LATE = "late"
"""The kind of the notice that a path was imported before the enforcer was enabled."""

KINDS = (BLIND, "left-out", "fork", LATE)
"""The kinds of notices that mean that uses may be missing."""

_MOST = 3
_PERIODS = 2
"""How many periods it takes until a store that was begun anew knows who comes rarely."""


def complete(case: Case) -> Condition:
    """Return whether nothing was refused, dropped, lost or blind in the period."""
    refused = case.refused
    # Whoever asks for a removed path fails in any case: the condition on use reports that.
    if refused and not case.is_removed:
        facts: tuple[str, ...] = (
            f"{counted(sum(one.count for one in refused), 'use was', 'uses were')} refused",
            f"the last one {short(refused[0].last_seen)} UTC by {place(refused[0])}",
        )
        act = "Change these callers, or allow them: they break now."
        return Condition("complete", UNMET, facts, act, REFUSED)
    faults = [fault for find in _FAULTS for fault in find(case)]
    if faults:
        facts = tuple(fact for fact, _ in faults)
        return Condition("complete", NOT_KNOWN, facts, faults[0][1], UNKNOWN)
    text = f"nothing was refused, dropped, lost or blind for {days(case.period)}"
    return Condition("complete", MET, (text,))


Faults = Iterator[tuple[str, str]]


def _dropped(case: Case) -> Faults:
    lost = [
        one
        for one in case.fleet.lost
        # Losses are counted by the hour: one that began before the period may reach into it.
        if one.hour + 3_600_000_000_000 > case.since and case.terms.is_production(one.environment)
    ]
    if lost:
        number = counted(sum(one.count for one in lost), "use was", "uses were")
        last = short(max(one.hour for one in lost))
        act = "Mend the store's disk or collector; the evidence is whole again after the period."
        yield f"{number} dropped, the last ones {last} UTC", act


def _set_aside(case: Case) -> Faults:
    for file, time in case.fleet.set_aside:
        if time >= case.since:
            text = f"the store was damaged, and set aside on {short(time)} UTC as {visible(file)}"
            yield text, "Wait for the period, or import what can be read of it."


def _not_enabled(case: Case) -> Faults:
    reasons = Counter(text for time, text in case.fleet.not_enabled if time >= case.since)
    if reasons:
        number = counted(sum(reasons.values()), "process", "processes")
        (text, _), *_ = reasons.most_common(1)
        yield (
            f"{number} named a map and saw nothing: {visible(text)}",
            "Mend that: enforcer status.",
        )


def _blind(case: Case) -> Faults:
    notices = [one for one in case.fleet.notices if _concerns(case, one)]
    if notices:
        number = counted(len({one.process for one in notices}), "process", "processes")
        one = notices[0]
        who = visible(one.service or "a service without a name")
        what = "imported it before the enforcer was enabled" if one.kind == LATE else "were blind"
        text = f"{number} {what}, last {who}: {visible(one.text)}"
        yield text, "Enable the enforcer earlier, or mend what the notice names: enforcer status."


def _concerns(case: Case, notice: ProcessNotice) -> bool:
    """Return whether a notice means that uses of this rule may be missing.

    The subject is a path if only the rule of that path is concerned.
    """
    if notice.written < case.since or not case.terms.is_production(notice.environment):
        return False
    own = case.rule.legacy.removesuffix(TREE_SUFFIX)
    if covers_path(own, notice.subject) or covers_path(notice.subject, own):
        return True
    # The path of another rule concerns that rule alone; any other subject may concern all.
    return notice.kind != LATE and notice.subject not in case.coverage.paths


def _switched_off(case: Case) -> Faults:
    found = _ended(case, DISABLED)
    if found:
        last = max(one.written for one in found)
        number = counted(len(found), "process", "processes")
        text = f"{number} switched the enforcer off and went on, last {short(last)} UTC"
        yield text, "Leave the enforcer on, and restart them."


def _unknown_endings(case: Case) -> Faults:
    found = _ended(case, UNKNOWN_ENDING)
    if found:
        number = counted(len(found), "process", "processes")
        text = f"{number} of an enforcer before 0.2 recorded neither gaps nor how they ended"
        yield text, "Upgrade the enforcer there, and wait for the period."


def _vanished(case: Case) -> Faults:
    """Yield the services whose processes ended without a last write, and none lived longer.

    What a process used in its last seconds is lost. Another process of the service that lived as
    long makes up for that, if one began since. Nothing does where the service has a caller that no
    scan shows: it may come rarely, and have come then. Nor while a store that was begun anew is
    young: it has forgotten such callers.
    """
    begun = case.coverage.begun_anew
    is_forgetful = bool(begun) and case.now - begun < _PERIODS * case.period
    services: defaultdict[str, list[ProcessLife]] = defaultdict(list)
    for one, is_made_up in case.coverage.vanished:
        may_be_rare = is_forgetful or one.service in case.unscanned
        if one.written >= case.since and (may_be_rare or not is_made_up):
            services[one.service].append(one)
    for service, lost in sorted(services.items()):
        number = counted(len(lost), "process", "processes")
        name = visible(service or "a service without a name")
        last = short(max(one.written for one in lost))
        text = f"{number} of {name} ended without a last write, the last one {last} UTC"
        if service in case.unscanned:
            act = "Find out why (a crash, a kill); the evidence is whole after the period."
            yield f"{text}, and {name} has a caller that no scan shows", act
        elif is_forgetful:
            act = f"Wait until {short(begun + _PERIODS * case.period)} UTC."
            yield f"{text}, and the store was begun anew {short(begun)} UTC", act
        else:
            act = "Find out why (a crash, a kill, no way to the store), and start one that lives."
            yield f"{text}, and none that began since has lived as long", act


def _clocks(case: Case) -> Faults:
    ahead = case.coverage.ahead
    if ahead:
        number = counted(len(ahead), "process", "processes")
        text = f"the clock of {number} was ahead, or the one here is behind"
        yield text, "Set the clocks (NTP)."


def _ended(case: Case, ending: str) -> list[ProcessLife]:
    found = case.coverage.by_ending.get(ending, ())
    return [one for one in found if one.written >= case.since]


# The order matters: complete() shows the remedy of the first fault.
_FAULTS = (
    _dropped,
    _set_aside,
    _not_enabled,
    _blind,
    _switched_off,
    _unknown_endings,
    _vanished,
    _clocks,
)
