"""Stages for a part of the fleet: the tables ``[[stage]]`` of a map.

A host has a number from 0 to 100, and a table with ``percent = 10`` applies on hosts whose number
is below 10. So a share that grows keeps its hosts, and a smaller share is always a subset of a
larger one, also of another table. The number is a hash of the host's name: nothing is stored, drawn
or requested, and all processes of a host decide alike.
"""

from enforcer.record import Record
from enforcer.rules.model import TREE_SUFFIX, covers_path
from enforcer.rules.regular_files import digest
from enforcer.rules.stages import STAGES, STRICT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHOLE = 100
"""The share of all hosts, in percent."""

_DIGITS = 16  # 64 bits
_MARK = "on:"


class Place:
    """Where a process runs, as far as rollouts depend on it.

    Attributes:
        host: the host's name; see :func:`enforcer.recording.process.host_name`.
        service: the service, or empty.
        environment: where it is deployed (``production``), or empty.
        number: the host's number, at least 0 and below 100.

    """

    __slots__ = ("environment", "host", "number", "service")

    def __init__(self, host: str, service: str = "", environment: str = "") -> None:
        """Compute the host's number."""
        self.host = host
        self.service = service
        self.environment = environment
        self.number = number_of(host)

    def __repr__(self) -> str:
        return f"<Place {self.host} at {self.number:.2f} %>"


class Rollout(Record):
    """Another stage of rules in a part of the fleet: one table ``[[stage]]``.

    Attributes:
        path: a legacy path, with all paths below it; empty for every rule.
        service: the service in which it applies; empty for all.
        environment: the environment in which it applies; empty for all.
        percent: the share of the hosts, from 0 to 100.
        stage: the stage of its rules there; empty to leave it unchanged.
        refuse: whether strict rules refuse there; None to leave it unchanged.
        line: its line in the map's file, from 1.

    """

    path: str = ""
    service: str = ""
    environment: str = ""
    percent: float = WHOLE
    stage: str = ""
    refuse: bool | None = None
    line: int = 0

    def fields(self) -> "dict[str, object]":
        """Return its fields as plain values, for a cache."""
        return {name: getattr(self, name) for name in type(self).__slots__}

    def __repr__(self) -> str:
        return f"<Rollout of {self.path or 'all rules'} to {self.stage} on {self.percent} %>"

    def covers(self, path: str) -> bool:
        """Return whether it applies to the rule with a legacy path."""
        return not self.path or covers_path(self.path, path.removesuffix(TREE_SUFFIX))

    def holds_at(self, place: Place) -> bool:
        """Return whether it applies in the processes of a place."""
        return (
            place.number < self.percent
            and self.service in ("", place.service)
            and self.environment in ("", place.environment)
        )

    @property
    def is_everywhere(self) -> bool:
        """Whether it applies in every process."""
        return not self.service and not self.environment and self.percent >= WHOLE

    def hides(self, earlier: "Rollout") -> bool:
        """Return whether an earlier table has no effect beside this one, in any process."""
        return (
            (not self.path or (bool(earlier.path) and self.covers(earlier.path)))
            and self.service in ("", earlier.service)
            and self.environment in ("", earlier.environment)
            and self.percent >= earlier.percent
            and bool(self.stage or not earlier.stage)
            and (self.refuse is not None or earlier.refuse is None)
        )

    def apply(self, stage: str, *, refuse: bool) -> tuple[str, bool]:
        """Return the stage of a rule to which it applies, and whether a strict rule refuses."""
        return self.stage or stage, refuse if self.refuse is None else self.refuse


def number_of(host: str) -> float:
    """Hash the name of a host to its number, at least 0 and below 100.

    The hash is CPython's own for ``.pyc`` files (SipHash), which is the same in all versions from
    3.11 to 3.15 and on all machines. If it changed, all hosts would get other numbers, so a test
    checks the numbers of some.
    """
    hashed = digest(host.encode("utf-8", "surrogateescape"))
    return int(hashed[:_DIGITS], 16) * WHOLE / (1 << 4 * _DIGITS)


def decide(
    rollouts: "Iterable[Rollout]",
    path: str,
    stage: str,
    *,
    refuse: bool,
    place: "Place | None",
) -> tuple[str, bool]:
    """Return the stage of a rule, and whether it refuses if it is strict.

    Of the tables that apply, the last one decides.

    Args:
        rollouts: the tables, in the order of the map.
        path: the legacy path of the rule.
        stage: the rule's own stage.
        refuse: whether the rule itself refuses.
        place: where the process runs. None for the hardest stage of any process of the fleet,
            which commands that read the source assume on every machine.

    """
    if place is None:
        return _hardest([one for one in rollouts if one.covers(path)], stage, refuse=refuse)
    for rollout in rollouts:
        if rollout.holds_at(place) and rollout.covers(path):
            stage, refuse = rollout.apply(stage, refuse=refuse)
    return stage, refuse


def _hardest(rollouts: "Iterable[Rollout]", stage: str, *, refuse: bool) -> tuple[str, bool]:
    possible = {(stage, refuse)}
    for rollout in rollouts:
        then = {rollout.apply(had, refuse=refused) for had, refused in possible}
        # Where it holds in a part of the fleet only, the rest stays as it was: both are possible.
        possible = then if rollout.is_everywhere else possible | then
    return max(possible, key=_hardness)


def _hardness(answer: tuple[str, bool]) -> tuple[int, bool]:
    stage, refuse = answer
    level = STAGES.index(stage)
    # A rule that does not refuse is at most as hard as a strict one that does not.
    return (level if refuse else min(level, STAGES.index(STRICT))), refuse


def identity_of(rollouts: "Sequence[Rollout]", place: "Place | None") -> str:
    """Return the tables that apply, as a part of the identity of a map: ``on:0,2``."""
    return f"{_MARK}{','.join(map(str, holding(rollouts, place)))}"


def family_of(identity: str) -> str:
    """Return the identity of a map without the tables that apply."""
    return " ".join(part for part in identity.split(" ") if not part.startswith(_MARK))


def holding(rollouts: "Sequence[Rollout]", place: "Place | None") -> tuple[int, ...]:
    """Return the positions of the tables that apply at a place; all of them without one."""
    if place is None:
        return tuple(range(len(rollouts)))
    return tuple(index for index, one in enumerate(rollouts) if one.holds_at(place))
