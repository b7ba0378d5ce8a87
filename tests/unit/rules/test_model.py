"""Test which rule covers a path."""

import pytest

from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.stages import StageOverride


def covering(path: str, *rules: Rule) -> str | None:
    """Give the legacy path of the rule that covers a path, if one does."""
    found = MigrationMap(rules).match(path)
    return found and found.legacy


def test_a_rule_is_taken_apart_by_its_form() -> None:
    """Module, tree and name are told by how they are written."""
    module = Rule("a.old", "a.new")
    tree = Rule("a.old.*", "b.new.*")
    name = Rule("a.mod:old", "b.mod:new")

    assert (module.kind, module.module, module.target) == ("module", "a.old", "a.new")
    assert (tree.kind, tree.module, tree.target) == ("tree", "a.old", "b.new")
    assert (name.kind, name.module, name.name) == ("name", "a.mod", "old")
    assert (name.target, name.target_name) == ("b.mod", "new")


@pytest.mark.parametrize("rule", [Rule("old", "new"), Rule("old.*", "new.*")])
@pytest.mark.parametrize("path", ["older", "older.sub", "ol", "my.old", "old_sub"])
def test_a_match_ends_on_a_dot(rule: Rule, path: str) -> None:
    """A rule for ``old`` never covers its neighbours."""
    assert covering(path, rule) is None


def test_a_tree_covers_its_top_and_everything_below() -> None:
    """The top package of a tree is legacy as well."""
    tree = Rule("a.old.*", "a.new.*")

    assert covering("a.old", tree) == "a.old.*"
    assert covering("a.old.b.c", tree) == "a.old.*"
    assert covering("a", tree) is None


def test_the_longest_match_wins() -> None:
    """A child may go elsewhere than its tree."""
    tree = Rule("old.*", "new.*")
    child = Rule("old.sub", "other")

    assert covering("old.sub", tree, child) == "old.sub"
    assert covering("old.sub", child, tree) == "old.sub"
    assert covering("old.subject", tree, child) == "old.*"


def test_an_aliasing_module_rule_covers_what_is_below() -> None:
    """The children of an alias are those of the canonical package."""
    assert covering("old.sub", Rule("old", "new", stage="alias")) == "old"


@pytest.mark.parametrize(
    "child",
    [
        Rule("old.sub", "other", stage="observe"),
        Rule("old.sub", "other", stage="strict", implementation=True),
    ],
)
def test_a_watched_module_covers_nothing_below_but_an_outer_tree_does(child: Rule) -> None:
    """In place, the module's own children are found as ever."""
    assert covering("old.sub", child) == "old.sub"
    assert covering("old.sub.deep", child) is None
    assert covering("old.sub.deep", child, Rule("old.*", "new.*")) == "old.*"


def test_an_observed_tree_still_covers_everything_below() -> None:
    """Every module of the tree is watched."""
    assert covering("old.sub", Rule("old.*", "new.*", stage="observe")) == "old.*"


def test_name_rules_cover_no_module() -> None:
    """The module of a name rule lives on."""
    rule = Rule("pkg.mod:old", "pkg.mod:new")
    migration = MigrationMap([rule])

    assert migration.match("pkg.mod") is None
    assert dict(migration.names_in("pkg.mod")) == {"old": rule}
    assert migration.names_in("pkg") == {}


def test_a_path_below_a_tree_is_translated() -> None:
    """Only the rule's own part of the path changes."""
    tree = Rule("old.old.*", "new.*")

    assert tree.canonical_of("old.old") == "new"
    assert tree.canonical_of("old.old.old.x") == "new.old.x"


def test_an_override_reaches_every_rule() -> None:
    """An override lowers or raises, as it says."""
    rules = [Rule("a", "b", stage="strict"), Rule("c", "d", stage="observe")]
    migration = MigrationMap(rules, override=StageOverride("at-most:warn"))

    assert [rule.stage for rule in migration.rules] == ["warn", "observe"]
