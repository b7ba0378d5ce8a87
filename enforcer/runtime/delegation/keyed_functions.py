"""Keep one result of a factory function for each key, sync or async.

Of a decorated function it gets the innermost one (``functools.wraps``): decorators run at each
call, and the key is read from the arguments that reach the function itself.

A coroutine function has a flag for it. Another function may return coroutines all the same, because
it passes on the result of an async one. Its first result decides; until then every call takes the
slow path.
"""

from types import CoroutineType, FunctionType

from enforcer.errors import InstanceError
from enforcer.runtime.delegation.keys import ABSENT, MISSING, Key
from enforcer.runtime.delegation.parameters import (
    ASYNC,
    ASYNC_ITERATOR,
    GENERATOR,
    defaults_of,
    of_function,
)
from enforcer.runtime.delegation.stand_ins import Replaced, hook_for, stand_in_code
from enforcer.runtime.imports.cpython import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from enforcer.runtime.delegation.registry import Registry

_DIRECT = """\
{before}    try:
        __enforcer_found = {{table}}[{reached}]()
        if __enforcer_found is not None{only}:
{given}
    except {{absent}}:
        pass
"""
_GIVEN = "            return __enforcer_found"
_OWNER = """\
    __enforcer_owner = {{owner}}
"""
_GIVEN_ASYNC = """\
            __enforcer_given = {given}
            return __enforcer_given(__enforcer_found)"""


class KeyedFunction:
    """Keeps one result of a function for each key.

    Attributes:
        registry: the registry of the results.

    """

    def __init__(
        self, registry: "Registry", function: FunctionType, owner: type | None = None
    ) -> None:
        """Replace the code of a function.

        Args:
            registry: the registry of the results.
            function: the function.
            owner: the class whose class method it is. Results for a subclass are not kept.

        Raises:
            InstanceError: if it can't be replaced, or has no parameter for the key.

        """
        self.registry = registry
        self._owner = owner
        parameters = of_function(function)
        if parameters.form == ASYNC_ITERATOR or function.__code__.co_flags & GENERATOR:
            message = (
                f'"{registry.rule.canonical}" is a generator, which gives no instance. '
                "Write a rule for the class that it makes (not-keyed)"
            )
            raise InstanceError(message)
        # Python fills in the defaults; Key needs them because the key may be a default.
        self._key = Key(registry.rule, parameters, defaults_of(function))
        self._is_async = parameters.form == ASYNC
        self._is_known = self._is_async
        try:
            self._replaced = Replaced(function, self._code)
        except ValueError as error:
            message = f'"{registry.rule.canonical}" can\'t be kept by key: {error} (not-keyed)'
            raise InstanceError(message) from error

    def _code(self, code: "CodeType") -> "CodeType":
        answer = hook_for(code, self._answer)
        if not (self._is_known and self._is_direct(code)):
            return stand_in_code(code, answer)
        before = _DIRECT.format(
            reached=".".join((self._key.first, *self._key.rest)),
            before=_OWNER.format() if self._owner is not None else "",
            only=f" and {code.co_varnames[0]} is __enforcer_owner" if self._owner else "",
            given=_GIVEN_ASYNC if self._is_async else _GIVEN,
        )
        constants = {
            "table": self.registry.table,
            "absent": ABSENT,
            "given": _given,
            "owner": self._owner,
        }
        return stand_in_code(code, answer, before, constants)

    def _is_direct(self, code: "CodeType") -> bool:
        """Return whether the key can be looked up by code at the beginning of the function."""
        count = code.co_argcount
        named = code.co_varnames[: count + code.co_kwonlyargcount]
        is_bound = self._owner is None or count > 0
        is_parameter = self._key.first in named and is_bound
        return is_parameter and self._key.is_direct and not self.registry.orders

    def _answer(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        if self._owner is not None and args[:1] != (self._owner,):
            return self._make(args, kwargs)
        if self._is_async:
            return self._obtain(args, kwargs)
        key = self._find(args, kwargs)
        if key is MISSING:
            return self._make(args, kwargs)
        try:
            return self.registry.obtain(key, lambda: self._make_plain(args, kwargs))
        except _CoroutineGivenError:
            if not self._is_known:
                self._know(is_async=True)
            return self._obtain(args, kwargs)

    async def _obtain(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        try:
            key = self._find(args, kwargs)
            if key is MISSING:
                return await self._make(args, kwargs)  # type: ignore[misc]
            return await self.registry.obtain_async(key, lambda: self._make(args, kwargs))  # type: ignore[arg-type,return-value]
        except InstanceError as error:
            cut(error)
            raise

    def _find(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        key = self._key.find(args, kwargs)
        if key is MISSING and self._key.is_required:
            raise self._key.not_given()
        return key

    def _make(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        return self._replaced.original(*args, **kwargs)

    def _make_plain(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        """Create a result that is no coroutine; a coroutine is closed, before it began to run."""
        made = self._make(args, kwargs)
        if type(made) is not CoroutineType:
            if made is not None and not self._is_known:
                self._know(is_async=False)
            return made
        made.close()
        if self._is_async or not self._is_known:
            raise _CoroutineGivenError
        message = (
            f'"{self.registry.rule.canonical}" gives a coroutine now and something else '
            "before: nobody can tell what to keep. Write a rule for the class that it makes "
            "(not-keyed)"
        )
        raise InstanceError(message)

    def _know(self, *, is_async: bool) -> None:
        """Use the fast path from now on; nothing was kept before."""
        self._is_async = is_async
        self._is_known = True
        self._replaced.renew()

    def remove(self) -> None:
        """Restore the function's code."""
        self._replaced.restore()


class _CoroutineGivenError(Exception):
    """A function that is no coroutine function gave a coroutine."""


async def _given(found: object) -> object:
    return found
