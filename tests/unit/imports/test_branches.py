"""Which packages a map makes the enforcer look at, read from its rules alone."""

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.imports.branches import children_apart, packages_of


def test_all_packages_above_a_legacy_module_are_watched() -> None:
    """A module of its own has none, and neither has a name of a module."""
    rules = [
        Rule("a.b.old", "a.new"),
        Rule("a.b.c.older.*", "a.new.*"),
        Rule("top", "a.top"),
        Rule("x.y:name", "x.y:other"),
    ]

    assert packages_of(rules) == {"a", "a.b", "a.b.c"}


@pytest.mark.parametrize(
    ("rule", "is_apart"),
    [
        (Rule("old.b", "new.b"), False),
        (Rule("old.b", "new.c"), True),
        (Rule("old.b", "elsewhere.b"), True),
        (Rule("old.b.*", "new.b.*"), False),
        (Rule("old.b", "new.b", stage="observe"), True),
        (Rule("old.b", "new.c", stage="removed"), False),
        (Rule("old.b:name", "new.c:name"), False),
    ],
)
def test_a_module_that_went_elsewhere_than_its_package_is_apart(
    rule: Rule,
    is_apart: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Also one that stays where it was."""
    apart = children_apart(MigrationMap([Rule("old.*", "new.*"), rule]))

    assert apart == ({"old": {"b"}} if is_apart else {})


def test_without_a_rule_for_the_package_only_what_stays_is_apart() -> None:
    assert children_apart(MigrationMap([Rule("a.b", "c.d"), Rule("top", "c.top")])) == {}
    assert children_apart(MigrationMap([Rule("a.b", "c.d", stage="observe")])) == {"a": {"b"}}
