"""``Proposal``: a rule that evidence suggests, before it is in a map. No input or output here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from enforcer.rules.model import FACTORY, NAME, TREE_SUFFIX
from enforcer.rules.paths import kind_of

Source = Literal["given", "shim", "git", "paths"]

GIVEN: Final = "given"
SHIM: Final = "shim"
GIT: Final = "git"
PATHS: Final = "paths"

SHIM_CAN_GO: Final = "the shim can be deleted once the rule is in stage alias"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One rule or factory that a map could have.

    Attributes:
        legacy: the legacy path, as a map writes it.
        canonical: the canonical path.
        source: where it comes from.
        evidence: sentences on what was found, without a full stop.
        is_factory: whether it becomes a ``[[factory]]``.
        names: legacy name → canonical name, where those differ.
        arguments: of a factory, legacy parameter → canonical parameter.
        implementation: whether the implementation is still at the legacy path.
        since: ISO date of the move, or empty.
        objection: why it must not be in force yet; empty if it may be.

    """

    legacy: str
    canonical: str
    source: Source
    evidence: tuple[str, ...] = ()
    is_factory: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    implementation: bool = False
    since: str = ""
    objection: str = ""

    @property
    def kind(self) -> str:
        """Return ``module``, ``tree``, ``name`` or ``factory``."""
        return FACTORY if self.is_factory else kind_of(self.legacy)

    @property
    def module(self) -> str:
        """Return the dotted path of the legacy module, or the top of a tree."""
        return module_of(self.legacy)

    @property
    def is_of_name(self) -> bool:
        """Return whether it concerns one name of a module."""
        return self.kind in (NAME, FACTORY)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found in one place, and what could not be read there.

    Attributes:
        proposals: the rules that it suggests.
        notes: what a person should know: parts that were not read, moves that no rule can express.

    """

    proposals: tuple[Proposal, ...] = ()
    notes: tuple[str, ...] = ()


def module_of(path: str) -> str:
    """Return the dotted path of the module in a path of a map."""
    return path.removesuffix(TREE_SUFFIX).partition(":")[0]
