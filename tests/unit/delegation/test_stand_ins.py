"""Functions whose code is replaced look as they did."""

import asyncio
import functools
import inspect
from collections.abc import Callable
from types import FunctionType

import pytest

from enforcer.runtime.delegation.stand_ins import Replaced, stand_in_code

Given = tuple[tuple[object, ...], tuple[object, ...], dict[str, object] | None]


def hook(values: tuple[object, ...], args: tuple[object, ...], kwargs: object) -> object:
    return values, args, kwargs


def replaced(function: Callable[..., object]) -> Replaced:
    assert isinstance(function, FunctionType)
    return Replaced(function, lambda code: stand_in_code(code, hook))


def test_all_kinds_of_parameters_reach_the_hook() -> None:
    """Python binds them and fills in the defaults."""

    def function(a: int, /, b: int = 2, *rest: int, c: int, d: int = 4, **more: int) -> object:
        return a, b, rest, c, d, more

    before = inspect.signature(function)
    holder = replaced(function)

    assert inspect.signature(function) == before
    assert function(1, c=3) == ((1, 2, 3, 4), (), {})
    assert function(1, 5, 6, 7, c=3, e=8) == ((1, 5, 3, 4), (6, 7), {"e": 8})
    assert holder.original(1, 5, 6, c=3) == (1, 5, (6,), 3, 4, {})
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'c'"):
        function(1)
    holder.restore()
    assert function(1, c=3) == (1, 2, (), 3, 4, {})


def test_closures_and_super_go_on_working() -> None:
    """The original keeps its cells, whatever the new code does without."""
    inside = "closure"

    class Base:
        def make(self) -> str:
            return "base"

    class Sub(Base):
        def make(self) -> str:
            return super().make() + inside

    holder = replaced(Sub.make)
    sub = Sub()

    assert sub.make() == ((sub,), (), None)  # type: ignore[comparison-overlap]
    assert holder.original(sub) == "baseclosure"


def test_coroutine_functions_stay_coroutine_functions() -> None:
    """Though the hook is called at once, where the call is."""

    async def function(a: int) -> object:
        return a

    async def given(values: object) -> object:
        return values

    Replaced(function, lambda code: stand_in_code(code, lambda values, *_: given(values)))

    assert inspect.iscoroutinefunction(function)
    assert inspect.iscoroutinefunction(functools.partial(function, 1))
    assert asyncio.run(function(3)) == (3,)  # type: ignore[arg-type]


@pytest.mark.parametrize("check", [inspect.isgeneratorfunction, inspect.isasyncgenfunction])
def test_generator_functions_stay_generator_functions(check: Callable[[object], bool]) -> None:
    """Both kinds of them."""

    def sync_generator() -> object:
        yield 1

    async def async_generator() -> object:
        yield 1

    for function in (sync_generator, async_generator):
        before = check(function)
        replaced(function)
        assert check(function) is before


def test_names_of_parameters_that_the_code_itself_uses() -> None:
    """None of them is taken for something of the stand-in's."""

    def function(hook: int, made: int, values: int, args: int, kwargs: int) -> object:
        return hook, made, values, args, kwargs

    replaced(function)

    assert function(1, 2, 3, 4, 5) == ((1, 2, 3, 4, 5), (), None)


def test_code_of_others_is_left_in_place() -> None:
    """A tool that instruments functions may have come later."""

    def function() -> object:
        return "own"

    def other() -> object:
        return "other"

    holder = replaced(function)
    function.__code__ = other.__code__
    holder.restore()

    assert function() == "other"
