"""Description of a retirement with its evidence, for a pull request; and the same as JSON."""

import os
from collections.abc import Iterator
from typing import Any

from enforcer.output.document import BLANK, CODE, STRONG, Document, Line, Words
from enforcer.output.words import counted, first, visible
from enforcer.retirement.legacy_code import ByHand
from enforcer.retirement.retirement import Retirement
from enforcer.rules.stages import REMOVED
from enforcer.verdict.model import Verdict
from enforcer.verdict.sections import conditions
from enforcer.verdict.words import OwnersOf, answer

MOST_PLACES = 30
"""How many places to look at by hand are shown; JSON has all of them."""


def document(
    verdict: Verdict, retirement: Retirement | None, forced: str, owners_of: OwnersOf
) -> Document:
    """Yield the title, the evidence, what changes, and what is left for a person.

    Args:
        verdict: the verdict.
        retirement: the change; None if there is none, because the answer is no.
        forced: why it is done without a yes, or empty.
        owners_of: returns the owners of a caller's file.

    """
    if retirement is not None:
        what = "Remove the rule of " if retirement.rule.stage == REMOVED else "Remove "
        yield Line((what, (retirement.rule.legacy, CODE)), STRONG, level=1)
        yield from _moved(retirement)
        yield BLANK
    yield from _evidence(verdict, forced, owners_of)
    if retirement is not None:
        yield BLANK
        yield Line("Changes", STRONG, level=2, below=tuple(map(Line, _changes(retirement))))
        if retirement.by_hand:
            places = tuple(_place(one, retirement) for one in retirement.by_hand)
            yield BLANK
            yield Line("To look at by hand", STRONG, level=2, below=tuple(_first(places)))


def _moved(retirement: Retirement) -> Iterator[Line]:
    rule = retirement.rule
    words: Words = ((visible(rule.legacy), CODE), " moved to ", (visible(rule.canonical), CODE))
    reason = f": {visible(rule.reason)}" if rule.reason else ""
    since = f". Deprecated since {rule.since}" if rule.since else ""
    yield Line((*words, f"{reason}{since}."))


def _evidence(verdict: Verdict, forced: str, owners_of: OwnersOf) -> Document:
    if forced:
        yield Line(f"Forced: {visible(forced)}", "bold yellow", level=2)
    words: Words = ("Verdict on ", (visible(verdict.legacy), CODE), f": {answer(verdict)}")
    below = tuple(conditions(verdict, owners_of))
    yield Line(words, STRONG, level=0 if forced else 2, below=below)


def _changes(retirement: Retirement) -> Iterator[str]:
    rule, changes = retirement.rule, retirement.changes
    if rule.stage == REMOVED:
        yield "the rule leaves the map: nobody asks for the path any more"
        return
    deleted = [changes.name_of(file) for file in changes.deleted]
    yield from (f"{visible(name)} is deleted" for name in first(deleted, MOST_PLACES, "file"))
    if retirement.definition is not None:
        name = rule.legacy.partition(":")[2]
        yield f"{visible(name)} is no longer defined in {changes.name_of(retirement.definition)}"
    yield "the rule's stage is removed: whoever still asks for the path is told the new one"
    for path in retirement.factories:
        yield f"the factory {visible(path)} leaves the map with its module"
    if retirement.entries:
        yield f"{counted(retirement.entries, 'entry', 'entries')} of the baseline removed"
    if retirement.exemptions:
        yield f"{counted(retirement.exemptions, 'exemption')} removed"
    if retirement.mentions:
        yield f"{counted(retirement.mentions, 'mention')} in docs and comments rewritten"


def _place(one: ByHand, retirement: Retirement) -> Line:
    name = visible(retirement.changes.name_of(one.file))
    return Line((((f"{name}:{one.line}" if one.line else name), CODE), f": {visible(one.reason)}"))


def _first(lines: tuple[Line, ...]) -> Iterator[Line]:
    yield from lines[:MOST_PLACES]
    rest = len(lines) - MOST_PLACES
    if rest > 0:
        yield Line(f"and {counted(rest, 'more place')}")


def record(
    verdict: Verdict, retirement: Retirement | None, forced: str, *, written: bool
) -> dict[str, Any]:
    """Return a retirement for JSON; fields are only ever added."""
    found: dict[str, Any] = {
        "verdict": verdict.answer,
        "can_go": verdict.can_go,
        "conditions": [
            {"name": one.name, "state": one.state, "facts": list(one.facts), "act": one.act}
            for one in verdict.conditions
        ],
        "forced": forced,
        "written": written,
    }
    if retirement is not None:
        changes = retirement.changes
        found |= {
            "deleted": [changes.name_of(file) for file in changes.deleted],
            "changed": [
                changes.name_of(file) for file in changes.files if file not in changes.deleted
            ],
            "diff": list(changes.diff()),
            "by_hand": [
                {
                    "file": os.path.relpath(one.file, changes.top).replace(os.sep, "/"),
                    "line": one.line,
                    "reason": one.reason,
                }
                for one in retirement.by_hand
            ],
        }
    return found
