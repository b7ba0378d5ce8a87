"""Wording of verdicts, shared by the command, the dashboard, the digest and retirement."""

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from enforcer.output.document import Weight
from enforcer.output.words import visible
from enforcer.verdict.model import (
    ANSWERS,
    ASKED_FOR,
    CAN_GO,
    REFUSED,
    UNKNOWN,
    UNWATCHED,
    Condition,
    Verdict,
)

CONDITIONS: Final = {
    "source": "source",
    "installed": "installed",
    "quiet": "use",
    "watched": "watch",
    "maps": "maps",
    "complete": "complete",
}
"""The conditions by name, in words for a column."""

_WEIGHTS: Final[dict[str, Weight]] = {"met": "fine", "unmet": "wrong", "unknown": "warns"}


OwnersOf: TypeAlias = Callable[[str], tuple[str, ...]]
"""Return the owners of a file; :class:`enforcer.owners.Owners` does, and verdicts read no files."""


def nobody(_file: str) -> tuple[str, ...]:
    """Return no owner, where nobody reads CODEOWNERS."""
    return ()


def teams(verdict: Verdict, owners_of: OwnersOf) -> str:
    """Return the owners of the callers' files with their numbers; empty if none has an owner."""
    found = Counter(name for use in verdict.callers for name in owners_of(use.file))
    return ", ".join(f"{visible(name)} {number:,}" for name, number in found.most_common())


def answer(verdict: Verdict) -> str:
    """Return the verdict's name for people: ``can go``."""
    return ANSWERS[verdict.answer]


def reason(verdict: Verdict) -> str:
    """Return why, in one sentence without a full stop."""
    if verdict.can_go:
        quiet = next((one for one in verdict.conditions if one.name == "quiet"), None)
        return quiet.facts[0] if quiet else "all conditions are met"
    return "; ".join(dict.fromkeys(one.facts[0] for one in verdict.deciding))


def sentence(verdict: Verdict) -> str:
    """Return the verdict on a path and why, in one sentence."""
    return f"{verdict.legacy} — {answer(verdict)}: {reason(verdict)}"


def weight(condition: Condition) -> Weight:
    """Return how much a condition matters, shown as a mark."""
    return _WEIGHTS[condition.state]


def style(verdict: Verdict) -> str:
    """Return the style of a verdict on a terminal."""
    if verdict.answer == CAN_GO:
        return "bold green"
    if verdict.answer in (UNKNOWN, UNWATCHED):
        return "bold yellow"
    return "bold red" if verdict.answer in (ASKED_FOR, REFUSED) else "bold"
