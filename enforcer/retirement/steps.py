"""The steps of rules: a rule's stage in the map, the next one, and what stands in its way."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from enforcer.output.words import visible
from enforcer.rules.environment import trusted_environment
from enforcer.rules.loader import REFUSE_KEY, load_map
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.stages import ENVIRONMENT_KEY, REMOVED, STAGES, STRICT
from enforcer.verdict.model import Verdict

if TYPE_CHECKING:
    from enforcer.rules.rollout import Rollout

DRY_RUN: Final = "strict (dry run)"


@dataclass(frozen=True, slots=True, order=True)
class Obstacle:
    """One reason why a rule can't have its next stage: somebody whom it would break, or a doubt.

    Attributes:
        file: the caller's file; empty if no single one is meant.
        line: the line there, from 1; 0 if there is none.
        kind: a kind of finding of the gate or of the check, or one of this module's.
        message: what it is, without a full stop.
        owners: the owners of the file.

    """

    file: str
    line: int
    kind: str
    message: str
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Format it for people: the place, its owners, and what would break there."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        team = f" · {' '.join(self.owners)}" if self.owners else ""
        return visible(f"{where}: {self.message}{team}" if where else self.message)


@dataclass(frozen=True, slots=True)
class Step:
    """The next stage of a rule.

    Attributes:
        rule: the rule, in the stage that the map has for it.
        stage: its own stage in the map: ``strict (dry run)`` if it is strict and refuses nobody.
        following: the next stage; empty if there is none.
        obstacles: whom it would break, and what is not known; sorted.
        notes: facts that do not stand in the way.
        verdict: whether its path can be deleted; None if that is not judged.

    """

    rule: Rule
    stage: str
    following: str
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None

    @property
    def is_possible(self) -> bool:
        """Return whether the rule can have its next stage."""
        return bool(self.following) and not self.obstacles


def own_stages(path: str) -> MigrationMap:
    """Load a map whose rules have the stages that are written in it.

    Neither the environment nor a table ``[[stage]]`` changes them.
    """
    migration_map = load_map(path, environ=_environment())
    migration_map.rollouts = ()
    return migration_map


def rollouts_of(path: str) -> "tuple[Rollout, ...]":
    """Return the tables ``[[stage]]`` of a map."""
    return load_map(path, environ=_environment()).rollouts


def _environment() -> dict[str, str]:
    # These variables override the stages of one process, and not what the map says.
    environ = trusted_environment()
    return {
        key: value for key, value in environ.items() if key not in (ENVIRONMENT_KEY, REFUSE_KEY)
    }


def stage_of(rule: Rule) -> str:
    """Return the stage of a rule for people; a dry run is a step of its own."""
    return DRY_RUN if rule.stage == STRICT and not rule.refuse else rule.stage


def next_stage(rule: Rule) -> str:
    """Return the stage after a rule's own; empty after the last."""
    if rule.stage == STRICT and not rule.refuse:
        return STRICT
    if rule.stage == REMOVED:
        return ""
    return STAGES[STAGES.index(rule.stage) + 1]
