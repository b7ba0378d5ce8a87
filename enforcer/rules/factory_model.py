"""Entries of the map beyond aliases: factories that delegate, and one instance for each key.

Plain classes with slots instead of dataclasses: rules are created while a module is imported.
"""

from enforcer.rules.model import FACTORY, INSTANCES, Rule
from enforcer.rules.stages import ALIAS, OBSERVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WEAK = "weak"
STRONG = "strong"

ERROR = "error"
OWN = "own"


class Factory(Rule):
    """A legacy factory whose calls a canonical one answers.

    It has all attributes of a rule; ``name`` and ``target_name`` may be dotted, for a method of a
    class.

    Attributes:
        arguments: legacy parameter → canonical parameter; an empty one is left out.
        adapter: ``module:function`` that is called instead, with the legacy arguments, or empty.

    """

    __slots__ = ("adapter", "arguments")

    def __init__(
        self,
        legacy: str,
        canonical: str,
        *,
        arguments: "Mapping[str, str] | None" = None,
        adapter: str = "",
        **fields: "Any",  # noqa: ANN401 - those of a rule
    ) -> None:
        """Split the paths; nothing is validated here (see ``factory_table``)."""
        super().__init__(legacy, canonical, **fields)
        self.kind = FACTORY
        self.arguments = dict(arguments or {})
        self.adapter = adapter

    @property
    def answering(self) -> str:
        """The path of the function that is called: the adapter, or the canonical factory."""
        return self.adapter or self.canonical


class Instances:
    """A canonical class or factory of which there is one instance for each key.

    Attributes:
        canonical: the class or factory as written: ``package.module:Name``.
        kind: ``instances``.
        module: dotted path of its module.
        name: its name there; may be dotted.
        key: the path of the key in the arguments, such as ``user_context.user_id``.
        maximum: how many instances there may be at a time; 0 if there is no limit.
        missing: the result of a call without a key: ``error``, or ``own``, an instance that is
            not kept.
        hold: ``weak`` if an instance is released with its last user, ``strong`` if it stays.
        stage: in ``observe`` nothing is kept; all other stages are equal.
        reason: why, for people.
        owner: the responsible person or team, or empty.
        link: where to read more, or empty.
        sample: ``module:function`` that returns arguments for a key, or empty; called by
            ``enforcer verify`` only.
        line: the line in the map's file, from 1; 0 if it came from elsewhere.

    """

    __slots__ = (
        "canonical",
        "hold",
        "key",
        "kind",
        "line",
        "link",
        "maximum",
        "missing",
        "module",
        "name",
        "owner",
        "reason",
        "sample",
        "stage",
    )

    def __init__(  # noqa: PLR0913 - one parameter for each key of the map
        self,
        canonical: str,
        key: str,
        *,
        maximum: int = 0,
        hold: str = WEAK,
        missing: str = ERROR,
        stage: str = ALIAS,
        reason: str = "",
        owner: str = "",
        link: str = "",
        sample: str = "",
        line: int = 0,
    ) -> None:
        """Set the fields; nothing is validated here (see ``factory_table``)."""
        self.canonical = canonical
        self.kind = INSTANCES
        self.module, _, self.name = canonical.partition(":")
        self.key = key
        self.maximum = maximum
        self.hold = hold
        self.missing = missing
        self.stage = stage
        self.reason = reason
        self.owner = owner
        self.link = link
        self.sample = sample
        self.line = line

    def __repr__(self) -> str:
        return f"<Instances {self.canonical} by {self.key}>"

    def applies(self) -> bool:
        """Return whether instances are kept in its stage."""
        return self.stage != OBSERVE

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the key: a parameter, then attributes or items."""
        return tuple(self.key.split("."))
