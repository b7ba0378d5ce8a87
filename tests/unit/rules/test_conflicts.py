"""Test what two rules may not say of each other."""

from collections.abc import Callable

import pytest

from enforcer.rules.model import MigrationMap


def rules(*pairs: tuple[str, ...]) -> str:
    """Write a map of one line a key: rule n starts at line 4n - 3, canonical 2 below."""
    blocks = []
    for legacy, canonical, *more in pairs:
        lines = ["[[rule]]", f'legacy = "{legacy}"', f'canonical = "{canonical}"', *more]
        blocks.append("\n".join([*lines, *[""] * (4 - len(lines))]))
    return "\n".join(blocks)


CONFLICTS = {
    "chain": (
        rules(("a", "b"), ("b", "c")),
        (
            'enforcer.toml:3: rule.canonical: "b" is itself legacy: "b" at line 5 moves it to "c". '
            'Write canonical = "c". (chain)'
        ),
    ),
    "chain of trees": (
        rules(("a.*", "b.*"), ("b.*", "c.*")),
        (
            'enforcer.toml:3: rule.canonical: "b.*" is itself legacy: "b.*" at line 5 moves it to '
            '"c.*". Write canonical = "c.*". (chain)'
        ),
    ),
    "chain of names": (
        rules(("m:a", "m:b"), ("m:b", "m:c")),
        (
            'enforcer.toml:3: rule.canonical: "m:b" is itself legacy: "m:b" at line 5 moves it to '
            '"m:c". Write canonical = "m:c". (chain)'
        ),
    ),
    "chain over an implementation": (
        rules(("a", "b"), ("b", "c", "implementation = true")),
        (
            'enforcer.toml:3: rule.canonical: "b" is itself legacy: "b" at line 5 moves it to "c". '
            'Write canonical = "c". (chain)'
        ),
    ),
    "renamed to a legacy name": (
        rules(("a", "m", 'names = { x = "b" }'), ("m:b", "m:c")),
        (
            'enforcer.toml:4: rule.names.x: "b" is itself legacy: "m:b" at line 5 moves it to '
            '"m:c". '
            'Write x = "c". (chain)'
        ),
    ),
    "renamed to a legacy name of elsewhere": (
        rules(("a", "m", 'names = { x = "b" }'), ("m:b", "n:c")),
        (
            'enforcer.toml:4: rule.names.x: "b" is itself legacy: "m:b" at line 5 moves it to '
            '"n:c". '
            'Write a name of "m" that is not legacy. (chain)'
        ),
    ),
    "cycle": (
        rules(("a", "b"), ("b", "a")),
        (
            "enforcer.toml:3: rule.canonical: the rules go in a circle: a -> b -> a. "
            "Decide which of these paths is canonical, and remove its rule. (cycle)"
        ),
    ),
    "cycle of names": (
        rules(("m:a", "m:b"), ("m:b", "n:c"), ("n:c", "m:a")),
        (
            "enforcer.toml:3: rule.canonical: the rules go in a circle: m:a -> m:b -> n:c -> m:a. "
            "Decide which of these paths is canonical, and remove its rule. (cycle)"
        ),
    ),
    "way into a cycle": (
        rules(("x", "a"), ("a", "b"), ("b", "a")),
        (
            "enforcer.toml:3: rule.canonical: the rules go in a circle: a -> b -> a. "
            "Decide which of these paths is canonical, and remove its rule. (cycle)"
        ),
    ),
    "cycle that grows": (
        rules(("a.*", "b.c.*"), ("b.*", "a.d.*")),
        (
            "enforcer.toml:3: rule.canonical: the rules go in a circle: a -> b.c -> a.d.c -> "
            "b.c.d.c "
            "-> …. Decide which of these paths is canonical, and remove its rule. (cycle)"
        ),
    ),
    "canonical in a tree": (
        rules(("a", "old.b"), ("old.*", "new.*")),
        (
            'enforcer.toml:3: rule.canonical: "old.b" is itself legacy: "old.*" at line 5 moves '
            "it to "
            '"new.b". Write canonical = "new.b". (canonical-is-legacy)'
        ),
    ),
    "canonical below a module": (
        rules(("a", "old.b"), ("old", "new", 'stage = "observe"')),
        (
            'enforcer.toml:3: rule.canonical: "old.b" is itself legacy: "old" at line 5 moves it '
            "to "
            '"new.b". Write canonical = "new.b". (canonical-is-legacy)'
        ),
    ),
    "canonical name in a legacy module": (
        rules(("m:a", "old:b"), ("old", "new", 'names = { b = "c" }')),
        (
            'enforcer.toml:3: rule.canonical: "old:b" is itself legacy: "old" at line 5 moves it '
            "to "
            '"new:c". Write canonical = "new:c". (canonical-is-legacy)'
        ),
    ),
    "two rules for a module": (
        rules(("a.b", "c"), ("a.b", "d")),
        (
            'enforcer.toml:6: rule.legacy: "a.b" has a rule already: "a.b" at line 1. '
            "Keep one of the two. (duplicate-rule)"
        ),
    ),
    "module and tree": (
        rules(("a.b", "c"), ("a.b.*", "c.*")),
        (
            'enforcer.toml:6: rule.legacy: "a.b.*" has a rule already: "a.b" at line 1. '
            "Keep one of the two. (duplicate-rule)"
        ),
    ),
    "two rules for a name": (
        rules(("m:a", "m:b"), ("m:a", "m:c")),
        (
            'enforcer.toml:6: rule.legacy: "m:a" has a rule already: "m:a" at line 1. '
            "Keep one of the two. (duplicate-rule)"
        ),
    ),
    "name and submodule": (
        rules(("p.sub", "q"), ("p:sub", "p:other")),
        (
            'enforcer.toml:6: rule.legacy: "p:sub" has a rule already: "p.sub" at line 1. '
            "Keep one of the two. (duplicate-rule)"
        ),
    ),
    "redundant child": (
        rules(("old.*", "new.*"), ("old.sub", "new.sub", 'reason = "moved"')),
        (
            'enforcer.toml:6: rule.legacy: "old.*" at line 1 moves "old.sub" to "new.sub" anyway. '
            "Remove this rule. (redundant-rule)"
        ),
    ),
    "redundant tree in a tree": (
        rules(("old.*", "new.*"), ("old.sub.*", "new.sub.*")),
        (
            'enforcer.toml:6: rule.legacy: "old.*" at line 1 moves "old.sub" to "new.sub" anyway. '
            "Remove this rule. (redundant-rule)"
        ),
    ),
    "name in a legacy module": (
        rules(("old", "new"), ("old:a", "new:b")),
        (
            'enforcer.toml:6: rule.legacy: the module "old" is itself legacy: "old" at line 1. '
            'Write a = "b" under names of that rule, and remove this one. (name-in-legacy-module)'
        ),
    ),
    "name in a legacy tree": (
        rules(("old.*", "new.*"), ("old.m:a", "new.m:b")),
        (
            'enforcer.toml:6: rule.legacy: the module "old.m" is itself legacy: "old.*" at line 1. '
            'Write a rule for the module "old.m" with a = "b" under names, and remove this one. '
            "(name-in-legacy-module)"
        ),
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_conflict_is_one_message_that_names_both_rules(
    mistakes_of: Callable[..., list[str]], case: str
) -> None:
    """File, line and key of the one, path and line of the other, and what to write."""
    text, message = CONFLICTS[case]

    assert mistakes_of(text) == [message]


def test_every_link_of_a_long_chain_points_at_its_end(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """Following the messages once is enough."""
    found = mistakes_of(rules(("a", "b"), ("b", "c"), ("c", "d")))

    assert [line.split("Write ")[1] for line in found] == [
        'canonical = "d". (chain)',
        'canonical = "d". (chain)',
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        # A child that goes elsewhere than its tree.
        [("old.*", "new.*"), ("old.sub", "other.sub")],
        # A child that goes where the tree does, but says something else of the way.
        [("old.*", "new.*"), ("old.sub", "new.sub", 'names = { a = "b" }')],
        [("old.*", "new.*"), ("old.sub", "new.sub", "implementation = true")],
        [("old.*", "new.*"), ("old.sub", "new.sub", 'fallback = "legacy"')],
        [("old.*", "new.*"), ("old.sub", "new.sub", 'stage = "strict"')],
        # Two module rules: in stage observe the second is needed.
        [("old", "new"), ("old.sub", "new.sub")],
        # A neighbour with the same beginning.
        [("old.*", "new.*"), ("x", "older.sub")],
        # Two legacy paths of one canonical path.
        [("a", "c"), ("b", "c")],
        # A legacy child inside of a canonical package.
        [("a", "new"), ("new.old", "new.sub")],
        # The package keeps its own code, so what is below it is no legacy path.
        [("old", "new", "implementation = true"), ("a", "old.sub")],
        # Names of one module, one of which another rule's canonical path shares.
        [("m:a", "m:b"), ("n:a", "m:b"), ("m:c", "n:b")],
    ],
)
def test_rules_that_only_look_like_a_conflict_are_accepted(
    read_map: Callable[..., MigrationMap], pairs: list[tuple[str, ...]]
) -> None:
    """A mistake must be certain, since it refuses the whole map."""
    assert len(read_map(rules(*pairs)).rules) == len(pairs)


def test_a_rule_with_mistakes_of_its_own_takes_no_part(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """Nothing follows from a path that makes no sense."""
    found = mistakes_of(rules(("a", "b"), ("b", "c..d")))

    assert [line.rpartition("(")[2] for line in found] == ["bad-path)"]


def test_stages_play_no_role(mistakes_of: Callable[..., list[str]]) -> None:
    """A chain that is only observed today breaks when it is raised."""
    found = mistakes_of(
        rules(("a", "b", 'stage = "observe"'), ("b", "c", 'stage = "observe"')), ENFORCER_STAGE=""
    )

    assert [line.rpartition("(")[2] for line in found] == ["chain)"]


def test_an_override_of_the_stage_does_not_hide_a_redundant_rule(
    mistakes_of: Callable[..., list[str]],
) -> None:
    """The map is judged as it is written."""
    text = rules(("old.*", "new.*"), ("old.sub", "new.sub"))

    (line,) = mistakes_of(text, ENFORCER_STAGE="strict")

    assert line.endswith("(redundant-rule)")
