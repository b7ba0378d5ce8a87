"""The six invariants of a verification, and the result of each."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Result of one invariant."""

    PASSED = "passed"
    VIOLATED = "violated"
    UNVERIFIED = "not verified"
    """Something could not be tried, so that it is unknown whether the invariant holds."""
    NOTHING = "nothing to verify"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A property that has to hold for every canonical object.

    Attributes:
        slug: its name for programs.
        category: its name for people.
        severity: ``critical``, ``high`` or ``medium``.
        demand: what has to hold.
        impact: what happens if it does not.

    """

    slug: str
    category: str
    severity: str
    demand: str
    impact: str


IMPORT_PATHS: Final = Invariant(
    "import-paths",
    "Import paths",
    "critical",
    "every import path leads to the canonical object",
    "There is more than one of what should be one: callers of one path don't see what callers "
    "of another one do.",
)
INSTANCES: Final = Invariant(
    "instances",
    "Instances",
    "critical",
    "one key has one instance, whichever path it is asked for on",
    "What one part of the program sets, another one reads from an instance that knows nothing "
    "of it: events are lost, or come twice.",
)
FACTORIES: Final = Invariant(
    "factories",
    "Factories",
    "high",
    "every legacy factory delegates to the canonical one",
    "Who calls the legacy factory gets something that nobody else has.",
)
SERVICES: Final = Invariant(
    "services",
    "Services",
    "high",
    "every module that uses a legacy path gets the one class, and its one instance",
    "Parts of the program that should work together work on objects of their own.",
)
SHARING: Final = Invariant(
    "sharing",
    "Sharing",
    "medium",
    "threads and tasks share the instance of a key, and no two keys share one",
    "Concurrent requests race for instances, or one user sees another one's data.",
)
DEFINITIONS: Final = Invariant(
    "definitions",
    "Definitions",
    "medium",
    "every class has one definition that runs",
    "isinstance() and except fail between two classes that look the same; a mend of one is no "
    "mend of the other.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Observation of one path, service, factory or key.

    Attributes:
        path: what was looked at.
        outcome: whether the invariant holds for it.
        seen: what was seen.
        cause: a summary that many paths may share; empty if that is ``seen``.
        impact: the consequence if violated; empty for the invariant's.

    """

    path: str
    outcome: Outcome
    seen: str
    cause: str = ""
    impact: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one invariant, with its cases.

    Attributes:
        invariant: the invariant.
        summary: what was seen, on one line.
        cases: the observations.

    """

    invariant: Invariant
    summary: str
    cases: tuple[Case, ...] = ()

    @property
    def impacts(self) -> tuple[str, ...]:
        """Return the consequences of its violations, each once."""
        violated = (case for case in self.cases if case.outcome == Outcome.VIOLATED)
        return tuple(dict.fromkeys(case.impact or self.invariant.impact for case in violated))

    @property
    def outcome(self) -> Outcome:
        """Return the worst outcome of the cases."""
        found = {case.outcome for case in self.cases}
        for outcome in (Outcome.VIOLATED, Outcome.UNVERIFIED, Outcome.PASSED):
            if outcome in found:
                return outcome
        return Outcome.NOTHING


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification.

    Attributes:
        map_file: path of the migration map.
        root: the folder of own code.
        is_enforced: whether the enforcer was enabled.
        results: one for each invariant.

    """

    map_file: str
    root: str
    is_enforced: bool
    results: tuple[Result, ...]

    @property
    def holds(self) -> bool:
        """Return whether nothing was violated, and everything could be verified."""
        bad = (Outcome.VIOLATED, Outcome.UNVERIFIED)
        return all(result.outcome not in bad for result in self.results)
