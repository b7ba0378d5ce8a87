"""Standing of a rule: in use, silent, never used or not watched, and how many callers are left.

The one definition of these words for reports, pages, verdicts and metrics. It depends on uses in
production and on the period in force, never on a filter.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from enforcer.verdict.case import Case

IN_USE: Final = "in_use"
QUIET: Final = "quiet"
UNUSED: Final = "unused"
UNWATCHED: Final = "unwatched"

STANDINGS: Final = {
    IN_USE: "in use",
    QUIET: "silent",
    UNUSED: "without a use",
    UNWATCHED: "not watched",
}
"""The standings in words for people, from the liveliest to the least known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands.

    Attributes:
        legacy: its legacy path.
        state: ``in_use`` if somebody in production used it within the period in force, ``quiet`` if
            somebody did before, ``unused`` if it was watched without a use, else ``unwatched``.
        left: how many call sites are left: those that used it within the period, also in tests and
            outside of production, because they are to be changed as well.
        last_use: its last use in production, in nanoseconds since the epoch; 0 if there is none.
        period: the period in force, in nanoseconds.

    """

    legacy: str
    state: str
    left: int
    last_use: int
    period: int


def standing_of(case: Case) -> Standing:
    """Return how a rule stands."""
    if case.callers:
        state = IN_USE
    elif case.last_use:
        state = QUIET
    else:
        state = UNUSED if case.coverage.maps_with(case.rule.legacy) else UNWATCHED
    since = case.now - case.left_within
    recent = (one for one in case.rule.uses if one.last_seen >= since)
    # A line that runs in several deployments is one line to change.
    sites = {(one.file, one.line, one.function, one.path, one.mechanism) for one in recent}
    return Standing(case.rule.legacy, state, len(sites), case.last_use, case.period)


def summary(standings: Iterable[Standing]) -> str:
    """Return how many legacy paths are in use, and how the others stand, for people."""
    counts = Counter(one.state for one in standings)
    others = [
        f"{counts[state]:,} {words}"
        for state, words in STANDINGS.items()
        if counts[state] and state != IN_USE
    ]
    number = counts.total()
    noun = "legacy path" if number == 1 else "legacy paths"
    return ", ".join((f"{counts[IN_USE]:,} of {number:,} {noun} in use", *others))
