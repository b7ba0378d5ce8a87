"""Corners where parts of the import core meet each other, and other tools."""

import os
import subprocess
import sys

import pytest

from tests.patience import PATIENCE


def test_canonical_below_folders_without_init_that_nobody_imported(case):
    """PathFinder makes a namespace package's path from its parent in sys.modules."""
    case.rule("par.old", "new.inner.deeper.mod")
    case.rule("par.top", "spaces.inner.mod")
    case.write("new/inner/deeper/mod.py", "Z = 1\n")
    case.write("spaces/inner/mod.py", "Z = 2\n")
    case.check("""
    assert importlib.util.find_spec("par.old").origin.endswith("deeper/mod.py")
    assert "new" not in sys.modules
    import par.old
    from par.top import Z
    import new.inner.deeper.mod
    assert par.old.Z == 1 and Z == 2
    assert type(new.inner.__path__).__name__.endswith("NamespacePath")
    """)
    assert case.probes == {"par.old": 1}


def test_a_child_that_is_observed_below_an_aliased_tree_runs_its_own_code(case):
    case.rule("old.*", "new.*")
    case.rule("old.seen", "new.seen", stage="observe")
    case.rule("old.kept", "elsewhere", implementation=True)
    case.write("old/__init__.py", "raise RuntimeError('the legacy body ran')\n")
    for name in ("old/seen", "old/kept", "new/seen", "elsewhere"):
        case.write(f"{name}.py", f"W = {name!r}\n")
    case.check("""
    def ask():
        from old import seen, sub
        from old.seen import W
        import old.seen as again
        from old import kept
        assert seen.W == W == again.W == "old/seen" and kept.W == "old/kept"
        assert seen is again is sys.modules["old.seen"] and sub.Y
    import old
    assert not hasattr(old, "seen")
    for _ in range(3):
        ask()
    import new.seen, elsewhere
    ask()
    assert new.seen.W == "new/seen" and vars(new)["seen"] is sys.modules["new.seen"]
    assert old.seen.W == "old/seen" and not hasattr(new, "kept")
    """)
    assert case.uses == {
        ("old", "import old"): 1,
        ("old.seen", "from old import seen, sub"): 4,
        ("old.sub", "from old import seen, sub"): 4,
        ("old.seen", "from old.seen import W"): 4,
        ("old.seen", "import old.seen as again"): 4,
        ("old.kept", "from old import kept"): 4,
    }


@pytest.mark.parametrize(
    "imports",
    [
        "import old.sub, old.seen",
        "importlib.import_module('old.sub'), importlib.import_module('old.seen')",
        "__import__('old.sub'), __import__('old.seen')",
    ],
)
def test_a_loaded_package_is_not_counted_again_for_its_children(case, imports):
    """From 3.15 on the spec of a loaded package is read before a child's lock is taken."""
    case.rule("old.*", "new.*")
    case.rule("old.seen", "new.seen", stage="observe")
    case.write("old/seen.py")
    case.write("new/seen.py")
    case.check(f"import old\n{imports}\n")
    assert case.uses == {
        ("old", "import old"): 1,
        ("old.sub", imports): 1,
        ("old.seen", imports): 1,
    }


def test_threads_that_race_for_a_child_that_stays_get_it_whole(case):
    case.rule("old.*", "new.*")
    case.rule("old.seen", "new.seen", stage="observe")
    case.write("old/seen.py", "import time\ntime.sleep(.1)\nW = 1\n")
    case.write("new/seen.py")
    case.check("""
    got = []
    def ask():
        from old import seen
        got.append(seen.W)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [1] * 4
    """)
    assert case.uses == {("old.seen", "from old import seen"): 4}


def test_a_child_that_stays_can_be_patched_on_its_aliased_package(case):
    case.rule("old.*", "new.*")
    case.rule("old.seen", "new.seen", stage="observe")
    case.write("old/seen.py", "W = 1\n")
    case.write("new/seen.py", "W = 2\n")
    case.check("""
    from unittest import mock
    import old.seen
    with mock.patch("old.seen", types.SimpleNamespace(W=3)):
        assert old.seen.W == sys.modules["old.seen"].W == 3
    with mock.patch("old.seen.W", 4):
        assert old.seen.W == 4
    assert old.seen.W == 1
    import new.seen
    assert new.seen.W == 2
    """)


def test_statements_through_a_replaced_dunder_import_keep_their_place_and_names(case):
    case.rule("old.*", "new.*")
    case.rule("par.old", "new.sub")
    case.rule("par.gone", "new.sub", stage="removed")
    case.check("""
    import builtins
    original = builtins.__import__
    def inner(*arguments, **keywords):
        return original(*arguments, **keywords)
    def replaced(name, *arguments, **keywords):
        return inner(name, *arguments, **keywords)
    builtins.__import__ = replaced
    def ask():
        import old.sub
        from old import sub
        from old.sub import Y
        import par.old as m
        from par import old
        __import__("old.sub")
        try:
            import par.gone
        except ImportError as error:
            assert "(removed-import)" in str(error)
    for _ in range(3):
        ask()
    builtins.__import__ = original
    """)
    assert case.uses == {
        ("old.sub", "return original(*arguments, **keywords)"): 3,
        ("old.sub", "import old.sub"): 3,
        ("old.sub", "from old import sub"): 3,
        ("old.sub", "from old.sub import Y"): 3,
        ("par.old", "import par.old as m"): 3,
        ("par.old", "from par import old"): 3,
        ("par.gone", "import par.gone"): 3,
    }
    assert {tuple(row["names"]) for row in case.rows} == {(), ("Y",)}


def test_an_observed_package_that_imports_its_child_is_counted_once(case):
    case.rule("old.*", "new.*", stage="observe")
    case.write("old/__init__.py", "from old import sub\n")
    case.write("old/sub.py")
    case.check("""
    def ask():
        from old import sub
        import old.sub
    for _ in range(3):
        ask()
    del sys.modules["old"], sys.modules["old.sub"]
    ask()
    """)
    counts = {(row["path"], row["file"], case.line(row)): row["count"] for row in case.rows}
    assert counts == {
        ("old.sub", "old/__init__.py", "from old import sub"): 2,
        ("old.sub", "main.py", "from old import sub"): 4,
        ("old.sub", "main.py", "import old.sub"): 4,
    }


def test_a_package_that_gives_itself_another_class_or_module_is_still_watched(case):
    case.rule("classy.old", "new.sub")
    case.rule("replaced.old", "new.sub", stage="observe")
    case.write("replaced/old.py")
    body = "import sys, types, {0}.old\nclass Own(types.ModuleType): pass\n"
    case.write(
        "classy/__init__.py", body.format("classy") + "sys.modules[__name__].__class__ = Own\n"
    )
    case.write(
        "replaced/__init__.py",
        body.format("replaced")
        + "own = Own(__name__)\nvars(own).update(globals())\nsys.modules[__name__] = own\n",
    )
    case.check("""
    def ask():
        from classy import old
        from replaced import old
        import classy
        return classy.old
    for _ in range(3):
        ask()
    """)
    own = {key: count for key, count in case.uses.items() if "sys" not in key[1]}
    assert own == {
        ("classy.old", "from classy import old"): 3,
        ("replaced.old", "from replaced import old"): 3,
        ("classy.old", "return classy.old"): 3,
    }


def test_a_name_whose_canonical_one_is_made_by_the_modules_own_getattr(case):
    case.rule("live:old", "live:current")
    case.write(
        "live.py",
        """
        def __getattr__(name):
            if name == "current":
                return 5
            raise AttributeError(name)
        """,
    )
    case.check("""
    import live
    from live import old
    assert old == live.old == live.current == 5
    """)
    assert sum(case.uses.values()) == 2


def test_importlibs_dunder_import_counts_the_leaf_only(case):
    case.rule("old.*", "new.*")
    case.check("""
    for _ in range(2):
        importlib.__import__("old.sub")
        importlib.__import__("old")
    """)
    assert case.uses == {
        ("old.sub", 'importlib.__import__("old.sub")'): 2,
        ("old", 'importlib.__import__("old")'): 2,
    }


def test_a_package_that_lost_the_attribute_counts_each_from_import_once(case):
    """C then looks into sys.modules, and reads the spec at the same instruction as before."""
    case.rule("par.old", "new.sub")
    case.check("""
    def ask():
        from par import old
    import par
    ask()
    ask()
    del par.old
    ask()
    ask()
    del sys.modules["par"]
    ask()
    """)
    assert case.uses == {("par.old", "from par import old"): 5}


def test_a_package_gone_from_sys_modules_is_not_counted_for_its_child(case):
    case.rule("old.*", "new.*")
    case.check("""
    def ask():
        import old.sub
    ask()
    del sys.modules["old"]
    ask()
    """)
    assert case.uses == {("old.sub", "import old.sub"): 2}


def test_strict_refuses_leftovers_inside_the_new_package(case):
    """Only the module that moved may still be built on its legacy code."""
    case.rule("old.*", "new.*", stage="strict")
    case.write("old/__init__.py")
    case.write("old/b.py")
    case.write("new/b.py")
    case.write("new/a.py", "import old.b\n")
    case.write("new/c.py", "from old import b\n")
    case.check("""
    for name in ("new.a", "new.c"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            assert "(legacy-import)" in str(error)
        else:
            raise AssertionError(name)
    """)
    assert case.uses == {("old.b", "import old.b"): 1, ("old.b", "from old import b"): 1}


def test_pytest_loads_no_second_copy_of_what_is_named_like_tests(case):
    """Its finder stands before the enforcer's where the environment enables the latter."""
    case.rule("old.*", "new.*")
    case.write("new/tests/__init__.py")
    case.write("new/tests/test_base.py", "class Base: pass\n")
    case.write(
        "test_it.py",
        """
        def test_it():
            from new.tests.test_base import Base
            from old.tests.test_base import Base as aliased
            from old.tests import test_base
            assert Base is aliased is test_base.Base
        """,
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."],
        cwd=case.folder,
        env={**os.environ, "ENFORCER_MAP": str(case.write_map())},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stage", ["alias", "observe", "warn"])
def test_from_imports_that_race_for_the_load_count_once_each(case, stage):
    case.rule("par.old", "new.slow", stage=stage)
    case.rule("tree.*", "new.*", stage=stage)
    for name in ("par/old", "new/slow", "tree/slow"):
        case.write(f"{name}.py", "import time\ntime.sleep(.2)\n")
    case.write("tree/__init__.py")
    case.check("""
    import warnings
    warnings.simplefilter("ignore")
    import par
    go = threading.Barrier(6)
    def from_package():
        go.wait()
        from par import old
    def from_tree():
        go.wait()
        from tree import slow
    threads = [threading.Thread(target=work) for work in (from_package, from_tree) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """)
    assert case.uses == {
        ("par.old", "from par import old"): 3,
        ("tree.slow", "from tree import slow"): 3,
    }


def test_a_call_for_code_from_a_string_belongs_to_the_file_that_runs_it(case):
    """Code from a string may be anybody's, as what starts the workers of pytest-xdist."""
    case.rule("par.old", "new.sub")
    case.write(
        "site-packages/framework.py",
        "import importlib\ndef load(): return importlib.import_module('par.old')\n",
    )
    case.check("""
    sys.path.insert(0, "site-packages")
    import framework
    exec("framework.load()")
    """)
    assert [(row["file"], row["via"].rpartition("/")[2]) for row in case.rows] == [
        ("main.py", "framework.py:2")
    ]


def test_an_alias_of_a_plain_module_answers_for_no_missing_names(case):
    """Each from-import looks for `__path__`: to say no in Python would cost more than the import."""
    case.rule("par.old", "new.sub")
    case.rule("par.package", "new")
    case.check("""
    for _ in range(2):
        from par.old import Y
        import par.package
    assert not hasattr(type(sys.modules["par.old"]), "__getattr__")
    assert hasattr(type(sys.modules["par.package"]), "__getattr__")
    """)


def test_a_name_leads_into_a_module_that_only_importing_its_package_makes(case):
    """As those of six.moves: nothing locates it, and it is there all the same."""
    case.rule("live:old", "made.sub:New")
    case.write("live.py", "class old: pass\n")
    case.write(
        "made/__init__.py",
        """
        import sys, types
        sub = sys.modules["made.sub"] = types.ModuleType("made.sub")
        sub.New = type("New", (), {})
        """,
    )
    case.check("""
    from live import old
    assert old is sys.modules["made.sub"].New
    """)
