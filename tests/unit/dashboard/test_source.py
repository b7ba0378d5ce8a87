"""Source is shown where it is own code, and a change only where it is safe."""

from pathlib import Path

import pytest

from enforcer.dashboard.call_sites import CallSites, Snippet
from enforcer.dashboard.source_lines import around
from enforcer.recording.use import IMPORT_MODULE, IMPORT_STATEMENT, CallSite
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.own_files import own_file, read_source

MODULE = Rule("a.old", "b.new", names={"Old": "New"})
TREE = Rule("a.tree.*", "b.tree.*")
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


MOVED = {
    "a/__init__.py": "",
    "b/__init__.py": "",
    "b/new.py": "X = Old = New = 1\n",
    "b/tree/__init__.py": "",
    "b/tree/sub.py": "X = 1\n",
    "a/mod.py": "x = 1\n",
    "b/mod.py": "new = 1\ndef get(): pass\n",
}


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    for name, text in MOVED.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def snippet(root: Path, rule: Rule, path: str, text: str, mechanism: str) -> Snippet:
    (root / "f.py").write_text(text)
    shown = CallSites(MigrationMap((MODULE, TREE, NAME), root=str(root)))
    site = CallSite(path, file="f.py", line=2, function="", module="f", mechanism=mechanism)
    return shown.snippet_of(rule, site)


@pytest.mark.parametrize(
    ("rule", "path", "old", "new"),
    [
        (MODULE, "a.old", "from a.old import X", "from b.new import X"),
        (MODULE, "a.old", "from a.old import Old as O, X", "from b.new import New as O, X"),
        (MODULE, "a.old", "from a.old import X  # why", "from b.new import X  # why"),
        (MODULE, "a.old", "import a.old", "import b.new"),
        (MODULE, "a.old", "import os, a.old as o", "import os, b.new as o"),
        (MODULE, "a.old", "from a import old", "from b import new as old"),
        (MODULE, "a.old", "from a import mod, old", "from a import mod\nfrom b import new as old"),
        (TREE, "a.tree.sub", "from a.tree import sub", "from b.tree import sub"),
        (NAME, "a.mod:old", "from a.mod import old", "from b.mod import new as old"),
        (
            NAME,
            "a.mod:old",
            "from a.mod import (\n    x,\n    old,\n)",
            "from a.mod import x\nfrom b.mod import new as old",
        ),
    ],
)
def test_what_fix_would_write_is_proposed(
    moved: Path, rule: Rule, path: str, old: str, new: str
) -> None:
    """As enforcer fix writes it, since it is the same code."""
    found = snippet(moved, rule, path, f"# é\n{old}\nx = 1\n", IMPORT_STATEMENT)
    assert found.change is not None, found.advice
    assert (found.change.first, found.change.old) == (2, tuple(old.splitlines()))
    assert found.change.new == tuple(new.splitlines())


@pytest.mark.parametrize(
    ("rule", "path", "line", "advice"),
    [
        (MODULE, "a.old", "from a.old import *", "its rule renames names"),
        (MODULE, "a.old", "import a.old; a = 1", "its name is bound again"),
        (MODULE, "a.old", "from a import old; print(old)", "the module is passed on as a whole"),
    ],
)
def test_what_fix_would_leave_is_not_proposed(
    moved: Path, rule: Rule, path: str, line: str, advice: str
) -> None:
    found = snippet(moved, rule, path, f"\n{line}\n", IMPORT_STATEMENT)
    assert found.change is None
    assert found.advice.startswith(f"# enforcer fix leaves it: {advice}")


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("m = import_module('a.tree.sub')", "m = import_module('b.tree.sub')"),
        ("patch('a.tree.sub.X')", "patch('b.tree.sub.X')"),
        ('monkeypatch.setattr("a.tree.sub.X", int)', 'monkeypatch.setattr("b.tree.sub.X", int)'),
    ],
)
def test_strings_are_proposed(moved: Path, line: str, new: str) -> None:
    found = snippet(moved, TREE, "a.tree.sub", f"\n{line}\n", IMPORT_MODULE)
    assert found.change is not None, found.advice
    assert found.change.new == (new,)


def test_proposals_follow_the_file(moved: Path) -> None:
    """A dashboard runs for days, and files change meanwhile."""
    (moved / "f.py").write_text("from a.old import X\n")
    shown = CallSites(MigrationMap((MODULE,), root=str(moved)))
    site = CallSite(
        "a.old", file="f.py", line=1, function="", module="f", mechanism=IMPORT_STATEMENT
    )
    assert shown.snippet_of(MODULE, site).change is not None
    (moved / "f.py").write_text("from a.old import Old\n")
    change = shown.snippet_of(MODULE, site).change
    assert change is not None
    assert change.new == ("from b.new import New as Old",)


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
