"""Find the key of an instance in the arguments of a call."""

from enforcer.errors import InstanceError
from enforcer.rules.factory_model import ERROR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from enforcer.rules.factory_model import Instances
    from enforcer.runtime.delegation.parameters import Parameters

MISSING = object()

ABSENT = (AttributeError, KeyError, TypeError)
"""The exceptions by which the inlined look-up of a key falls back on the general one."""

_OF_MAPPINGS = frozenset(dir(dict))


def is_mapping(value: object) -> bool:
    """Return whether a value is a mapping."""
    kind = type(value)
    return hasattr(kind, "keys") and hasattr(kind, "__getitem__")


class Key:
    """A key such as ``user_context.user_id``.

    Its first part is a parameter. Each further part is an attribute, or else an item: of a
    ``dict``, a ``Mapping``, or any other object that accepts the name in brackets. A name that is a
    method of all mappings, such as ``items``, is always an item of a mapping.

    Attributes:
        first: the parameter.
        rest: the parts after it.
        is_direct: whether plain attribute access reaches the key, if it reaches anything.
        index: the parameter's position; -1 if it has none.
        is_required: whether a call without a key is an error.

    """

    __slots__ = ("_default", "_rule", "first", "index", "is_direct", "is_required", "rest")

    def __init__(
        self, rule: "Instances", parameters: "Parameters", defaults: "Mapping[str, object]"
    ) -> None:
        """Find the key's parameter among those of a class or a factory.

        Raises:
            InstanceError: if it has no such parameter.

        """
        self._rule = rule
        self.is_required = rule.missing == ERROR
        self.first, *rest = rule.parts
        self.rest = tuple(rest)
        # Then the wrapper can have the look-up inlined, as attributes; items can't be.
        self.is_direct = not _OF_MAPPINGS.intersection(rest) and all(map(str.isidentifier, rest))
        names = parameters.by_position
        self.index = names.index(self.first) if self.first in names else -1
        self._default = defaults.get(self.first, MISSING)
        if self.first not in parameters.names and not parameters.kwargs:
            message = (
                f'{self._named()}: there is no parameter "{self.first}": it takes {parameters}. '
                "Mend key (instance-key-unknown)"
            )
            raise InstanceError(message)

    def find(self, args: tuple[object, ...], kwargs: "Mapping[str, object]") -> object:
        """Return the key of a call; ``MISSING`` if it has none.

        The caller handles a required key whose parameter was not passed at all.

        Raises:
            InstanceError: if a required key can't be reached or is None, or if any key can't
                be looked up.

        """
        # Passing it twice is a TypeError, which the call itself raises.
        value = kwargs.get(self.first, MISSING)
        if value is MISSING:
            has_place = 0 <= self.index < len(args)
            value = args[self.index] if has_place else self._default
        return value if value is MISSING else self.reach(value)

    def reach(self, value: object) -> object:
        """Return the key that is reached from the parameter's value; see :meth:`find`.

        Raises:
            InstanceError: as there.

        """
        reached = self.first
        for part in self.rest:
            if value is None:
                return self._lacking(reached, "is None")
            found = _part(value, part)
            if found is MISSING:
                kind = type(value).__name__
                return self._lacking(reached, f'is a {kind} without "{part}"')
            value = found
            reached = f"{reached}.{part}"
        if value is None:
            return self._lacking(reached, "is None")
        try:
            # Here the error can name the key; the look-up in a dict could not.
            hash(value)
        except TypeError:
            kind = type(value).__name__
            message = (
                f'{self._named()}: "{reached}" is a {kind}, which can\'t be looked up. '
                "Write a key that is a string or a number (instance-key-unhashable)"
            )
            raise InstanceError(message) from None
        return value

    def not_given(self) -> InstanceError:
        """Return the error for a call that did not pass the parameter itself."""
        return self._missing(self.first, "was not given")

    def _lacking(self, reached: str, why: str) -> object:
        if self.is_required:
            raise self._missing(reached, why)
        return MISSING

    def _missing(self, reached: str, why: str) -> InstanceError:
        return InstanceError(
            f'{self._named()} needs a key, and "{reached}" {why}. Pass one: '
            'there is no instance that all share; with missing = "own" each such call gets one '
            "of its own (instance-key-missing)"
        )

    def _named(self) -> str:
        return f'"{self._rule.canonical}" by "{self._rule.key}"'


def _part(value: object, part: str) -> object:
    # A mapping has the method `items`, and who writes user.items in a rule means the item.
    if not (part in _OF_MAPPINGS and is_mapping(value)):
        found = getattr(value, part, MISSING)
        if found is not MISSING:
            return found
    if hasattr(type(value), "__getitem__"):
        try:
            return value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return MISSING
