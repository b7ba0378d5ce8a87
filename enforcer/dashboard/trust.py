"""Whether the data can be trusted, in one sentence, and what may be missing, a line each.

A fact of the whole store: no filter changes it. What happened once stays true of the time before it
only, so the sentence says since when nothing is missing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.look import Look
from enforcer.output.times import age, ago, length, short
from enforcer.output.words import counted, listed
from enforcer.recording.process import CLOCKS_DIFFER
from enforcer.report.maps import map_differences
from enforcer.store.queries import DAY, NoticeOf, ProcessLife
from enforcer.store.sqlite.schema import LOST, UNKNOWN
from enforcer.verdict.model import FleetEvidence

_MOST_NOTICES: Final = 20
_MOST_NAMES: Final = 5

VANISHED: Final = "vanished"
_GAPS: Final = "gaps"
_BLIND: Final = "blind"
_DROPPED: Final = "dropped"

PROBLEMS: Final = (VANISHED, UNKNOWN, LOST, _GAPS, _BLIND, _DROPPED)
"""What the table of processes can be reduced to."""


@dataclass(frozen=True, slots=True)
class TrustLine:
    """Something that may be missing.

    Attributes:
        text: what, as a sentence.
        at: when it happened last, in nanoseconds; 0 if it still is so.
        problem: one of :data:`PROBLEMS` that its processes have, or empty.
        number: how many processes or uses it concerns.
        what: the newest case in a few words, for the sentence.

    """

    text: str
    at: int = 0
    problem: str = ""
    number: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the data can be trusted.

    Attributes:
        is_whole: whether nothing is missing for a day or longer.
        headline: since when it is whole, or that it is not.
        rest: what else to know, in a sentence or two.
        lines: what may be missing, the newest first.
        notices: what else processes had to say.

    """

    is_whole: bool
    headline: str
    rest: str
    lines: tuple[TrustLine, ...]
    notices: tuple[NoticeOf, ...] = ()


def trust(look: Look) -> Trust:
    """Describe how complete the data of a store are."""
    fleet, expected = look.judgement.fleet, look.expected_services
    lines = sorted(
        _lines(look, fleet, expected), key=lambda line: (line.at != 0, -line.at, line.text)
    )
    notices = (*map_differences(look.reader.maps(look.span)), *look.reader.notices(look.span))
    written = look.all_watching.till
    headline, rest = _sentence(look, fleet, lines)
    if expected:
        there = _running(fleet.lives, look.now)
        watched = sum(name in there for name in expected)
        rest += f" {watched} of {counted(len(expected), 'expected service')} watched now."
    if written:
        rest += f" Last written {ago(written, look.now)}."
    is_whole = headline.startswith("Whole")
    return Trust(is_whole, headline, rest.strip(), tuple(lines), notices[:_MOST_NOTICES])


def _sentence(look: Look, fleet: FleetEvidence, lines: list[TrustLine]) -> tuple[str, str]:
    if not fleet.lives:
        return "Nobody has watched yet:", "no use means nothing here."
    began = look.began or look.now
    newest = lines[0] if lines else None
    if newest is None:
        return f"Whole for {age(look.now - began)}", f"(since {short(began)}, when watching began)."
    if newest.at == 0:
        others = f" and {counted(len(lines) - 1, 'more thing')}" if len(lines) > 1 else ""
        return "Not whole:", f"{newest.text.rstrip('.')}{others}."
    whole_for = look.now - newest.at
    since = f"(since {short(newest.at)}, when {newest.what})."
    if whole_for >= DAY:
        return f"Whole for {age(whole_for)}", since
    return "Not whole for a day yet", since


def _lines(look: Look, fleet: FleetEvidence, expected: tuple[str, ...]) -> Iterator[TrustLine]:
    there = _running(fleet.lives, look.now)
    ever = {life.service for life in fleet.lives}
    for name in expected:
        if name not in there:
            how = "is not watched now" if name in ever else "was never watched"
            yield TrustLine(f'The service "{name}", which the map expects, {how}.')
    yield from _endings(fleet.lives, look.now)
    yield from _gaps(fleet.lives)
    if fleet.lost:
        count = sum(one.count for one in fleet.lost)
        last = max(one.hour for one in fleet.lost)
        text = f"{counted(count, 'use was', 'uses were')} lost: the counts are too low."
        yield TrustLine(text, last, _DROPPED, count, "uses were lost")
    blind = [one for one in fleet.notices if one.written]
    if blind:
        names = sorted({one.service or "a process" for one in blind})
        number = len({one.process for one in blind})
        text = (
            f"{counted(number, 'process was', 'processes were')} blind to some uses "
            f"({listed(names, _MOST_NAMES)})."
        )
        yield TrustLine(
            text, max(one.written for one in blind), _BLIND, number, f"{names[0]} was blind"
        )
    for file, at in fleet.set_aside:
        text = f'A store was damaged, and set aside as "{file}", with what was counted until then.'
        yield TrustLine(text, at, what="a damaged store was set aside")
    reasons: defaultdict[str, list[int]] = defaultdict(list)
    for at, reason in fleet.not_enabled:
        reasons[reason].append(at)
    for reason, times in reasons.items():
        who = counted(len(times), "process that names", "processes that name")
        text = f"{who} a map saw nothing: {reason}"
        yield TrustLine(text, max(times), number=len(times), what="a process was not enabled")


def _endings(lives: Iterable[ProcessLife], now: int) -> Iterator[TrustLine]:
    groups: defaultdict[str, list[ProcessLife]] = defaultdict(list)
    for life in lives:
        is_silent = life.written + life.silence < now or life.written > now + CLOCKS_DIFFER
        ending = life.ending or (VANISHED if is_silent else "")
        if ending in (VANISHED, UNKNOWN, LOST):
            groups[ending].append(life)
    words = {
        VANISHED: ("ended without a last write", "was killed"),
        UNKNOWN: ("ended, it is not known how", "ended somehow"),
        LOST: ("could not write their last uses", "lost its last uses"),
    }
    for ending, found in groups.items():
        newest = max(found, key=lambda life: life.written)
        what, did = words[ending]
        text = f"{counted(len(found), 'process', 'processes')} {what}"
        if ending == VANISHED:
            text += (
                f": each may have lost up to {length(max(one.silence for one in found))} of uses"
            )
        who = " ".join(filter(None, (newest.service or "a process", newest.version)))
        yield TrustLine(f"{text}.", newest.written, ending, len(found), f"{who} {did}")


def _gaps(lives: Iterable[ProcessLife]) -> Iterator[TrustLine]:
    found = [
        (life, before[1], after[0])
        for life in lives
        for before, after in zip(life.spans, life.spans[1:], strict=False)
    ]
    if not found:
        return
    longest = max(after - before for _, before, after in found)
    number = len({life.id for life, _, _ in found})
    newest, _, came_back = max(found, key=lambda each: each[2])
    text = (
        f"{counted(number, 'process', 'processes')} did not write for a while, "
        f"for {length(longest)} at the longest, and came back."
    )
    who = newest.service or "a process"
    yield TrustLine(text, came_back, _GAPS, number, f"{who} came back")


def _running(lives: Iterable[ProcessLife], now: int) -> set[str]:
    return {
        life.service for life in lives if not life.ending and life.written + life.silence >= now
    }
