"""Test who is said to be refused by the stage of a rule."""

from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.baseline.model import Baseline, Entry
from enforcer.rules.exemptions import Exemption
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.check import check_map

Write = Callable[[dict[str, str]], Path]
FILES = {
    "shop/__init__.py": "",
    "shop/old.py": "def make(): ...",
    "shop/new.py": "def make(): ...",
    "app.py": """\
        from shop.old import make
        def main():
            from shop import old
            import importlib
            importlib.import_module("shop.old")
        """,
}


def refused(
    root: Path,
    stage: str,
    *entries: Entry,
    rule: tuple[str, str] = ("shop.old", "shop.new"),
    **options: object,
) -> list[str]:
    """Check a map of one rule, and return the places that it refuses."""
    rules = [Rule(*rule, stage=stage)]
    migration_map = MigrationMap(rules, root=str(root), **options)  # type: ignore[arg-type]
    return [str(s) for s in check_map(migration_map, baseline=Baseline(entries)).rules[0].refused]


@pytest.mark.parametrize("stage", ["strict", "removed"])
def test_every_place_is_refused(write: Write, stage: str) -> None:
    """Each form of import."""
    assert refused(write(FILES), stage) == ["app.py:1", "app.py:3", "app.py:5"]


@pytest.mark.parametrize("stage", ["observe", "alias", "warn"])
def test_a_stage_that_lets_everybody_in_refuses_nobody(write: Write, stage: str) -> None:
    """Whoever is listed is listed as a user."""
    assert refused(write(FILES), stage) == []


def test_what_the_baseline_has_is_not_refused(write: Write) -> None:
    """By path, file, function and kind; in stage removed that helps nobody."""
    entries = [
        Entry("shop.old", "app.py", "<module>", "import_statement"),
        Entry("shop.old", "app.py", "main", "import_module"),
        Entry("shop.old", "other.py", "main", "import_statement"),
    ]
    root = write(FILES)

    assert refused(root, "strict", *entries) == ["app.py:3"]
    assert refused(root, "removed", *entries) == ["app.py:1", "app.py:3", "app.py:5"]


def test_an_exemption_holds_until_its_day(write: Write) -> None:
    """As in the running program."""
    root = write(FILES)
    open_one = Exemption("shop.old", "app.py::main", "9999-12-31", "…")
    ended = Exemption("shop.old", "app.py", "2000-01-01", "…")

    assert refused(root, "strict", allow=[open_one, ended]) == ["app.py:1"]


def test_the_map_names_the_baseline(write: Write) -> None:
    """Which is read where a rule is strict."""
    line = '{path="shop.old", file="app.py", function="<module>", kind="import_statement"}'
    root = write({**FILES, "b.toml": f"version = 1\ncall_sites = [\n{line},\n]\n"})
    migration_map = MigrationMap(
        [Rule("shop.old", "shop.new", stage="strict")],
        root=str(root),
        baseline=str(root / "b.toml"),
    )

    assert [str(site) for site in check_map(migration_map).rules[0].refused] == [
        "app.py:3",
        "app.py:5",
    ]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("import shop.old.sub", "shop.old.sub"),
        ("from shop.old import sub", "shop.old.sub"),
        ("from shop.old import sub, make", "shop.old"),
        ("from shop.old import *", "shop.old"),
        ("from shop.old.sub import x", "shop.old.sub"),
    ],
)
def test_a_place_is_known_by_the_path_that_is_recorded(
    write: Write, source: str, path: str
) -> None:
    """A single submodule counts as itself."""
    tree = {
        f"shop/{side}/{name}.py": "x = 1\ndef make(): ..."
        for side in ("old", "new")
        for name in ("__init__", "sub")
    }
    root = write({"shop/__init__.py": "", **tree, "app.py": source})
    entry = Entry(path, "app.py", "<module>", "import_statement")
    rule = ("shop.old.*", "shop.new.*")

    assert refused(root, "strict", rule=rule) == ["app.py:1"]
    assert refused(root, "strict", entry, rule=rule) == []


@pytest.mark.process
@pytest.mark.parametrize(
    ("source", "function"),
    [
        ("class C:\n  from shop.old import make", "C"),
        ("class C:\n  def f(self):\n    import shop.old", "C.f"),
        ("def f():\n  def g():\n    import shop.old", "f.<locals>.g"),
        ("async def f():\n  import shop.old", "f"),
        ("f = lambda: __import__('shop.old')", "<lambda>"),
        ("def f(a=__import__('shop.old')): ...", "<module>"),
        ("@__import__('shop.old').make\ndef f(): ...", "<module>"),
        ("class C(__import__('shop.old').X): ...", "<module>"),
    ],
)
def test_a_place_is_known_by_the_function_that_runs_it(
    write: Write, source: str, function: str
) -> None:
    """As ``co_qualname`` has it; defaults and decorators run outside of the function."""
    root = write({**FILES, "app.py": source})
    kinds = ("import_statement", "import_module")
    entries = [Entry("shop.old", "app.py", function, kind) for kind in kinds]

    assert len(refused(root, "strict")) == 1
    assert refused(root, "strict", *entries) == []


def test_canonical_code_may_use_the_path_that_it_is_moving_from(write: Write) -> None:
    """Strict lets it; what is removed is there for nobody."""
    root = write({**FILES, "shop/new.py": "from shop.old import make", "app.py": ""})

    assert refused(root, "strict") == []
    assert refused(root, "removed") == ["shop/new.py:1"]


def test_what_only_type_checkers_read_is_refused_nothing(write: Write) -> None:
    """Nor is what a string names: nobody knows who looks it up."""
    source = "if TYPE_CHECKING:\n  import shop.old\nx = 'shop.old.make'"

    assert refused(write({**FILES, "app.py": source}), "removed") == []


def test_calls_of_a_factory_are_refused(write: Write) -> None:
    """Not the import of it: that gives what delegates."""
    source = """\
        from shop.old import make
        import shop.old as o
        make()
        def main():
            return o.make()
        """
    root = write({**FILES, "app.py": source})
    rule = Factory("shop.old:make", "shop.new:make", stage="strict")
    migration_map = MigrationMap([rule], root=str(root))
    entry = Entry("shop.old:make", "app.py", "main", "call")

    def places(*entries: Entry) -> list[str]:
        check = check_map(migration_map, baseline=Baseline(entries)).factories[0]
        return [str(site) for site in check.refused]

    assert places() == ["app.py:3", "app.py:5"]
    assert places(entry) == ["app.py:3"]


TESTS = """\
import pytest

@pytest.mark.allow_legacy("shop.old", reason="…")
def test_allowed():
    import shop.old

@pytest.mark.expect_refusal("shop.old")
class TestRefusals:
    def test_it(self):
        def inner():
            import shop.old

def test_looks(legacy_uses):
    import shop.old

def test_other():
    import shop.old
"""


def test_a_test_that_is_let_is_refused_nothing(write: Write) -> None:
    """By a marker, or because it looks at refusals itself; what is removed, nobody may use."""
    root = write({**FILES, "app.py": "", "test_app.py": TESTS})

    assert refused(root, "strict") == ["test_app.py:17"]
    assert refused(root, "removed") == ["test_app.py:5", "test_app.py:17"]


def test_a_whole_file_may_be_marked(write: Write) -> None:
    """What runs when it is collected belongs to no test."""
    marked = (
        "import pytest, shop.old\npytestmark = [pytest.mark.allow_legacy('shop.old', reason='…')]\n"
    )
    marked += "def test_it():\n    import shop.old\n"
    root = write({**FILES, "app.py": "", "test_app.py": marked})

    assert refused(root, "strict") == ["test_app.py:1"]


@pytest.mark.parametrize(
    ("named", "places"),
    [
        ("tests/test_app.py", []),
        ("tests/", []),
        ("tests/test_app.py::test_it[1]", ["tests/test_app.py:4"]),
        ("tests/test_app.py::test", ["tests/test_app.py:2", "tests/test_app.py:4"]),
        ("tests/test_ap", ["tests/test_app.py:2", "tests/test_app.py:4"]),
    ],
)
def test_the_map_may_name_tests_that_expect_refusals(
    write: Write, named: str, places: list[str]
) -> None:
    """A folder, a file or a test, as for a run."""
    source = "def test_it():\n    import shop.old\ndef test_that():\n    import shop.old\n"
    root = write({**FILES, "app.py": "", "tests/test_app.py": source})

    assert refused(root, "removed", expect_refusals=[named]) == places
