"""Source is shown where it is own code, and a change only where it is safe."""

from pathlib import Path

import pytest

from enforcer.dashboard.call_sites import CallSites
from enforcer.dashboard.proposed_change import rewrite
from enforcer.dashboard.source_lines import around, own_file, read_source
from enforcer.recording.use import ATTRIBUTE, IMPORT_MODULE, IMPORT_STATEMENT, CallSite
from enforcer.rules.factory_model import Factory
from enforcer.rules.model import MigrationMap, Rule

MODULE = Rule("a.old", "b.new", names={"Old": "New"})
TREE = Rule("a.old.*", "b.new.*")
NAME = Rule("a.mod:old", "b.mod:new")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "shop").mkdir(parents=True)
    (root / "shop/cart.py").write_text("one\ntwo\nthree\n")
    (root / "secret.env").write_text("PASSWORD=1\n")
    (tmp_path / "outside.py").write_text("outside\n")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "out").symlink_to(tmp_path)
    (root / "folder.py").mkdir()
    return root


def test_own_file_is_read(root: Path) -> None:
    assert read_source(str(root), "shop/cart.py") == ("one", "two", "three")
    assert read_source(str(root), "shop/../shop/cart.py") == ("one", "two", "three")


def test_lines_end_where_python_ends_them(root: Path) -> None:
    """A form feed is white space, and a line of old Macs ends by a carriage return."""
    (root / "odd.py").write_bytes(b"one\x0c\ntwo = '\x1c\x85'\r\nthree\rfour")
    lines = read_source(str(root), "odd.py")
    assert [line[:3] for line in lines] == ["one", "two", "thr", "fou"]


@pytest.mark.parametrize(
    "file",
    [
        "../outside.py",
        "shop/../../outside.py",
        "link.py",
        "out/outside.py",
        "/etc/passwd",
        "secret.env",
        "folder.py",
        "no/such.py",
        "shop/cart.py\0.py",
        "x" * 10_000 + ".py",
        "<string>",
        "",
    ],
)
def test_nothing_else_is_read(root: Path, file: str) -> None:
    """No path from a store leads out of the root, or to anything but Python source."""
    assert own_file(str(root), file) is None
    assert read_source(str(root), file) == ()


def test_absolute_path_into_the_root_is_own(root: Path) -> None:
    assert read_source(str(root), str(root / "shop/cart.py")) == ("one", "two", "three")


def test_without_a_root_nothing_is_read(root: Path) -> None:
    assert read_source("", str(root / "shop/cart.py")) == ()


def test_huge_file_is_not_read(root: Path) -> None:
    (root / "huge.py").write_bytes(b"x\n" * 1_500_000)
    assert read_source(str(root), "huge.py") == ()


def test_lines_around() -> None:
    lines = tuple("abcdefghij")
    assert [line.text for line in around(lines, 1)] == ["a", "b", "c", "d"]
    assert [(line.number, line.is_site) for line in around(lines, 10)] == [
        (7, False),
        (8, False),
        (9, False),
        (10, True),
    ]
    assert around(lines, 0) == around(lines, 11) == ()
    assert around(("x" * 1000,), 1)[0].text == "x" * 240


def site(path: str, line: int = 1, mechanism: str = IMPORT_STATEMENT) -> CallSite:
    return CallSite(path, file="f.py", line=line, function="", module="", mechanism=mechanism)


@pytest.mark.parametrize(
    ("rule", "path", "old", "new"),
    [
        (MODULE, "a.old", "from a.old import X", "from b.new import X"),
        (MODULE, "a.old", "from a.old import Old", "from b.new import New as Old"),
        (MODULE, "a.old", "from a.old import Old as O, X", "from b.new import New as O, X"),
        (MODULE, "a.old", "from a.old import X  # why", "from b.new import X  # why"),
        (MODULE, "a.old", "import a.old as old", "import b.new as old"),
        (MODULE, "a.old", "import os, a.old as o", "import os\nimport b.new as o"),
        (MODULE, "a.old", "from a import old", "from b import new as old"),
        (MODULE, "a.old", "from a import old as o", "from b import new as o"),
        (MODULE, "a.old", "from a import x, old", "from a import x\nfrom b import new as old"),
        (Rule("a.old", "new"), "a.old", "from a import old", "import new as old"),
        (TREE, "a.old.sub", "from a.old.sub import X", "from b.new.sub import X"),
        (TREE, "a.old.sub", "from a.old import sub", "from b.new import sub"),
        (TREE, "a.old.sub", "from a.old.sub import *", "from b.new.sub import *"),
        (NAME, "a.mod:old", "from a.mod import old", "from b.mod import new as old"),
        (
            NAME,
            "a.mod:old",
            "from a.mod import (\n    x,\n    old,\n)",
            "from a.mod import x\nfrom b.mod import new as old",
        ),
    ],
)
def test_statement_is_written_anew(rule: Rule, path: str, old: str, new: str) -> None:
    """The change binds the same names, at every indentation."""
    for indent in ("", "    "):
        lines = tuple(f"{indent}{line}" for line in old.splitlines())
        change = rewrite(("# é", *lines, "x = 1"), rule, site(path, 2))
        assert change is not None
        assert change.first == 2
        assert change.old == lines
        assert change.new == tuple(f"{indent}{line}" for line in new.splitlines())


@pytest.mark.parametrize(
    ("rule", "path", "line"),
    [
        (MODULE, "a.old", "import a.old"),  # the code below says a.old.X
        (MODULE, "a.old", "from . import old"),
        (MODULE, "a.old", "from .old import X"),
        (MODULE, "a.old", "from a.old import *"),  # names were renamed
        (MODULE, "a.old", "import x; import a.old as old"),
        (MODULE, "a.old", "import a.old as old; import x"),
        (MODULE, "a.old", "if x: import a.old as old"),
        (MODULE, "a.old", "from somewhere import else_"),
        (MODULE, "a.old", "import a.older as older"),
        (MODULE, "a.old", "from a.old import ("),
        (MODULE, "a.old", "x = 1"),
        (Factory("a.mod:make", "b.mod:get"), "a.mod:make", "from a.mod import make"),
    ],
)
def test_no_change_where_it_is_not_safe(rule: Rule, path: str, line: str) -> None:
    assert rewrite((line,), rule, site(path)) is None


def test_other_mechanisms() -> None:
    call = "    m = import_module('a.old.sub')"
    change = rewrite((call,), TREE, site("a.old.sub", mechanism=IMPORT_MODULE))
    assert change is not None
    assert change.new == ("    m = import_module('b.new.sub')",)
    assert rewrite(("f('a.old', 'a.old')",), MODULE, site("a.old", 1, IMPORT_MODULE)) is None
    assert rewrite(("a.old",), MODULE, site("a.old", mechanism=ATTRIBUTE)) is None
    assert rewrite(("a.old",), MODULE, site("a.old", 7)) is None


@pytest.mark.parametrize(
    ("line", "rule", "new"),
    [
        ('patch("a.old.Old")', MODULE, 'patch("b.new.New")'),
        ("patch('a.old:Old.x')", MODULE, "patch('b.new:New.x')"),
        (
            'monkeypatch.setattr("a.old.Cart", int)',
            MODULE,
            'monkeypatch.setattr("b.new.Cart", int)',
        ),
        ('import_module("a.old")', MODULE, 'import_module("b.new")'),
        ('patch("a.older.Cart")', MODULE, None),
        ('patch("x.a.old.Cart")', MODULE, None),
        ('patch("a.old.Cart", "a.old.Other")', MODULE, None),
    ],
)
def test_a_string_that_names_the_path_is_written_anew(
    line: str, rule: Rule, new: str | None
) -> None:
    """As far as it goes on into the module, with renamed names."""
    site = CallSite(
        "a.old",
        file="t.py",
        line=1,
        function="f",
        module="t",
        mechanism=IMPORT_MODULE,
        via="m.py:1",
    )
    made = rewrite((line,), rule, site)

    assert (made.new if made else None) == ((new,) if new else None)


def test_a_change_that_would_fail_is_not_shown(tmp_path: Path) -> None:
    """By what the canonical module's source has, in whichever stage."""
    (tmp_path / "old.py").write_text("A = B = 1\n")
    (tmp_path / "new.py").write_text("A = 1\n")
    (tmp_path / "app.py").write_text("from old import A\nfrom old import B\n")
    rule = Rule("old", "new", stage="observe", implementation=True)
    shown = CallSites(MigrationMap([rule], root=str(tmp_path)))

    def advice(line: int, name: str) -> tuple[str, tuple[str, ...]]:
        snippet = shown.snippet_of(
            rule,
            CallSite(
                "old",
                file="app.py",
                line=line,
                function="<module>",
                module="app",
                mechanism=IMPORT_STATEMENT,
                names=(name,),
            ),
        )
        return snippet.advice, snippet.change.new if snippet.change else ()

    assert advice(1, "A") == ("", ("from new import A",))
    assert advice(2, "B") == ('# nothing to write yet: "new" has no "B" yet', ())
