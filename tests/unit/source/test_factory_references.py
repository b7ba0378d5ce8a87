"""Test that a scan finds references to factories of live modules, by each form."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.rewriting.project import ProjectRewriter, Wish
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map
from enforcer.source.recording import recorded
from enforcer.source.scan_output import line_of
from enforcer.source.source_scan import SourceScan, scan_source

Write = Callable[[dict[str, str]], Path]

MAKE = Factory("shop.live:make", "shop.new:get")
BUILD = Factory("shop.live:Maker.build", "shop.new:get")
FILES = {
    "shop/__init__.py": "",
    "shop/live.py": "def make(): ...\nclass Maker:\n    def build(self): ...\n",
    "shop/new.py": "def get(): ...\n",
}


def map_of(root: Path, *rules: Rule) -> MigrationMap:
    return MigrationMap(rules or (MAKE, BUILD), root=str(root), path=str(root / "enforcer.toml"))


def scan(root: Path, *rules: Rule) -> SourceScan:
    return scan_source(map_of(root, *rules), is_cached=False)


FORMS = {
    "from shop.live import (Maker,\n  make as m)": "2:3-7 shop.live:make [from]",
    "from shop.live import other, make": "1:30-34 shop.live:make [from]",
    "from .live import make": "1:19-23 shop.live:make [from]",
    "if TYPE_CHECKING:\n  from shop.live import make": "2:25-29 shop.live:make [from] typing",
    "import shop.live\nshop.live.make()": "2:1-15 shop.live:make [attribute]",
    "import shop.live as l\nl.make()": "2:1-7 shop.live:make [attribute]",
    "from shop import live\nlive.make.cache": "2:1-10 shop.live:make [attribute]",
    "from shop.live import Maker\nMaker.build(1)": "2:1-12 shop.live:Maker.build [attribute]",
    "import shop\nshop.live.Maker.build.x": "2:1-22 shop.live:Maker.build [attribute]",
    "patch('shop.live.make')": "1:7-23 shop.live:make [string]",
    "x = 'shop.live:make'": "1:5-21 shop.live:make [string]",
    "x = 'shop.live:Maker.build'": "1:5-28 shop.live:Maker.build [string]",
    "x = 'shop.live.Maker.build.y'": "1:5-30 shop.live:Maker.build [string]",
}


@pytest.mark.parametrize("source", FORMS)
def test_each_form_is_found_where_its_text_is(write: Write, source: str) -> None:
    (found,) = scan(write({**FILES, "shop/app.py": source})).references

    typing = " typing" if found.typing_only else ""
    at = f"{found.line}:{found.column}-{found.end_column}"
    assert f"{at} {found.legacy} [{found.form}]{typing}" == FORMS[source]
    assert (found.canonical, found.is_use) == ("shop.new:get", True)


@pytest.mark.parametrize(
    "source",
    [
        "import shop.live",
        "from shop.live import Maker, maker\nMaker.other()",
        "from shop.live import Maker\nMaker.builder",
        "x = 'shop.live.making', 'shop.live:Maker'",
    ],
)
def test_what_is_no_factory_is_not_named(write: Write, source: str) -> None:
    assert scan(write({**FILES, "shop/app.py": source})).proven == ()


def test_configuration_names_factories_too(write: Write) -> None:
    root = write({**FILES, "conf.toml": 'run = "shop.live:make"', "x.yaml": "f: shop.live.make"})

    assert list(map(line_of, scan(root).references)) == [
        "conf.toml:1:8 shop.live:make → shop.new:get [toml]",
        "x.yaml:1:4 shop.live:make → shop.new:get [yaml]",
    ]


def test_an_import_of_an_aliased_module_is_a_reference_to_the_module(write: Write) -> None:
    """The factory in it is not named a second time."""
    root = write({**FILES, "app.py": "from shop.live import make\nmake()\n"})
    aliased = Rule("shop.live", "shop.new")

    (found,) = scan(root, MAKE, aliased).references
    (factory,) = check_map(map_of(root, MAKE, aliased)).factories

    assert (found.rule, found.names) == ("shop.live", ("make",))
    assert factory.callers == ()


def test_whatever_fix_rewrites_or_leaves_is_found(write: Write) -> None:
    callers = {f"shop/app{n}.py": f"{source}\nm = 0\n" for n, source in enumerate(FORMS)}
    calls = {"shop/calls.py": "from shop.live import make\nfrom shop.old import X\nmake()\n"}
    root = write({**FILES, **callers, **calls})
    rules = (MAKE, BUILD, Rule("shop.old", "shop.new"))

    fixed = ProjectRewriter(map_of(root, *rules), Wish()).rewrite()

    named = {(one.file, one.rule) for one in scan(root, *rules).references}
    listed = {
        (file.file, one.rule)
        for file in fixed.files
        for one in (*file.result.changes, *file.result.left)
    }
    assert ("shop/calls.py", "shop.live:make") in listed
    assert listed <= named


def test_check_and_a_recorded_scan_have_the_same_references(write: Write) -> None:
    """A verdict on a factory knows that the scan has searched for it."""
    root = write({**FILES, "app.py": "from shop.live import make\n"})
    found = scan(root)

    of_make, of_build = check_map(map_of(root)).factories

    assert (of_make.callers, of_build.callers) == (found.proven, ())
    kept = recorded(found, map_of(root))
    assert kept.rules == ("shop.live:make", "shop.live:Maker.build")
    assert kept.findings_of("shop.live:make") == found.proven
