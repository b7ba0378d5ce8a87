"""Delegate the calls of one legacy factory; loaded at the first call, together with wrapt."""

import inspect
import sys
from contextlib import suppress
from types import CoroutineType, FunctionType

import wrapt

from enforcer.errors import DelegationError
from enforcer.runtime.delegation.active_calls import RUNNING, Running
from enforcer.runtime.delegation.legacy_source import OMITTED
from enforcer.runtime.delegation.parameters import (
    ASYNC,
    ASYNC_ITERATOR,
    SYNC,
    Parameters,
    defaults_of,
    of_function,
)
from enforcer.runtime.delegation.signatures import ASYNC_MISMATCH, Mismatch, Plan, mismatches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from enforcer.runtime.delegation.factories import LegacyFactory

_KINDS = inspect.Parameter


class Delegating:
    """Passes calls of a legacy factory on to the canonical one, or to an adapter."""

    def __init__(self, factory: "LegacyFactory") -> None:
        """Import the canonical factory's module, and compare the two factories.

        If they don't match, the factory gets the reasons.
        """
        self._factory = factory
        self._module, _, name = factory.rule.answering.partition(":")
        self._path = name.split(".")
        self._signature: inspect.Signature | None = None
        self._own_defaults: dict[str, object] = {}
        self._beyond: tuple[int, tuple[str, ...]] = (0, ())
        self._defaults: dict[str, object] = {}
        __import__(self._module)  # waits, if another thread is executing it
        canonical = parameters_of(self._answering())
        self._legacy = legacy = self._legacy_parameters(canonical)
        arguments: Mapping[str, str] = {}
        if not factory.rule.adapter:
            arguments = factory.rule.arguments
        for mismatch in mismatches(legacy, canonical, arguments):
            factory.refuse(mismatch)
        self._is_async = canonical.form == ASYNC
        self._plan = Plan(legacy, canonical, arguments) if not factory.refusals else None
        self._wrapper = wrapt.FunctionWrapper(self._wrapped(), self._delegate)

    def call(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        """Delegate one call; the first argument may be ``self`` or ``cls``."""
        if not self._factory.bound or self._factory.raw is None:
            return self._wrapper(*args, **kwargs)
        receiver, *rest = args
        owner = receiver if isinstance(receiver, type) else type(receiver)
        # FunctionWrapper.__get__ binds its wrapped object as Python would: functions, class
        # methods, any other descriptor.
        method = self._wrapper.__get__(None if owner is receiver else receiver, owner)
        return method(*rest, **kwargs)

    def _wrapped(self) -> "Callable[..., object]":
        factory = self._factory
        found = factory.raw if factory.raw is not None else factory.original
        return found if found is not None else factory.run_legacy  # type: ignore[return-value]

    def _answering(self) -> "Callable[..., object]":
        # Looked up at each call: the factory may have been patched or replaced.
        found: object = sys.modules.get(self._module)
        if found is None:
            __import__(self._module)
            found = sys.modules[self._module]
        for name in self._path:
            found = getattr(found, name)
        return found  # type: ignore[return-value]

    # The parameters of the legacy factory.

    def _legacy_parameters(self, canonical: Parameters) -> Parameters:
        factory = self._factory
        original = factory.original
        if factory.parameters is not None:
            self._take_defaults(original)
            return factory.parameters
        try:
            self._signature = inspect.signature(original)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            # A callable in C without a signature: only the renamed arguments are known.
            return Parameters(kwargs="kwargs", form=SYNC if canonical.form == SYNC else ASYNC)
        if factory.bound:
            first, *rest = self._signature.parameters.values()
            is_receiver = first.kind in (_KINDS.POSITIONAL_ONLY, _KINDS.POSITIONAL_OR_KEYWORD)
            if is_receiver:
                self._signature = self._signature.replace(parameters=rest)
        self._defaults = {
            name: parameter.default for name, parameter in self._signature.parameters.items()
        }
        shown = of_signature(self._signature, _form(original))
        if isinstance(original, FunctionType):
            self._find_hidden(original, shown)
        return shown

    def _find_hidden(self, wrapper: FunctionType, shown: Parameters) -> None:
        """Find parameters that a decorator's wrapper has for itself, beside those of its signature.

        ``inspect.signature`` follows ``__wrapped__``, but the wrapper's code may have more
        parameters: beartype's wrappers have keyword parameters with defaults for their own use.
        """
        own = of_function(wrapper)
        if self._factory.bound:
            own = own.without_first()
        defaults = defaults_of(wrapper)
        known = {*shown.names, shown.args, shown.kwargs}
        self._own_defaults = {name: value for name, value in defaults.items() if name not in known}
        if not shown.args:
            count = len(shown.by_position)
            self._beyond = (count, own.by_position[count:])

    def _as_shown(
        self, args: tuple[object, ...], kwargs: "dict[str, object]"
    ) -> "tuple[tuple[object, ...], dict[str, object]]":
        """Return the arguments of a call as the signature has them, without hidden defaults."""
        count, names = self._beyond
        if names:
            kwargs = {**dict(zip(names, args[count:], strict=False)), **kwargs}
            args = (*args[:count], *args[count + len(names) :])
        hidden = self._own_defaults
        if not hidden:
            return args, kwargs
        return args, {
            name: value
            for name, value in kwargs.items()
            if name not in hidden or value is not hidden[name]
        }

    def _take_defaults(self, original: "Callable[..., object] | None") -> None:
        stand_in = original or self._factory.without_code()
        if isinstance(stand_in, FunctionType):
            self._defaults = defaults_of(stand_in)

    def _bind(
        self, args: tuple[object, ...], kwargs: "dict[str, object]"
    ) -> tuple[dict[str, object], tuple[object, ...], dict[str, object]]:
        """Sort arguments: named ones, those for ``*args``, those for ``**kwargs``."""
        legacy = self._legacy
        if self._signature is not None:
            args, kwargs = self._as_shown(args, kwargs)
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            values = bound.arguments
            rest: tuple[object, ...] = values.pop(legacy.args, ()) if legacy.args else ()
            more: dict[str, object] = values.pop(legacy.kwargs, {}) if legacy.kwargs else {}
            return values, rest, more
        names = legacy.by_position
        values = dict(zip(names, args, strict=False))
        more = {}
        for name, value in kwargs.items():
            if name in legacy.keyword_only:
                values[name] = value
            else:
                more[name] = value
        return values, args[len(names) :], more

    # Delegating.

    def _delegate(
        self,
        wrapped: "Callable[..., object]",
        _instance: object,
        args: tuple[object, ...],
        kwargs: "dict[str, object]",
    ) -> object:
        factory = self._factory
        values, rest, more = self._bind(args, kwargs)
        for name, value in list(values.items()):
            if value is OMITTED:
                del values[name]
        if self._plan is None:
            return wrapped(*args, **kwargs)
        positional, named = self._plan.hand_over(values, rest, more, self._defaults)
        running = Running(factory, args, kwargs, RUNNING.get())
        if self._legacy.form == ASYNC:
            return self._named(self._awaited(running, positional, named))
        token = RUNNING.set(running)
        try:
            result = self._answering()(*positional, **named)
        finally:
            running.is_done = True
            RUNNING.reset(token)
        if type(result) is CoroutineType and self._legacy.form == SYNC and not factory.rule.adapter:
            return self._without(result, wrapped, args, kwargs)
        return result

    def _without(
        self,
        result: "CoroutineType[object, object, object]",
        wrapped: "Callable[..., object]",
        args: tuple[object, ...],
        kwargs: "dict[str, object]",
    ) -> object:
        """Close a coroutine that a sync caller would get: no part of it has run yet."""
        result.close()
        factory = self._factory
        mismatch = Mismatch(
            ASYNC_MISMATCH,
            "the legacy factory is sync and the canonical factory gave a coroutine.",
            "Write an adapter that is sync, or delegate to a sync factory.",
        )
        factory.refuse(mismatch)
        if factory.rule.refuses or factory.original is None:
            message = f'"{factory.rule.legacy}" can\'t be delegated: {mismatch}'
            raise DelegationError(message)
        return wrapped(*args, **kwargs)

    async def _awaited(
        self, running: Running, positional: "list[object]", named: "dict[str, object]"
    ) -> object:
        token = RUNNING.set(running)
        try:
            result = self._answering()(*positional, **named)
            if self._is_async or type(result) is CoroutineType:
                return await result  # type: ignore[misc]
            return result
        finally:
            running.is_done = True
            # If this coroutine is not awaited to its end, the garbage collector closes it, perhaps
            # in another context; ContextVar.reset raises ValueError there.
            with suppress(ValueError):
                RUNNING.reset(token)

    def _named(self, coroutine: "Coroutine[Any, Any, object]") -> "Coroutine[Any, Any, object]":
        """Set the name of a coroutine to the legacy factory's, which its callers know."""
        made: Any = coroutine
        made.__name__ = self._factory.rule.name.rpartition(".")[2]
        made.__qualname__ = self._factory.rule.name
        return coroutine


def parameters_of(value: "Callable[..., object]") -> Parameters:
    """Read the parameters of any callable.

    A callable without a signature is assumed to accept any keyword.
    """
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return Parameters(kwargs="kwargs", form=_form(value))
    return of_signature(signature, _form(value))


def of_signature(signature: inspect.Signature, form: str) -> Parameters:
    """Convert a signature of ``inspect``."""
    by_kind: dict[object, list[str]] = {}
    for name, parameter in signature.parameters.items():
        by_kind.setdefault(parameter.kind, []).append(name)
    return Parameters(
        tuple(by_kind.get(_KINDS.POSITIONAL_OR_KEYWORD, ())),
        positional_only=tuple(by_kind.get(_KINDS.POSITIONAL_ONLY, ())),
        keyword_only=tuple(by_kind.get(_KINDS.KEYWORD_ONLY, ())),
        args="".join(by_kind.get(_KINDS.VAR_POSITIONAL, ())),
        kwargs="".join(by_kind.get(_KINDS.VAR_KEYWORD, ())),
        optional=frozenset(
            name
            for name, parameter in signature.parameters.items()
            if parameter.default is not parameter.empty
        ),
        form=form,
    )


def _form(value: object) -> str:
    if inspect.iscoroutinefunction(value):
        return ASYNC
    return ASYNC_ITERATOR if inspect.isasyncgenfunction(value) else SYNC
