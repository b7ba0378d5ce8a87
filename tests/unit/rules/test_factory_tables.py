"""Factories and rules for instances are read from the map, with every mistake in them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rules import cache
from enforcer.rules.factory_model import Factory, Instances
from enforcer.rules.keys import FACTORY_KEYS, INSTANCES_KEYS
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap

ReadMap = Callable[..., MigrationMap]
MistakesOf = Callable[..., list[str]]

WHOLE = """
[enforcer]
default_stage = "warn"

[[factory]]
legacy = "shop.old:Carts.create"
canonical = "shop.new:get_cart"
arguments = { context = "user_context", size = "" }
stage = "observe"
reason = "one cart"
owner = "@shop"
since = 2025-01-01
remove_after = "2026-01-01"
removal = "4.0"
link = "docs"

[[factory]]
legacy = "shop.old:make"
canonical = "shop.new:get_cart"
adapter = "shop.compat:make"

[[instances]]
canonical = "shop.new:Cart"
key = "user_context.user_id"
maximum = 10
hold = "strong"
reason = "one for each"

[[rule]]
legacy = "shop.older"
canonical = "shop.new"
"""


def test_everything_is_read(read_map: ReadMap) -> None:
    """Also through the compiled form."""
    migration = read_map(WHOLE)
    first, second = migration.factories
    (kept,) = migration.instances

    assert (first.kind, first.module, first.name) == ("factory", "shop.old", "Carts.create")
    assert (first.target, first.target_name) == ("shop.new", "get_cart")
    assert first.arguments == {"context": "user_context", "size": ""}
    assert (first.stage, second.stage, second.line) == ("observe", "warn", 17)
    assert (second.adapter, second.answering) == ("shop.compat:make",) * 2
    assert (kept.module, kept.name, kept.parts) == ("shop.new", "Cart", ("user_context", "user_id"))
    assert (kept.maximum, kept.hold, kept.stage) == (10, "strong", "warn")
    assert [rule.legacy for rule in migration.rules] == ["shop.older"]
    assert [rule.legacy for rule in migration] == [
        "shop.older",
        "shop.old:Carts.create",
        "shop.old:make",
    ]


def test_the_compiled_form_says_the_same(tmp_path: Path) -> None:
    """The cache loses nothing of it."""
    path = tmp_path / "enforcer.toml"
    path.write_text(WHOLE)
    environ = {"HOME": str(tmp_path)}
    plain, _, cached = (load_map(str(path), environ=environ, cached=each > 0) for each in range(3))

    def said(entry: Factory | Instances) -> list[object]:
        kinds = [kind for kind in type(entry).__mro__ if hasattr(kind, "__slots__")]
        return [getattr(entry, name) for kind in kinds for name in kind.__slots__]

    assert cache.find(str(path), plain.digest, environ) is not None
    assert list(map(said, cached.factories)) == list(map(said, plain.factories))
    assert list(map(said, cached.instances)) == list(map(said, plain.instances))
    assert cached.outline.beside == plain.outline.beside
    for module in ("shop.old", "shop.new", "shop"):
        assert cached.outline.speaks_of(module)


def test_the_stage_of_a_run_holds_for_them_too(read_map: ReadMap) -> None:
    """As for rules."""
    migration = read_map(WHOLE, ENFORCER_STAGE="at-most:observe")

    assert {factory.stage for factory in migration.factories} == {"observe"}
    assert not migration.instances[0].applies()


def test_a_project_file_has_the_same_tables(read_map: ReadMap) -> None:
    """Below [tool.enforcer]."""
    text = WHOLE.replace("[enforcer]", "[tool.enforcer]")
    text = re.sub(r"\[\[(\w+)\]\]", r"[[tool.enforcer.\1]]", text)
    migration = read_map(text, name="pyproject.toml")

    assert (len(migration.factories), len(migration.instances)) == (2, 1)


FACTORY = '[[factory]]\nlegacy = "a.old:make"\ncanonical = "a.new:get"\n'
KEPT = '[[instances]]\ncanonical = "a.new:Thing"\nkey = "user.id"\n'

MISTAKES = {
    '[[factory]]\nlegacy = "a:b"': [
        (
            'enforcer.toml:1: factory: the factory has no "canonical". '
            'Write canonical = "package.new:get_thing". (missing-key)'
        )
    ],
    FACTORY.replace("a.old:make", "a.old"): [
        (
            'enforcer.toml:2: factory.legacy: "a.old" is not the path of a function or a class. '
            "Write package.module:name, or package.module:Class.name: "
            'legacy = "package.old:create_thing". (bad-path)'
        )
    ],
    FACTORY.replace("a.new:get", "a.old:make"): [
        (
            'enforcer.toml:3: factory.canonical: "a.old:make" is the legacy factory as well. '
            "Write the factory that replaces it, or remove this one. (alias-to-itself)"
        )
    ],
    FACTORY + 'argument = { a = "b" }': [
        (
            'enforcer.toml:4: factory.argument: "argument" is not a key of a factory. '
            'Write "arguments". (unknown-key)'
        )
    ],
    FACTORY + 'arguments = { a = "x", b = "x", c = 1, "d e" = "f" }': [
        (
            'enforcer.toml:4: factory.arguments.b: two parameters become "x". '
            'Write each canonical parameter once; "" leaves a legacy one out. (argument-twice)'
        ),
        (
            'enforcer.toml:4: factory.arguments.c: "c" is an integer. '
            'Write c = "new_parameter". (wrong-type)'
        ),
        (
            'enforcer.toml:4: factory.arguments.d e: "d e" is not the name of a parameter. '
            'Write old_parameter = "new_parameter", or "" to leave it out. (bad-name)'
        ),
    ],
    FACTORY + 'adapter = "a.compat:make"\narguments = { a = "b" }': [
        (
            "enforcer.toml:4: factory.adapter: an adapter takes the legacy arguments as they are, "
            "so arguments say nothing. Remove arguments, or remove adapter. "
            "(adapter-with-arguments)"
        )
    ],
    FACTORY * 2: [
        (
            'enforcer.toml:5: factory.legacy: "a.old:make" has a rule already: '
            '"a.old:make" at line 1. Keep one of the two. (duplicate-rule)'
        )
    ],
    FACTORY + '[[rule]]\nlegacy = "a.old:make"\ncanonical = "a.new:other"': [
        (
            'enforcer.toml:2: factory.legacy: "a.old:make" has a rule already: '
            '"a.old:make" at line 4. Keep one of the two. (duplicate-rule)'
        )
    ],
    FACTORY + '[[rule]]\nlegacy = "a.old"\ncanonical = "a.new"\nnames = { make = "made" }': [
        (
            'enforcer.toml:2: factory.legacy: "a.old:make" has a rule already: '
            '"a.old" at line 4. Remove make = "made" from names of that rule, if arguments have to '
            "be translated; or else this factory. (duplicate-rule)"
        )
    ],
    FACTORY + '[[rule]]\nlegacy = "a.new"\ncanonical = "a.newer"': [
        (
            'enforcer.toml:3: factory.canonical: "a.new:get" is itself legacy: "a.new" at line 4 '
            'moves it to "a.newer". Write where it ends. (canonical-is-legacy)'
        )
    ],
    FACTORY.replace("a.old", "sys"): [
        (
            'enforcer.toml:2: factory.legacy: "sys:make" lies in "sys", which the interpreter or '
            "the enforcer itself needs. Remove this rule. (forbidden-legacy)"
        )
    ],
    KEPT * 2: [
        (
            'enforcer.toml:5: instances.canonical: "a.new:Thing" has a rule for instances '
            "already, at line 1. Keep one of the two. (duplicate-rule)"
        )
    ],
    KEPT.replace('key = "user.id"', ""): [
        (
            'enforcer.toml:1: instances: the rule has no "key". '
            'Write key = "context.user_id". (missing-key)'
        )
    ],
    KEPT.replace("user.id", "user..id"): [
        (
            'enforcer.toml:3: instances.key: "user..id" does not say where a key is found. Write a '
            "parameter, and what to reach from it, with dots between: "
            'key = "context.user_id". (bad-key)'
        )
    ],
    KEPT + 'maximum = 0\nhold = "fast"': [
        (
            "enforcer.toml:4: instances.maximum: 0 instances can't be kept. "
            "Write at least 1, or leave it out for no limit. (bad-maximum)"
        ),
        (
            'enforcer.toml:5: instances.hold: "fast" is no way to hold an instance. '
            'Write hold = "weak", which lets it go with its last user, or "strong". (bad-hold)'
        ),
    ],
    KEPT + 'missing = "shared"': [
        (
            'enforcer.toml:4: instances.missing: "shared" is nothing that a call without a key '
            'could get. Write missing = "error", or "own" for an instance of its own. '
            "(bad-missing)"
        )
    ],
    KEPT + "maximum = true": [
        (
            'enforcer.toml:4: instances.maximum: "maximum" is a boolean. '
            "Write maximum = 1000. (wrong-type)"
        )
    ],
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_each_mistake_is_a_message(mistakes_of: MistakesOf, text: str) -> None:
    """With the line, the key and what to write."""
    assert mistakes_of(text) == MISTAKES[text]


def test_the_page_lists_every_key_in_its_order() -> None:
    """And no others, but for those that are as for rules."""
    page = (Path(__file__).parents[3] / "docs" / "map.md").read_text("utf-8")
    factories = page.split("## Factories")[1].split("## Instances")[0]
    instances = page.split("## Instances")[1].split("## Maps that are refused")[0]

    def keys(text: str) -> set[str]:
        table = text.split("| stage | what a call", maxsplit=1)[0]
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
        return {key for row in rows for key in re.findall(r"\w+", row)}

    assert keys(factories) == set(FACTORY_KEYS)
    assert keys(instances) == set(INSTANCES_KEYS)
