"""Index of the facts of a verification, and helpers to describe them."""

from collections.abc import Iterable, Sequence
from typing import Final

from enforcer.source.resolution import Site
from enforcer.verification.facts import FIRST, MAIN, Called, Defined, Delegated, Fact, Job, Looked
from enforcer.verification.model import Case, Outcome
from enforcer.verification.source_facts import InSource

NOBODY: Final = "nobody saw it"

_MOST_PLACES: Final = 3


class Seen:
    """Facts by path.

    Attributes:
        job: the job of the child process.
        called: every call.
        main: the first call of each path, in the main thread.
        why_not: for each legacy factory why it does not delegate; empty if it does.
        defined: the classes that aliased modules defined.
        source: the findings in the source; empty if the enforcer was not enabled.

    """

    def __init__(self, job: Job, facts: Iterable[Fact], source: InSource | None = None) -> None:
        """Index the facts."""
        self.source = source or InSource()
        facts = tuple(facts)
        self.job = job
        self._looked = {fact.path: fact for fact in facts if isinstance(fact, Looked)}
        self.called = [fact for fact in facts if isinstance(fact, Called)]
        self.why_not = {f.path: f.why_not for f in facts if isinstance(f, Delegated)}
        self.defined = [fact.path for fact in facts if isinstance(fact, Defined)]
        self.main = {
            call.path: call for call in self.called if (call.context, call.key) == (MAIN, FIRST)
        }

    def look(self, path: str) -> Looked:
        """Return what a path leads to."""
        return self._looked.get(path, Looked(path, error=NOBODY))


def dotted(path: str) -> str:
    """Return a path with dots only."""
    return path.rstrip(":").replace(":", ".")


def sites(places: Sequence[Site]) -> str:
    """Return the first places as text, and how many more there are."""
    shown = ", ".join(map(str, places[:_MOST_PLACES]))
    more = len(places) - _MOST_PLACES
    return f"{shown} and {more:,} more" if more > 0 else shown


def last(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition(".")[2]


def count(cases: Iterable[Case], outcome: Outcome) -> int:
    """Count the cases with an outcome."""
    return sum(case.outcome == outcome for case in cases)
