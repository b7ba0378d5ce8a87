"""What can be done with a path: its verdict in the words of the pages."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.filters import address
from enforcer.dashboard.links import rule_id
from enforcer.dashboard.look import Look
from enforcer.output.times import age, ago
from enforcer.output.words import counted
from enforcer.report.model import RuleReport
from enforcer.store.queries import DAY
from enforcer.verdict.model import (
    ASKED_FOR,
    CAN_GO,
    IN_USE,
    MET,
    NAMED,
    REFUSED,
    TESTS,
    THIRD_PARTIES,
    UNKNOWN,
    UNMET,
    UNWATCHED,
    Condition,
    Verdict,
)

LANES: Final = {
    "refused": "refused",
    "can_go": "can go today",
    "named": "silent, but still named in source",
    "in_use": "in use",
    "unwatched": "not watched",
    "unknown": "can\N{RIGHT SINGLE QUOTATION MARK}t tell",
}
"""What can be done with a path, the most urgent first, with its words."""

ALWAYS_SHOWN: Final = ("can_go", "named", "in_use", "unwatched")

LANE_OF: Final = {
    ASKED_FOR: "refused",
    REFUSED: "refused",
    UNKNOWN: "unknown",
    UNWATCHED: "unwatched",
    IN_USE: "in_use",
    THIRD_PARTIES: "in_use",
    TESTS: "in_use",
    NAMED: "named",
    CAN_GO: "can_go",
}
"""The lane of each verdict."""

_HEADLINES: Final = {
    ASKED_FOR: "Deleted, and still asked for",
    REFUSED: "Programs break now",
    UNKNOWN: "Can\N{RIGHT SINGLE QUOTATION MARK}t tell",
    UNWATCHED: "Not watched",
    IN_USE: "Not today",
    THIRD_PARTIES: "Not today, only third parties need it",
    TESTS: "Not today, only tests need it",
    NAMED: "Not today",
    CAN_GO: "Yes, it can go today",
}

_TITLES: Final = {
    "source": "No statement names it",
    "installed": "No installed package names it",
    "quiet": "No use in production for {days}",
    "watched": "Every expected service was watched for {days} without a break, or it is accepted",
    "maps": "Everything that runs now has this rule in its map",
    "complete": "Nothing was refused, lost or blind since",
}

_NEW: Final = 10_000_000_000
"""Age in nanoseconds up to which verdicts are of this moment."""

_COMMAND: Final = "enforcer "
_PROSE: Final = "markdown"
"""The kind of file that names paths without keeping them alive."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something to copy: a text, or the address of one."""

    name: str
    href: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ConditionWords:
    """One condition for deleting a path: whether it is met, and by what evidence."""

    is_met: bool | None
    title: str
    lines: tuple[str, ...] = ()
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A path with what can be done with it.

    Attributes:
        rule: the path with all its uses.
        lane: one of :data:`LANES`.
        headline: the verdict in one sentence.
        rest: what else it takes, in a sentence or two.
        note: why, in short.
        policy: the period in force.
        act: the one thing to copy.
        conditions: the six conditions.

    """

    rule: RuleReport
    lane: str
    headline: str = ""
    rest: str = ""
    note: str = ""
    policy: str = ""
    act: Act | None = None
    conditions: tuple[ConditionWords, ...] = ()


def judge_all(look: Look) -> list[Judged]:
    """Return all paths with what can be done with each, without the words on the conditions."""
    return [
        Judged(rule, LANE_OF[verdict.answer], note=_reason(verdict))
        for rule in (*look.facts, *look.never_watched)
        if (verdict := look.judgement.verdicts.get(rule.legacy))
    ]


def judge(look: Look, rule: RuleReport) -> Judged:
    """Return a path with its verdict in words."""
    verdict = look.judgement.verdicts[rule.legacy]
    reason = _in_short(look, verdict) or _reason(verdict)
    headline = _HEADLINES[verdict.answer]
    days = counted(-(-verdict.period // DAY), "day")
    policy = f"in force: {days} without a use in production"
    return Judged(
        rule,
        LANE_OF[verdict.answer],
        headline=f"{headline}: {reason}" if reason else headline,
        rest=" ".join(_rest(look, verdict)),
        note=reason,
        policy="; ".join(filter(None, (policy, judged_ago(look)))),
        act=_main_act(look, verdict),
        conditions=tuple(_condition(one, days) for one in verdict.conditions),
    )


def _reason(verdict: Verdict) -> str:
    deciding = verdict.deciding
    return deciding[0].facts[0] if deciding and deciding[0].facts else ""


def judged_ago(look: Look) -> str:
    """Return how old the verdicts are: "judged 34 s ago"; empty if they are of this moment."""
    old = look.now - look.judgement.at
    return f"judged {age(old)} ago" if old > _NEW else ""


def _in_short(look: Look, verdict: Verdict) -> str:
    """Return why a path can't go in numbers; empty where the evidence says it better."""
    if verdict.answer == NAMED:
        return f"{to_change(look, (verdict.legacy,))} still name it"
    if verdict.answer in (IN_USE, THIRD_PARTIES) and verdict.callers:
        callers = counted(len(verdict.callers), "caller")
        return f"{callers} in production, the last {ago(verdict.last_use, look.now)}"
    return ""


def to_change(look: Look, legacies: Collection[str]) -> str:
    """Return how many lines of source and installed packages name some paths."""
    scan = look.scan
    if scan is None:
        return ""
    lines = {
        (one.file, one.line)
        for one in scan.findings
        if one.rule in legacies and one.is_proven and one.kind != _PROSE
    }
    packages = {one.distribution for one in scan.installed if one.rule in legacies}
    parts = [f"{counted(len(lines), 'line')} in source"] if lines else []
    parts += [counted(len(packages), "package")] if packages else []
    return " and ".join(parts)


def _rest(look: Look, verdict: Verdict) -> Iterator[str]:
    if not verdict.callers and verdict.last_use:
        yield f"Nobody ran it in production for {age(look.now - verdict.last_use)}."
    elif not verdict.callers and verdict.since:
        yield f"Nobody ran it in production since it is watched, {age(look.now - verdict.since)}."
    missing = sum(not one.is_met for one in verdict.conditions)
    if missing:
        point = "the point below is" if missing == 1 else f"the {missing} points below are"
        yield f"When {point} done, this page says yes."


def _main_act(look: Look, verdict: Verdict) -> Act | None:
    legacy = verdict.legacy
    if verdict.answer == CAN_GO:
        return Act("Copy command", text=f"{_COMMAND}retire {legacy}")
    if verdict.answer in (NAMED, IN_USE, TESTS, REFUSED):
        return Act("Copy patch", href=address(look.prefix, f"/api/patch/{rule_id(legacy)}"))
    commands = [act for one in verdict.deciding if (act := _act(one))]
    return commands[0] if commands else None


def _condition(condition: Condition, days: str) -> ConditionWords:
    lines = [fact[:1].upper() + fact[1:] for fact in condition.facts]
    act = _act(condition)
    if condition.act and act is None:
        lines.append(condition.act)
    is_met = {MET: True, UNMET: False}.get(condition.state)
    title = _TITLES.get(condition.name, condition.name).format(days=days)
    return ConditionWords(is_met, title, tuple(lines), act)


def _act(condition: Condition) -> Act | None:
    """Return the command that turns a condition, or the line of the map, if its act names one."""
    _, _, command = condition.act.partition(_COMMAND)
    if command:
        return Act("Copy command", text=f"{_COMMAND}{command.rstrip('.')}")
    _, mark, line = condition.act.partition("expected_services = ")
    return Act("Copy line", text=f"{mark}{line}") if mark else None
