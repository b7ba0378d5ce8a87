"""Factories and rules for instances are checked from source, importing nothing."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.rules.factory_model import Instances
from enforcer.rules.loader import load_map
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map
from enforcer.source.definitions import DefinitionReader
from enforcer.source.findings import MapCheck
from enforcer.source.module_files import Locator

CheckMap = Callable[[str], MapCheck]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project with two modules that must not be imported."""
    files = {
        "oldshop.py": """
            raise SystemExit
            def plain(context): ...
            def other(context, user_id): ...
            async def waits(context): ...
            class Thing: ...
            class Maker:
                def make(self, context): ...
                @staticmethod
                def build(context): ...
                @property
                def value(self): ...
        """,
        "newshop.py": """
            raise SystemExit
            from newbase import Base, moved as get_moved
            def get(context, mode=None): ...
            async def fetch(context): ...
            import functools
            @functools.lru_cache(maxsize=None)
            def cached(context): ...
            from elsewhere import cache
            @cache
            def remembered(context): ...
            async def iterate(context):
                yield context
            class Cart(Base): ...
            Alias = Cart
            import dataclasses
            @dataclasses.dataclass
            class Data:
                user: str
                tags: list = dataclasses.field(default_factory=list)
        """,
        "newbase.py": """
            class Base:
                def __init__(self, user_context, mode="x"): ...
            def moved(context): ...
        """,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(dedent(text))
    return tmp_path


@pytest.fixture
def check(project: Path) -> CheckMap:
    """Check a map of that project."""

    def checked(text: str) -> MapCheck:
        (project / "enforcer.toml").write_text(text)
        found = check_map(load_map(str(project / "enforcer.toml"), environ={}))
        assert not {"oldshop", "newshop", "newbase"} & set(sys.modules)
        return found

    return checked


def factory(legacy: str, canonical: str, more: str = "") -> str:
    return f'[[factory]]\nlegacy = "oldshop:{legacy}"\ncanonical = "newshop:{canonical}"\n{more}\n'


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        (factory("plain", "get"), []),
        (factory("plain", "get_moved"), []),
        (factory("Maker.make", "get"), []),
        (factory("Maker.build", "get"), []),
        (factory("waits", "get"), []),
        (factory("other", "get"), ["argument-in-wrong-place"]),
        (factory("other", "get", 'arguments = { user_id = "mode" }'), []),
        (
            factory("other", "get", 'arguments = { user = "mode" }'),
            ["argument-in-wrong-place", "unknown-argument"],
        ),
        (factory("plain", "fetch"), ["async-mismatch"]),
        (factory("waits", "fetch"), []),
        (factory("waits", "iterate"), ["async-mismatch"]),
        (factory("plain", "Cart"), ["argument-in-wrong-place"]),
        (factory("plain", "Alias", 'arguments = { context = "user_context" }'), []),
        (factory("plain", "Data", 'arguments = { context = "user" }'), []),
        (factory("Thing", "get"), ["factory-is-class"]),
        (factory("gone", "get"), ["factory-not-found"]),
        (factory("plain", "gone"), ["canonical-not-found"]),
        (factory("plain", "get", 'adapter = "newbase:gone"'), ["adapter-not-found"]),
        (factory("plain", "fetch", 'adapter = "newbase:moved"'), []),
        ('[[instances]]\ncanonical = "newshop:Cart"\nkey = "user_context.id"', []),
        ('[[instances]]\ncanonical = "newshop:Data"\nkey = "user"', []),
        (
            '[[instances]]\ncanonical = "newshop:Cart"\nkey = "context.id"',
            ["instance-key-unknown"],
        ),
        ('[[instances]]\ncanonical = "newshop:gone"\nkey = "x"', ["canonical-not-found"]),
        ('[[instances]]\ncanonical = "newshop:iterate"\nkey = "context"', ["not-keyed"]),
        ('[[instances]]\ncanonical = "newshop:cached"\nkey = "context"', ["not-keyed"]),
        ('[[instances]]\ncanonical = "newshop:remembered"\nkey = "context"', []),
        (factory("Maker.value", "get"), ["factory-not-found"]),
        (factory("plain", "cached"), []),
    ],
)
def test_what_would_be_refused_is_found(check: CheckMap, text: str, slugs: list[str]) -> None:
    """By the same names as at run time."""
    found = check(text)
    checks = (*found.factories, *found.instances)
    found_slugs = [finding.slug for each in checks for finding in each.findings]

    assert sorted(set(found_slugs)) == sorted(set(slugs))
    assert found.findings == len(found_slugs)


def test_a_factory_of_an_aliased_module_breaks_nothing(check: CheckMap, project: Path) -> None:
    """Who imports it gets it, though the canonical module has no such name."""
    (project / "app.py").write_text("from oldshop import plain, waits\n")
    found = check('[[rule]]\nlegacy = "oldshop"\ncanonical = "newshop"\n' + factory("plain", "get"))

    assert [missing.name for missing in found.rules[0].would_break] == ["waits"]


def test_what_a_definition_can_not_tell_is_left_open(project: Path) -> None:
    """A base class from elsewhere, a decorator, a star import."""
    (project / "unsure.py").write_text(
        dedent("""
            from somewhere import *
            from nowhere_else import Base
            class Thing(Base): ...
            @Base.register
            class Other: ...
        """)
    )
    reader = DefinitionReader(Locator([str(project)]))

    assert reader.find("unsure:Thing").parameters is None
    assert reader.find("unsure:Other").parameters is None
    assert reader.find("unsure:anything").kind == "other"
    assert reader.find("nowhere_else:Base").kind == "missing"


KEYED = """
class Thing:
    def __init__(self, context=None, mode="x"): ...
class Named:
    def __init__(self, *, user="nobody"): ...
def get(context): ...
class Open:
    def __init__(self, **options): ...
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("call", "is_keyless"),
    [
        ("Thing()", True),
        ("Thing(None)", True),
        ("Thing(context=None)", True),
        ("Thing(mode='y')", True),
        ("Thing(ctx)", False),
        ("Thing(context=ctx)", False),
        ("Thing(*given)", False),
        ("Thing(**given)", False),
        ("keyed.Thing()", True),
        ("legacy.Thing()", True),
        ("old_thing()", True),
        ("Named()", False),
        ("get(None)", True),
        ("get()", False),
        ("Open(other=1)", True),
        ("Open(context=ctx)", False),
    ],
)
def test_calls_without_a_key_are_listed(tmp_path: Path, call: str, is_keyless: bool) -> None:  # noqa: FBT001 - a column of the table
    """On every path; where arguments are missing altogether, Python itself says so."""
    (tmp_path / "keyed.py").write_text(KEYED)
    imports = "import keyed, legacy\nfrom keyed import Thing, Named, get, Open"
    imports += "\nfrom legacy import make as old_thing"
    (tmp_path / "app.py").write_text(f"{imports}\ndef f(ctx, given):\n    return {call}\n")
    keys = {"Thing": "context.id", "Named": "user", "get": "context", "Open": "context"}
    for missing, findings in (("error", int(is_keyless)), ("own", 0)):
        rules = [Instances(f"keyed:{name}", key, missing=missing) for name, key in keys.items()]
        migration_map = MigrationMap(
            [Rule("legacy", "keyed", names={"make": "Thing"}), *rules], root=str(tmp_path)
        )
        found = check_map(migration_map).instances
        places = [str(site) for each in found for site in each.keyless]

        assert places == (["app.py:5"] if is_keyless else [])
        assert sum(len(each.findings) for each in found) == findings
