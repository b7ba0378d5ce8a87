"""What ``enforcer verdict`` prints: each path with its verdict, its conditions and what to do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from enforcer.output.document import BLANK, CODE, Document, Line, Table
from enforcer.output.words import counted, visible
from enforcer.verdict.model import ANSWERS, Condition, Verdict
from enforcer.verdict.words import (
    CONDITIONS,
    OwnersOf,
    answer,
    nobody,
    reason,
    style,
    teams,
    weight,
)

_WIDTH: Final = max(map(len, CONDITIONS.values()))


def document(
    verdicts: Iterable[Verdict], owners_of: OwnersOf = nobody, *, is_short: bool = False
) -> Document:
    """Yield verdicts for people.

    Args:
        verdicts: what to write.
        owners_of: returns the owners of a caller's file.
        is_short: whether to write one line for each path, without its conditions.

    """
    found = list(verdicts)
    for verdict in found:
        head = (
            (visible(verdict.legacy), CODE),
            ": ",
            (answer(verdict), style(verdict)),
        )
        if is_short:
            yield Line((*head, f" · {reason(verdict)}"))
            continue
        yield Line(head, below=tuple(conditions(verdict, owners_of)))
        yield BLANK
    yield Line(summary(found))


def markdown(verdicts: Iterable[Verdict], owners_of: OwnersOf = nobody) -> Document:
    """Yield verdicts for an issue or a pull request: a table, and the conditions of each path."""
    found = list(verdicts)
    yield Line(f"May it be deleted? {summary(found)}", level=2)
    rows = (
        (((visible(one.legacy), CODE),), ((answer(one), "bold"),), reason(one)) for one in found
    )
    yield Table(("path", "verdict", "why"), tuple(rows))
    for verdict in found:
        head = (("Conditions of ", ""), (visible(verdict.legacy), CODE))
        yield Line(head, below=tuple(conditions(verdict, owners_of)), level=3)


def summary(verdicts: list[Verdict]) -> str:
    """Return how many paths have which verdict."""
    counts = Counter(one.answer for one in verdicts)
    parts = [f"{counts[key]:,} {words}" for key, words in ANSWERS.items() if counts[key]]
    return f"{counted(len(verdicts), 'legacy path')}: {', '.join(parts)}" if parts else "no rule"


def conditions(verdict: Verdict, owners_of: OwnersOf = nobody) -> Iterator[Line]:
    """Yield the conditions of a verdict, the owners of its callers, and what it can't know."""
    for condition in verdict.conditions:
        yield _condition(condition)
    owners = teams(verdict, owners_of)
    if owners:
        yield Line(f"callers in files of {owners}", weight="tells")
    for unknown in verdict.unknowns:
        yield Line(f"can't know: {unknown}", "dim", weight="tells")


def _condition(condition: Condition) -> Line:
    name = CONDITIONS[condition.name].ljust(_WIDTH)
    first, *others = condition.facts
    below = [Line(fact, indent=_WIDTH + 4) for fact in others]
    if condition.act:
        below.append(Line((("→ ", ""), condition.act), indent=_WIDTH + 4))
    return Line(f"{name}  {first}", below=tuple(below), weight=weight(condition))
