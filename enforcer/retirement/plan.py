"""The plan: every rule of a map on a time line, with what blocks it, and what is due or overdue."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from enforcer.owners import split_owners
from enforcer.retirement.steps import Step
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import Rule, covers_path
from enforcer.rules.stages import REMOVED


class Due(StrEnum):
    """Where a rule is on the time line, the most urgent first."""

    OVERDUE = "overdue"
    SOON = "due"
    LATER = "later"
    UNDATED = "undated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule on the time line.

    Attributes:
        step: its next stage, with what stands in the way.
        due: where it is on the time line.
        days: the days until its ``remove_after``; negative if it has passed, None without one.
        owners: who is responsible for it, by the map.
        exemptions: the callers that may use it until a day, the next one to end first.

    """

    step: Step
    due: Due
    days: int | None
    owners: tuple[str, ...]
    exemptions: tuple[Exemption, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule, in the stage that the map has for it."""
        return self.step.rule


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a map.

    Attributes:
        map_file: the map.
        today: the day that it was made for.
        within: for how many days before its day something counts as due.
        rules: every rule, in the order of time.

    """

    map_file: str
    today: dt.date
    within: int
    rules: tuple[Planned, ...]

    def of(self, due: Due) -> tuple[Planned, ...]:
        """Return the rules at one part of the time line."""
        return tuple(one for one in self.rules if one.due == due)

    @property
    def is_overdue(self) -> bool:
        """Return whether the day of a rule, or of an exemption, has passed."""
        today = self.today.isoformat()
        lapsed = (not one.holds_on(today) for planned in self.rules for one in planned.exemptions)
        return bool(self.of(Due.OVERDUE)) or any(lapsed)


def make_plan(  # noqa: PLR0913 - rules, and the time line to put them on
    steps: Iterable[Step],
    exemptions: Iterable[Exemption],
    map_file: str,
    *,
    today: dt.date,
    within: dt.timedelta,
    owner: str = "",
) -> Plan:
    """Put rules on a time line.

    Args:
        steps: the next step of each rule.
        exemptions: the exemptions of the map.
        map_file: the map.
        today: the day to compare with.
        within: how long before its day a rule is due.
        owner: only rules that this owner is responsible for; empty for all.

    """
    allowed = list(exemptions)
    planned = (_planned(step, allowed, today, within) for step in steps)
    chosen = [one for one in planned if not owner or owner in one.owners]
    rules = tuple(sorted(chosen, key=_time))
    return Plan(map_file, today, within.days, rules)


def _planned(
    step: Step, exemptions: list[Exemption], today: dt.date, within: dt.timedelta
) -> Planned:
    rule = step.rule
    days = None
    if rule.remove_after:
        days = (dt.date.fromisoformat(rule.remove_after) - today).days
    own = sorted(
        (one for one in exemptions if _is_of(one, rule)), key=lambda one: (one.until, one.caller)
    )
    due = _due(rule, days, within.days)
    return Planned(step, due, days, split_owners(rule.owner), tuple(own))


def _due(rule: Rule, days: int | None, within: int) -> Due:
    if rule.stage == REMOVED:
        return Due.REMOVED
    if days is None:
        return Due.UNDATED
    if days < 0:
        return Due.OVERDUE
    return Due.SOON if days <= within else Due.LATER


def _is_of(exemption: Exemption, rule: Rule) -> bool:
    return covers_path(rule.legacy, exemption.path)


def _time(one: Planned) -> tuple[int, str, str]:
    return list(Due).index(one.due), one.rule.remove_after, one.rule.legacy
