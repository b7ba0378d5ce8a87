"""What ``enforcer plan`` and ``enforcer advance`` print: documents, and as JSON."""

from collections.abc import Iterator
from typing import Any

from enforcer.output.document import BLANK, CODE, STRONG, Document, Line, Words
from enforcer.output.document import as_json as dump
from enforcer.output.words import counted, first, visible
from enforcer.retirement.changes import Changes
from enforcer.retirement.plan import Due, Plan, Planned
from enforcer.retirement.steps import Obstacle, Step
from enforcer.rules.document import shown
from enforcer.rules.exemptions import Exemption
from enforcer.rules.stages import REMOVED
from enforcer.verdict.words import answer, reason

MOST_OBSTACLES = 5
"""How many obstacles of a rule are shown; JSON has all of them."""

_STYLES = {Due.OVERDUE: "bold red", Due.SOON: "bold yellow"}


def document(plan: Plan) -> Document:
    """Yield a section for each part of the time line, and a summary."""
    title = f"Plan of {visible(shown(plan.map_file))} on {plan.today.isoformat()}"
    yield Line(title, STRONG, level=1)
    for due in Due:
        rules = plan.of(due)
        if rules:
            yield BLANK
            yield Line(_title(due, plan), _STYLES.get(due, STRONG), level=2)
            for one in rules:
                yield _rule(one, plan)
    yield BLANK
    yield Line(summary(plan), "bold red" if plan.is_overdue else STRONG)


def summary(plan: Plan) -> str:
    """Return the plan in one line."""
    overdue, soon = len(plan.of(Due.OVERDUE)), len(plan.of(Due.SOON))
    ready = sum(one.step.is_possible for one in plan.rules)
    blocked = sum(bool(one.step.obstacles) for one in plan.rules)
    parts = (
        counted(len(plan.rules), "rule"),
        f"{overdue:,} overdue",
        f"{soon:,} due within {counted(plan.within, 'day')}",
        f"{ready:,} can advance",
        f"{blocked:,} blocked",
    )
    return " · ".join(parts)


def _title(due: Due, plan: Plan) -> str:
    return {
        Due.OVERDUE: "Overdue",
        Due.SOON: f"Due within {counted(plan.within, 'day')}",
        Due.LATER: "Later",
        Due.UNDATED: "Without a day",
        Due.REMOVED: "Removed",
    }[due]


def _rule(one: Planned, plan: Plan) -> Line:
    rule = one.rule
    words: Words = (
        (visible(rule.legacy), CODE),
        " → ",
        (visible(rule.canonical), CODE),
        *(f" · {part}" for part in _facts(one)),
    )
    return Line(words, below=(*step_lines(one.step), *_exemptions(one, plan)))


def _facts(one: Planned) -> Iterator[str]:
    yield one.step.stage
    if one.step.verdict is not None:
        yield answer(one.step.verdict)
    if one.rule.remove_after and one.due != Due.REMOVED:
        yield f"remove after {one.rule.remove_after} ({_distance(one.days or 0)})"
    if one.rule.removal:
        yield f"removal in {visible(one.rule.removal)}"
    if one.rule.since:
        yield f"since {one.rule.since}"
    if one.owners:
        yield visible(" ".join(one.owners))


def _distance(days: int) -> str:
    if days == 0:
        return "today"
    return f"in {counted(days, 'day')}" if days > 0 else f"{counted(-days, 'day')} ago"


def step_lines(step: Step) -> Iterator[Line]:
    """Yield whether a rule can have its next stage, whom it would break, and notes."""
    if step.is_possible:
        command = "retire" if step.following == REMOVED else "advance"
        words = f"{step.following}: breaks nobody. enforcer {command} {step.rule.legacy}"
        yield Line(words, weight="fine")
    elif not step.following:
        yield from _tombstone(step)
    elif step.following:
        lines = first([str(one) for one in step.obstacles], MOST_OBSTACLES)
        yield Line(f"{step.following}: blocked", weight="wrong", below=tuple(map(Line, lines)))
    for note in step.notes:
        yield Line(visible(note), weight="tells")


def _tombstone(step: Step) -> Iterator[Line]:
    """Yield who still asks for a removed path, or that its rule may leave the map."""
    if step.verdict is None:
        return
    if step.verdict.can_go:
        yield Line(f"nobody asks any more. enforcer retire {step.rule.legacy}", weight="fine")
    else:
        yield Line(visible(reason(step.verdict)), weight="tells")


def step_document(step: Step, changes: Changes | None, *, dry_run: bool) -> Document:
    """Yield what ``enforcer advance`` did, would do, or could not do."""
    legacy = (visible(step.rule.legacy), CODE)
    if changes is None:
        lines = tuple(Line(str(one), weight="wrong") for one in step.obstacles)
        words: Words = (legacy, f" stays in stage {step.stage}: {step.following} is blocked")
        yield Line(words, below=lines)
    else:
        verb = "would move" if dry_run else "moved"
        yield Line((legacy, f" {verb} from {step.stage} to {step.following}: that breaks nobody"))
        yield from (Line(line.rstrip("\r")) for line in changes.diff())
    for note in step.notes:
        yield Line(visible(note), weight="tells")


def _exemptions(one: Planned, plan: Plan) -> Iterator[Line]:
    for exemption in one.exemptions:
        is_past = not exemption.holds_on(plan.today.isoformat())
        verb = "ended" if is_past else "is exempted until"
        text = f"{visible(exemption.caller)} {verb} {exemption.until}: {visible(exemption.reason)}"
        yield Line(text, weight="warns" if is_past else "tells")


def as_json(plan: Plan) -> str:
    """Return the plan as one JSON document; fields are only ever added."""
    return dump(
        {
            "map": plan.map_file,
            "today": plan.today.isoformat(),
            "within_days": plan.within,
            "overdue": plan.is_overdue,
            "rules": [planned_record(one, plan) for one in plan.rules],
        }
    )


def planned_record(one: Planned, plan: Plan) -> dict[str, Any]:
    """Return a rule on the time line as plain values."""
    rule = one.rule
    return {
        "legacy": rule.legacy,
        "canonical": rule.canonical,
        "kind": rule.kind,
        "owners": list(one.owners),
        "since": rule.since,
        "remove_after": rule.remove_after,
        "removal": rule.removal,
        "due": one.due,
        "days": one.days,
        **step_record(one.step),
        "exemptions": [_exemption(exemption, plan) for exemption in one.exemptions],
    }


def step_record(step: Step) -> dict[str, Any]:
    """Return the fields of a step for JSON."""
    return {
        "stage": step.stage,
        "verdict": step.verdict.answer if step.verdict else "",
        "next": step.following,
        "can_advance": step.is_possible,
        "obstacles": [_obstacle(one) for one in step.obstacles],
        "notes": list(step.notes),
    }


def _obstacle(one: Obstacle) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "file": one.file,
        "line": one.line,
        "message": one.message,
        "owners": list(one.owners),
    }


def _exemption(one: Exemption, plan: Plan) -> dict[str, Any]:
    return {
        "path": one.path,
        "caller": one.caller,
        "until": one.until,
        "reason": one.reason,
        "ended": not one.holds_on(plan.today.isoformat()),
    }
