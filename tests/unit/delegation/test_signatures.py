"""How a legacy factory is compared with a canonical one, and how arguments are handed over."""

import pytest

from enforcer.runtime.delegation.parameters import Parameters, of_object
from enforcer.runtime.delegation.signatures import Plan, mismatches


def of(function: object) -> Parameters:
    found = of_object(function)
    assert found is not None
    return found


def slugs(legacy: object, canonical: object, **arguments: str) -> list[str]:
    return [found.slug for found in mismatches(of(legacy), of(canonical), arguments)]


def canonical(context: object, mode: object = None, *, size: int = 1) -> None: ...
async def canonical_async(context: object) -> None: ...
async def canonical_iterator(context: object) -> object:
    yield context


def test_equal_names_match() -> None:
    """Whatever their kinds and order are: arguments are handed over by name."""

    def legacy(size: int, /, *, context: object) -> None: ...

    assert slugs(legacy, canonical) == []


def test_a_parameter_in_anothers_place_is_refused() -> None:
    """The second is a user's id here and a mode there."""

    def legacy(context: object, user_id: str) -> None: ...

    assert slugs(legacy, canonical) == ["argument-in-wrong-place"]
    assert slugs(legacy, canonical, user_id="size") == []
    assert slugs(legacy, canonical, user_id="") == []


def test_a_parameter_without_a_place_is_refused() -> None:
    """Nothing is dropped silently."""

    def legacy(context: object, mode: object, more: object) -> None: ...

    assert slugs(legacy, canonical) == ["argument-not-taken"]


def test_a_parameter_that_is_needed_has_to_be_given() -> None:
    """A legacy `**kwargs` may give it."""

    def legacy(mode: object) -> None: ...
    def open_legacy(mode: object, **more: object) -> None: ...

    assert slugs(legacy, canonical) == ["argument-missing"]
    assert slugs(open_legacy, canonical) == []


def test_unknown_arguments_are_refused() -> None:
    """On either side."""

    def legacy(context: object) -> None: ...

    assert slugs(legacy, canonical, nothing="mode") == ["unknown-argument"]
    assert slugs(legacy, canonical, context="nothing")[0] == "unknown-argument"


def test_arguments_by_position_need_the_same_place() -> None:
    """A `*args` goes on where the canonical one does, or nowhere."""

    def legacy(context: object, *rest: object) -> None: ...
    def taking(context: object, *others: object) -> None: ...
    def shifted(context: object, mode: object, *others: object) -> None: ...

    assert slugs(legacy, taking) == []
    assert slugs(legacy, shifted) == ["argument-in-wrong-place"]
    assert slugs(legacy, canonical) == ["argument-in-wrong-place"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [(canonical_async, ["async-mismatch"]), (canonical_iterator, ["async-mismatch"])],
)
def test_a_sync_caller_gets_nothing_async(target: object, expected: list[str]) -> None:
    """No coroutine, and no async generator."""

    def legacy(context: object) -> None: ...

    assert slugs(legacy, target) == expected


def test_an_async_caller_may_get_sync() -> None:
    """It awaits the stand-in."""

    async def legacy(context: object) -> None: ...

    assert slugs(legacy, canonical) == slugs(legacy, canonical_async) == []
    assert slugs(legacy, canonical_iterator) == ["async-mismatch"]


def test_a_class_takes_what_its_init_takes() -> None:
    """Without `self`."""

    class Thing:
        def __init__(self, context: object, mode: object = None) -> None: ...

    assert str(of(Thing)) == "(context, mode=...)"
    assert str(of(type("Sub", (Thing,), {}))) == "(context, mode=...)"
    assert str(of(type("Bare", (), {}))) == "()"


def test_defaults_that_say_nothing_are_left_out() -> None:
    """None and bare sentinels; any other default is handed over."""
    sentinel = object()

    def legacy(context: object, mode: object = None, size: object = sentinel) -> None: ...

    plan = Plan(of(legacy), of(canonical), {})
    defaults = {"mode": None, "size": sentinel}

    def handed(**values: object) -> dict[str, object]:
        return plan.hand_over({"context": 1, **values}, (), {}, defaults)[1]

    assert handed(mode=None, size=sentinel) == {"context": 1}
    assert handed(mode="x", size=3) == {"context": 1, "mode": "x", "size": 3}


def test_positional_only_parameters_are_given_by_position() -> None:
    """In the canonical order."""

    def legacy(b: int, a: int, c: int) -> None: ...
    def wanted(a: int, b: int, /, c: int) -> None: ...

    plan = Plan(of(legacy), of(wanted), {})

    assert plan.hand_over({"b": 2, "a": 1, "c": 3}, (), {}, {}) == ([1, 2], {"c": 3})
