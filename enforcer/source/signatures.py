"""Comparison of two signatures: whether calls for the legacy one suit the canonical one.

An alias changes no call: arguments arrive by the positions and the names that callers write. (A
``[[factory]]`` passes them by name instead, see ``enforcer.runtime.delegation.signatures``.)
"""

from collections.abc import Iterator

from enforcer.runtime.delegation.parameters import ASYNC, ASYNC_ITERATOR, SYNC, Parameters
from enforcer.runtime.delegation.signatures import ASYNC_MISMATCH
from enforcer.source.findings import Finding

_GIVES = {SYNC: "a value", ASYNC: "a coroutine", ASYNC_ITERATOR: "an async generator"}


def differences(old: str, legacy: Parameters, new: str, canonical: Parameters) -> Iterator[Finding]:
    """Yield what calls written for one function mean to another one, where that differs.

    Args:
        old: the path of the legacy function.
        legacy: its parameters.
        new: the path of the canonical function.
        canonical: its parameters.

    """
    both = f'"{old}" is {legacy}, "{new}" {canonical}'
    found = list(_arguments(legacy, canonical, both))
    yield from found or _not_given(legacy, canonical, both)
    if legacy.form != canonical.form:
        message = (
            f'"{old}" is {legacy.form} and "{new}" is {canonical.form}: callers would get '
            f"{_GIVES[canonical.form]} instead of {_GIVES[legacy.form]}"
        )
        yield Finding(ASYNC_MISMATCH, message)


def _arguments(legacy: Parameters, canonical: Parameters, both: str) -> Iterator[Finding]:
    for index, name in enumerate(legacy.by_position):
        if index < len(canonical.by_position):
            other = canonical.by_position[index]
            if other != name:
                message = f'"{name}" would be passed as "{other}": {both}'
                yield Finding("argument-in-wrong-place", message)
                continue
        elif not canonical.args:
            message = f'"{name}" can\'t be passed by position any more: {both}'
            yield Finding("argument-not-taken", message)
            continue
        if name in legacy.positional and name not in canonical.by_keyword and not canonical.kwargs:
            message = f'"{name}" can\'t be passed by keyword any more: {both}'
            yield Finding("argument-not-taken", message)
    for name in legacy.keyword_only:
        if name not in canonical.by_keyword and not canonical.kwargs:
            message = f'"{name}" has no place any more: {both}'
            yield Finding("argument-not-taken", message)


def _not_given(legacy: Parameters, canonical: Parameters, both: str) -> Iterator[Finding]:
    """Yield what the canonical function needs and callers of the legacy one may omit."""
    for name in canonical.names:
        if name in canonical.optional:
            continue
        if name in legacy.optional:
            message = f'nothing gives "{name}" where callers leave it out: {both}'
            yield Finding("argument-missing", message)
        elif name not in legacy.names and not (legacy.args or legacy.kwargs):
            yield Finding("argument-missing", f'nothing gives "{name}": {both}')
