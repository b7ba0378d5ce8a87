"""Condition on the evidence: nothing was refused, dropped, lost or blind in the period."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from enforcer.output.times import short
from enforcer.output.words import counted, visible
from enforcer.recording.notice import BLIND
from enforcer.recording.process import CLOCKS_DIFFER, DISABLED
from enforcer.rules.model import TREE_SUFFIX, covers_path
from enforcer.store.queries import DAY, ProcessLife, ProcessNotice
from enforcer.store.sqlite.schema import UNKNOWN as UNKNOWN_ENDING
from enforcer.verdict.case import Case, days
from enforcer.verdict.model import MET, NOT_KNOWN, REFUSED, UNKNOWN, UNMET, Condition
from enforcer.verdict.use import place
from enforcer.verdict.watch import began

LATE = "late"
"""The kind of the notice that a path was imported before the enforcer was enabled."""

KINDS = (BLIND, "left-out", "fork", LATE)
"""The kinds of notices that mean that uses may be missing."""

_MOST = 3


def complete(case: Case) -> Condition:
    """Return whether nothing was refused, dropped, lost or blind in the period."""
    refused = case.refused
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
    return notice.kind != LATE and notice.subject not in case.coverage.paths


def _switched_off(case: Case) -> Faults:
    found = [one for one in _lives(case) if one.ending == DISABLED]
    if found:
        last = max(one.written for one in found)
        number = counted(len(found), "process", "processes")
        text = f"{number} switched the enforcer off and went on, last {short(last)} UTC"
        yield text, "Leave the enforcer on, and restart them."


def _unknown_endings(case: Case) -> Faults:
    found = [one for one in _lives(case) if one.ending == UNKNOWN_ENDING]
    if found:
        number = counted(len(found), "process", "processes")
        text = f"{number} of an enforcer before 0.2 recorded neither gaps nor how they ended"
        yield text, "Upgrade the enforcer there, and wait for the period."


def _vanished(case: Case) -> Faults:
    """Yield the services whose processes ended without a last write, and none lived longer.

    What a process used in its last seconds is lost. It is evidence again as soon as another process
    of the service lived as long, a day at most: that one has written what it used by that age. A
    service that crashes at start-up each time never has such a process.
    """
    services: defaultdict[tuple[str, str], list[ProcessLife]] = defaultdict(list)
    for one in case.coverage.lives:
        services[one.service, one.environment].append(one)
    for (service, _), lives in sorted(services.items()):
        lost = [one for one in lives if _has_vanished(case, one) and one.written >= case.since]
        lost = [one for one in lost if not _is_made_up(one, lives)]
        if lost:
            number = counted(len(lost), "process", "processes")
            name = visible(service or "a service without a name")
            last = short(max(one.written for one in lost))
            text = (
                f"{number} of {name} ended without a last write, the last one {last} UTC, "
                "and none has lived as long since"
            )
            yield text, "Find out why they end (a crash, a kill), and let one live longer."


def _has_vanished(case: Case, life: ProcessLife) -> bool:
    return not life.ending and life.written + life.silence < case.now


def _is_made_up(lost: ProcessLife, lives: Iterable[ProcessLife]) -> bool:
    """Return whether another process reached the age at which one vanished, after it."""
    age = min(lost.written - began(lost), DAY) + lost.silence
    return any(
        one is not lost and one.written > lost.written and one.written - began(one) >= age
        for one in lives
    )


def _clocks(case: Case) -> Faults:
    ahead = [one for one in case.coverage.lives if one.written > case.now + CLOCKS_DIFFER]
    if ahead:
        number = counted(len(ahead), "process", "processes")
        text = f"the clock of {number} was ahead, or the one here is behind"
        yield text, "Set the clocks (NTP)."


def _sampled(case: Case) -> Faults:
    if case.fleet.is_sampled:
        yield case.fleet.is_sampled, "Send the enforcer's logs unsampled."


def _lives(case: Case) -> Iterator[ProcessLife]:
    return (one for one in case.coverage.lives if one.written >= case.since)


_FAULTS = (
    _sampled,
    _dropped,
    _set_aside,
    _not_enabled,
    _blind,
    _switched_off,
    _unknown_endings,
    _vanished,
    _clocks,
)
