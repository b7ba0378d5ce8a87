"""Arguments for a call that asks for the instance of a key."""

import importlib
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from enforcer.runtime.delegation.calls import parameters_of
from enforcer.runtime.delegation.parameters import Parameters
from enforcer.verification.facts import Sampled

Values = Mapping[str, object]
"""Parameter → argument."""


class UntriedError(Exception):
    """A path can't be called, and why."""


class Sample(SimpleNamespace):
    """A key where a rule for instances looks for it, as an attribute and as an item."""

    def __getitem__(self, name: str) -> object:
        """Return an attribute by its name."""
        try:
            return vars(self)[name]
        except KeyError:
            raise KeyError(name) from None


def values_for(rule: Sampled, key: str | None) -> Values:
    """Return arguments that carry a key: the program's own, or the simplest possible.

    Raises:
        UntriedError: if the program's own function returns none.

    """
    first, *rest = rule.key.split(".")
    if rule.sample:
        return _own_values(rule, key)
    value: object = key
    for part in reversed(rest):
        value = Sample(**{part: value})
    return {first: value}


def _own_values(rule: Sampled, key: str | None) -> Values:
    module, _, name = rule.sample.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        values = found(key)
    except Exception as error:
        message = f'sample "{rule.sample}" fails: {said(error)}. Mend it (sample-fails)'
        raise UntriedError(message) from error
    if not isinstance(values, Mapping):
        message = (
            f'sample "{rule.sample}" gives {values!r} and no arguments. '
            'Return a dict: {"parameter": argument} (sample-fails)'
        )
        raise UntriedError(message)
    return values


def arguments(
    function: Callable[..., object], values: Values, renamed: Mapping[str, str], rule: Sampled
) -> tuple[list[object], dict[str, object]]:
    """Arrange values as the positional and keyword arguments of a callable.

    Args:
        function: what will be called.
        values: canonical parameter → argument.
        renamed: canonical parameter → the callable's parameter.
        rule: the rule that the values are for.

    Raises:
        UntriedError: if it has no parameter for the key, or needs more than the values.

    """
    parameters = parameters_of(function)
    named = {renamed.get(name, name): value for name, value in values.items()}
    taken = {
        name: value
        for name, value in named.items()
        if name in parameters.names or parameters.kwargs
    }
    first = rule.key.partition(".")[0]
    wanted = [first] if renamed.get(first, first) not in taken else []
    wanted += [name for name in _required(parameters) if name not in taken and name not in wanted]
    if wanted:
        names = ", ".join(f'"{name}"' for name in wanted)
        message = (
            f"it takes {parameters}, and nothing says what to give for {names}. "
            'Write sample = "package.samples:function" to the rule of '
            f'"{rule.canonical}" (no-sample)'
        )
        raise UntriedError(message)
    by_position = [taken.pop(name) for name in parameters.positional_only if name in taken]
    return by_position, taken


def _required(parameters: Parameters) -> list[str]:
    return [name for name in parameters.names if name not in parameters.optional]


def said(error: BaseException) -> str:
    """Return an exception as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
