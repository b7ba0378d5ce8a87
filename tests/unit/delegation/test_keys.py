"""Where the key of an instance is found."""

from collections import ChainMap, OrderedDict
from types import MappingProxyType, SimpleNamespace

import pytest

from enforcer.errors import InstanceError
from enforcer.rules.factory_model import Instances
from enforcer.runtime.delegation.keys import MISSING, Key
from enforcer.runtime.delegation.parameters import Parameters

TAKES = Parameters(("first", "context"), keyword_only=("named",))


def key(path: str, **defaults: object) -> Key:
    return Key(Instances("pkg.mod:Thing", path), TAKES, defaults)


def test_the_parameter_is_found_however_it_is_given() -> None:
    """By position, by keyword, by default."""
    assert key("context").find((1, "a"), {}) == "a"
    assert key("context").find((1,), {"context": "a"}) == "a"
    assert key("context", context="d").find((1,), {}) == "d"
    assert key("named").find((1, 2), {"named": "a"}) == "a"
    assert key("context").find((1,), {}) is MISSING


@pytest.mark.parametrize(
    "context",
    [
        SimpleNamespace(user=SimpleNamespace(id=7)),
        {"user": {"id": 7}},
        SimpleNamespace(user={"id": 7}),
        MappingProxyType({"user": SimpleNamespace(id=7)}),
        ChainMap({"user": OrderedDict(id=7)}),
    ],
)
def test_each_part_is_an_attribute_or_an_item(context: object) -> None:
    """In any mixture."""
    assert key("context.user.id").find((1, context), {}) == 7


def test_a_method_of_all_mappings_is_an_item() -> None:
    """Of a mapping; of anything else it is what it says."""
    assert key("context.items").reach({"items": "i"}) == "i"
    assert key("context.items").reach(SimpleNamespace(items="i")) == "i"
    with pytest.raises(InstanceError, match='is a dict without "values"'):
        key("context.values").reach({})


@pytest.mark.parametrize(
    ("path", "context", "missing"),
    [
        ("context", None, '"context" is None'),
        ("context.user", None, '"context" is None'),
        ("context.user", {}, '"context" is a dict without "user"'),
        ("context.user.id", {"user": None}, '"context.user" is None'),
        ("context.user.id", {"user": {"id": None}}, '"context.user.id" is None'),
        ("context.user", [1], '"context" is a list without "user"'),
        ("context.user", "text", '"context" is a str without "user"'),
    ],
)
def test_what_is_missing_is_named(path: str, context: object, missing: str) -> None:
    """Beside the rule and its key."""
    with pytest.raises(InstanceError) as caught:
        key(path).reach(context)

    assert missing in str(caught.value)
    assert f'"pkg.mod:Thing" by "{path}"' in str(caught.value)
    assert str(caught.value).endswith("(instance-key-missing)")


def test_a_key_that_can_not_be_looked_up() -> None:
    """It is said, instead of a bare TypeError."""
    with pytest.raises(InstanceError, match=r"is a list.*\(instance-key-unhashable\)"):
        key("context").reach([])


def test_a_key_that_is_no_parameter() -> None:
    """Unless there is `**kwargs`."""
    with pytest.raises(InstanceError, match=r'no parameter "other".*\(instance-key-unknown\)'):
        key("other.id")
    rule = Instances("pkg.mod:Thing", "other")
    assert Key(rule, Parameters(kwargs="more"), {}).find((), {"other": 1}) == 1
