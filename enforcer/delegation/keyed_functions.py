"""Give one result of a factory function for each key, sync or async."""

from types import FunctionType

from enforcer.delegation.keys import ABSENT, MISSING, Key
from enforcer.delegation.parameters import ASYNC, ASYNC_ITERATOR, GENERATOR, of_code
from enforcer.delegation.stand_ins import Replaced, stand_in_code
from enforcer.errors import InstanceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from enforcer.delegation.registry import Registry

_DIRECT = """\
    try:
        __enforcer_found = {{table}}[{reached}]()
        if __enforcer_found is not None:
{given}
    except {{absent}}:
        pass
"""
_GIVEN = "            return __enforcer_found"
_GIVEN_ASYNC = """\
            __enforcer_given = {given}
            return __enforcer_given(__enforcer_found)"""


class KeyedFunction:
    """Give one result of a function for each key."""

    def __init__(self, registry: "Registry", function: FunctionType) -> None:
        """Take over a function.

        Raises:
            InstanceError: if it can't be, or has no parameter for the key.

        """
        self._registry = registry
        code = function.__code__
        parameters = of_code(code, function.__defaults__, function.__kwdefaults__)
        if parameters.form == ASYNC_ITERATOR or code.co_flags & GENERATOR:
            message = (
                f'"{registry.rule.canonical}" is a generator, which gives no instance. '
                "Write a rule for the class that it makes (not-keyed)"
            )
            raise InstanceError(message)
        names = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        by_name = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        # The code binds the defaults itself; they are here for a key that is one.
        self._key = Key(registry.rule, parameters, {**by_name, **(function.__kwdefaults__ or {})})
        self._is_async = parameters.form == ASYNC
        try:
            self._replaced = Replaced(function, self._code)
        except ValueError as error:
            message = f'"{registry.rule.canonical}" can\'t be kept by key: {error} (not-keyed)'
            raise InstanceError(message) from error

    def _code(self, code: "CodeType") -> "CodeType":
        count = code.co_argcount
        keyword = code.co_varnames[count : count + code.co_kwonlyargcount]

        def answer(
            values: tuple[object, ...], args: tuple[object, ...], kwargs: "dict[str, object] | None"
        ) -> object:
            named = dict(zip(keyword, values[count:], strict=True))
            if kwargs:
                named.update(kwargs)
            return self._answer((*values[:count], *args), named)

        key = self._key
        parameter = key.first in code.co_varnames[: count + code.co_kwonlyargcount]
        if not (parameter and key.is_direct) or self._registry.orders:
            return stand_in_code(code, answer)
        before = _DIRECT.format(
            reached=".".join((key.first, *key.rest)),
            given=_GIVEN_ASYNC if self._is_async else _GIVEN,
        )
        constants = {"table": self._registry.table, "absent": ABSENT, "given": _given}
        return stand_in_code(code, answer, before, constants)

    def _answer(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        if self._is_async:
            return self._obtain(args, kwargs)
        key = self._find(args, kwargs)
        return self._registry.obtain(key, lambda: self._make(args, kwargs))

    async def _obtain(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        key = self._find(args, kwargs)
        return await self._registry.obtain_async(key, lambda: self._make(args, kwargs))  # type: ignore[arg-type,return-value]

    def _find(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        key = self._key.find(args, kwargs)
        if key is MISSING:
            raise self._key.not_given()
        return key

    def _make(self, args: tuple[object, ...], kwargs: "dict[str, object]") -> object:
        return self._replaced.original(*args, **kwargs)

    def remove(self) -> None:
        """Give the function back its code."""
        self._replaced.restore()


async def _given(found: object) -> object:
    return found
