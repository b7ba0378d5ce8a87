"""Compare a legacy factory with the canonical one, and plan how arguments are passed on.

Arguments are always passed by name, so none can be bound to another parameter. An argument without
a counterpart in the canonical factory is a mismatch: such a delegation is refused.
"""

from enforcer.record import Record
from enforcer.runtime.delegation.parameters import ASYNC, SYNC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from enforcer.runtime.delegation.parameters import Parameters

ASYNC_MISMATCH = "async-mismatch"


class Mismatch(Record):
    """The reason why a delegation is refused.

    Attributes:
        slug: the name of the section of ``docs/messages.md`` that explains it.
        message: what is wrong, as a sentence.
        remedy: what to do, as a sentence.

    """

    slug: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} {self.remedy} ({self.slug})"


class Plan:
    """Translates the arguments of a legacy call for the canonical factory.

    Attributes:
        targets: legacy parameter → canonical parameter; empty for one that is left out.
        canonical: the parameters of the canonical factory.
        renamed: the same for keywords that a legacy ``**kwargs`` accepts.

    """

    __slots__ = ("_omits", "_positional", "canonical", "renamed", "targets")

    def __init__(
        self, legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
    ) -> None:
        """Plan for two factories without mismatches."""
        self.canonical = canonical
        self.renamed = arguments
        self.targets = {name: arguments.get(name, name) for name in legacy.names}
        self._positional = canonical.by_position if legacy.args else canonical.positional_only
        # An argument that the caller left out is left out again if its default means "no value",
        # so that the canonical factory's own default applies.
        self._omits = frozenset(
            old
            for old, new in self.targets.items()
            if old in legacy.optional and (new in canonical.optional or not _takes(canonical, new))
        )

    def hand_over(
        self,
        values: "Mapping[str, object]",
        args: tuple[object, ...],
        kwargs: "Mapping[str, object]",
        defaults: "Mapping[str, object]",
    ) -> tuple[list[object], dict[str, object]]:
        """Return the arguments for the canonical factory, by position and by name.

        Args:
            values: the legacy parameters, with defaults filled in.
            args: the values of the legacy ``*args``.
            kwargs: the values of the legacy ``**kwargs``.
            defaults: the legacy defaults.

        """
        named: dict[str, object] = {}
        for old, value in values.items():
            new = self.targets[old]
            if new and not (old in self._omits and _says_nothing(value, defaults.get(old))):
                named[new] = value
        for old, value in kwargs.items():
            new = self.renamed.get(old, old)
            if new:
                named[new] = value
        positional: list[object] = []
        for name in self._positional:
            if name not in named:
                break
            positional.append(named.pop(name))
        return [*positional, *args], named


def _says_nothing(value: object, default: object) -> bool:
    """Return whether a value is a default that means "no value": None, or a bare object."""
    return value is default and (value is None or type(value) is object)


def _takes(canonical: "Parameters", name: str) -> bool:
    return name in canonical.names


def mismatches(
    legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
) -> "list[Mismatch]":
    """Return all reasons to refuse a delegation.

    Args:
        legacy: the parameters of the legacy factory.
        canonical: those of the canonical one.
        arguments: legacy parameter → canonical parameter, as the map has it.

    """
    found = [*_unknown(legacy, canonical, arguments), *_without_place(legacy, canonical, arguments)]
    found += _by_position(legacy, canonical, arguments)
    if not found:
        found += _not_given(legacy, canonical, arguments)
    return found + async_mismatch(legacy.form, canonical.form)


def async_mismatch(
    legacy: str, canonical: str, what: str = "the canonical factory"
) -> list[Mismatch]:
    """Return the reason to refuse a delegation from one form to another, if there is one."""
    if canonical in (SYNC, legacy):
        return []
    if legacy == SYNC:
        gives = "a coroutine" if canonical == ASYNC else "an async generator"
        message = f"the legacy factory is sync and {what} is async: its callers would get {gives}."
        remedy = "Write an adapter that is sync, or delegate to a sync factory."
    else:
        message = f"the legacy factory is {legacy} and {what} is {canonical}."
        remedy = "Write an adapter of the legacy form."
    return [Mismatch(ASYNC_MISMATCH, message, remedy)]


def _unknown(
    legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
) -> "Iterator[Mismatch]":
    for old, new in arguments.items():
        if old not in legacy.names and not legacy.kwargs:
            yield Mismatch(
                "unknown-argument",
                f'arguments: the legacy factory has no parameter "{old}": it is {legacy}.',
                "Mend arguments.",
            )
        elif new and new not in canonical.names and not canonical.kwargs:
            yield Mismatch(
                "unknown-argument",
                f'arguments: the canonical factory has no parameter "{new}": it is {canonical}.',
                "Mend arguments.",
            )


def _without_place(
    legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
) -> "Iterator[Mismatch]":
    """Find legacy parameters that the canonical factory lacks under every name."""
    fed = {arguments.get(name, name) for name in legacy.names}
    for old in legacy.names:
        if old in arguments or old in canonical.names:
            continue
        if canonical.kwargs and old not in legacy.positional_only:
            continue
        other = _in_its_place(old, legacy, canonical)
        remedy = (
            f'Write arguments = {{ {old} = "…" }} with its canonical name, '
            f'{old} = "" to leave it out, or an adapter.'
        )
        if other and other not in fed:
            yield Mismatch(
                "argument-in-wrong-place",
                f'"{old}" would be passed as "{other}": the legacy factory is {legacy}, '
                f"the canonical one {canonical}.",
                remedy,
            )
        else:
            yield Mismatch(
                "argument-not-taken",
                f'"{old}" has no place in the canonical factory: the legacy one is {legacy}, '
                f"the canonical one {canonical}.",
                remedy,
            )


def _in_its_place(name: str, legacy: "Parameters", canonical: "Parameters") -> str:
    """Return the canonical parameter at the position of a legacy one."""
    if name not in legacy.by_position:
        return ""
    index = legacy.by_position.index(name)
    return canonical.by_position[index] if index < len(canonical.by_position) else ""


def _by_position(
    legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
) -> "Iterator[Mismatch]":
    """Refuse a legacy ``*args`` unless the canonical one begins at the same position."""
    if not legacy.args:
        return
    targets = tuple(arguments.get(name, name) for name in legacy.by_position)
    if canonical.args and targets == canonical.by_position:
        return
    yield Mismatch(
        "argument-in-wrong-place",
        f'nobody can tell what "*{legacy.args}" means to the canonical factory: '
        f"the legacy one is {legacy}, the canonical one {canonical}.",
        "Write an adapter.",
    )


def _not_given(
    legacy: "Parameters", canonical: "Parameters", arguments: "Mapping[str, str]"
) -> "Iterator[Mismatch]":
    """Find required canonical parameters for which no legacy parameter provides a value."""
    if legacy.kwargs:
        return
    fed = {arguments.get(name, name) for name in legacy.names}
    for name in canonical.names:
        if name not in canonical.optional and name not in fed:
            yield Mismatch(
                "argument-missing",
                f'nothing gives "{name}", which the canonical factory needs: '
                f"the legacy one is {legacy}, the canonical one {canonical}.",
                f'Write arguments = {{ … = "{name}" }}, or an adapter.',
            )
