"""The data of verdicts: evidence that goes in, conditions and the verdict that come out.

All times are in nanoseconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from enforcer.findings import RecordedScan
from enforcer.store.queries import (
    DeployedUses,
    LostUses,
    ProcessLife,
    ProcessNotice,
    UsePause,
    WatchedMap,
)

# The nine verdicts.
ASKED_FOR: Final = "asked_for"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"
UNWATCHED: Final = "unwatched"
IN_USE: Final = "in_use"
THIRD_PARTIES: Final = "third_parties"
TESTS: Final = "tests"
NAMED: Final = "named"
CAN_GO: Final = "can_go"

ANSWERS: Final = {
    ASKED_FOR: "deleted but still asked for",
    REFUSED: "refused callers",
    UNKNOWN: "can't tell",
    UNWATCHED: "not watched",
    IN_USE: "in use",
    THIRD_PARTIES: "only third parties",
    TESTS: "only tests",
    NAMED: "silent but still named in source",
    CAN_GO: "can go",
}
"""The verdicts in the order in which the first that matches is given, in words for people."""

State = Literal["met", "unmet", "unknown"]

MET: Final = "met"
UNMET: Final = "unmet"
NOT_KNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class RuleEvidence:
    """What is known of one rule.

    Attributes:
        legacy: its legacy path, as written in the map.
        canonical: the path that replaces it.
        kind: ``module``, ``tree``, ``name`` or ``factory``.
        stage: its stage in the map.
        owner: who owns the migration, or empty.
        quiet_for: how long it has to be quiet, instead of the map's; 0 for the map's.
        removed_on: when it was deleted; 0 if unknown.
        remove_after: ISO date after which it may be deleted, or empty.
        keeps_own_code: whether its own code still runs: it is the implementation, or a fallback.
        uses: its uses of all time, in any environment.
        pauses: the pauses of its callers; only read of a rule that may be quiet.

    """

    legacy: str
    canonical: str = ""
    kind: str = "module"
    stage: str = "alias"
    owner: str = ""
    quiet_for: int = 0
    removed_on: int = 0
    remove_after: str = ""
    keeps_own_code: bool = False
    uses: tuple[DeployedUses, ...] = ()
    pauses: tuple[UsePause, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetEvidence:
    """What is known of the processes, the losses and the source, for all rules.

    Attributes:
        lives: the processes, in the order in which they were first written.
        maps: the sets of rules that services watched, since ever.
        rules: the legacy paths in each set of rules, by digest.
        notices: notices that mean that uses may be missing.
        lost: uses that were lost, by hour and service.
        set_aside: damaged stores that were set aside, and when.
        not_enabled: when processes named a map and were not enabled, and why.
        scan: the newest recorded scan of the source, or None.

    """

    lives: tuple[ProcessLife, ...] = ()
    maps: tuple[WatchedMap, ...] = ()
    rules: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notices: tuple[ProcessNotice, ...] = ()
    lost: tuple[LostUses, ...] = ()
    set_aside: tuple[tuple[str, int], ...] = ()
    not_enabled: tuple[tuple[int, str], ...] = ()
    scan: RecordedScan | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that verdicts depend on, read at one time from one snapshot of a store.

    Attributes:
        rules: the rules, in the order of the map.
        fleet: the facts that concern all rules.

    """

    rules: tuple[RuleEvidence, ...] = ()
    fleet: FleetEvidence = FleetEvidence()


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the six conditions, with its evidence.

    Attributes:
        name: ``source``, ``installed``, ``quiet``, ``watched``, ``maps`` or ``complete``.
        state: ``met``, ``unmet``, or ``unknown`` if the evidence is missing.
        facts: the evidence, a sentence each; the first one is the most important.
        act: what would turn it, as a sentence or a command; empty if it is met.
        answer: the verdict if this condition decides; empty if it is met.

    """

    name: str
    state: State
    facts: tuple[str, ...]
    act: str = ""
    answer: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it does not stand in the way."""
        return self.state == MET


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one rule, and why.

    Attributes:
        legacy: the rule's legacy path.
        answer: one of :data:`ANSWERS`.
        conditions: the six conditions, in their order.
        period: the period in force, in nanoseconds.
        since: since when nobody in production used it, as far as is known: its last use there, or
            when the first process began to watch it; 0 if neither is known.
        last_use: the last use in production; 0 if there is none.
        callers: the call sites in production whose last use is within the period.
        unknowns: what the verdict can't know, a sentence each; they don't change it.
        proposed: the services to name in ``expected_services``, if the map names none.
        rule: the evidence of the rule.
        state: its standing: ``in_use``, ``quiet``, ``unused`` or ``unwatched``; see
            :mod:`enforcer.verdict.standing`.
        left: how many call sites are left to change.
        left_within: how long after its last use a call site counts as left, in nanoseconds.

    """

    legacy: str
    answer: str
    conditions: tuple[Condition, ...]
    period: int
    since: int
    last_use: int
    callers: tuple[DeployedUses, ...] = ()
    unknowns: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    rule: RuleEvidence = RuleEvidence("")
    state: str = ""
    left: int = 0
    left_within: int = 0

    @property
    def can_go(self) -> bool:
        """Whether the path can be deleted."""
        return self.answer == CAN_GO

    @property
    def deciding(self) -> tuple[Condition, ...]:
        """The conditions that lead to the answer; empty if it can go."""
        return tuple(one for one in self.conditions if one.answer == self.answer)
