"""Count what other people's programs do to imports as it is: no more, no less."""

import pytest


def test_a_look_is_counted_however_often_its_instruction_ran(case):
    """3.12 specialises a read of `__spec__`, and then stands behind the instruction."""
    case.rule("old", "new.sub")
    case.rule("par.old", "new.sub")
    case.check("""
    import old
    def look():
        return old.__spec__
    for _ in range(40):
        look()
    from importlib.util import find_spec
    for _ in range(40):
        find_spec("old")
    """)
    assert case.uses == {("old", "import old"): 1}
    assert case.probes == {"old": 40}


def test_a_helper_imports_a_module_and_then_its_package(case):
    """The second import is no part of the first, whoever the helper is."""
    case.rule("old.*", "new.*")
    case.write("new/p/__init__.py")
    case.write("new/p/q.py", "x = 1\n")
    case.check("""
    def load(path): return __import__(path, fromlist=["x"])
    def resolve(path): return __import__(path, fromlist=["__name__"], level=0)
    def spelled(path): return __import__(path, globals(), locals(), ["x"], 0)
    def leaf(path): return __import__(path)
    def empty(path): return __import__(path, globals(), locals(), [], 0)
    def nothing(path): return __import__(path, None, None, None)
    for _ in range(10):
        for helper in (load, resolve, spelled, leaf, empty, nothing):
            for path in ("old.p.q", "old.p", "old"):
                helper(path)
    """)
    counts = {}
    for row in case.rows:
        counts[row["function"], row["path"]] = row["count"]
    assert counts == {
        (helper, path): 10
        for helper in ("load", "resolve", "spelled", "leaf", "empty", "nothing")
        for path in ("old.p.q", "old.p", "old")
    }


def test_a_name_that_is_exported_twice(case):
    """A star import reads each entry of `__all__`, and is one use."""
    case.rule("par.live:old_name", "par.live:name")
    case.rule("pkg.old", "new.sub")
    case.rule("pkg.seen", "new.sub", stage="observe")
    case.write(
        "par/live.py",
        "name = old_name = 1\n__all__ = ['old_name', 'name', 'old_name', 'old_name']\n",
    )
    case.write("pkg/__init__.py", "__all__ = ['old', 'seen', 'old', 'seen']\n")
    case.write("pkg/seen.py")
    case.check("""
    def star(module):
        exec(f"from {module} import *", {"__name__": "stars"})
    import pkg.old, pkg.seen
    code = compile("from par.live import *", "stars.py", "exec")
    packages = compile("from pkg import *", "stars.py", "exec")
    for _ in range(5):
        exec(code, {})
        exec(packages, {})
    """)
    counts = {row["path"]: row["count"] for row in case.rows if row["file"] == "stars.py"}
    assert counts == {"par.live:old_name": 5, "pkg.old": 5, "pkg.seen": 5}


@pytest.mark.parametrize("stage", ["alias", "observe"])
def test_a_package_that_was_taken_out_before_its_module_loads(case, stage):
    """To load `old` anew for the sake of a module below it is no use of `old`."""
    case.rule("old.*", "new.*", stage=stage)
    for name in ("__init__", "r", "s", "t", "u"):
        case.write(f"new/p/{name}.py")
        case.write(f"old/p/{name}.py")
    case.check("""
    import old.p
    sys.modules.pop("old")
    import old.p.r
    sys.modules.pop("old")
    importlib.import_module("old.p.s")
    sys.modules.pop("old", None)
    __import__("old.p.t")
    sys.modules.pop("old")
    from old.p import u
    """)
    assert case.uses == {
        ("old.p", "import old.p"): 1,
        ("old.p.r", "import old.p.r"): 1,
        ("old.p.s", 'importlib.import_module("old.p.s")'): 1,
        ("old.p.t", '__import__("old.p.t")'): 1,
        ("old.p.u", "from old.p import u"): 1,
    }


def test_a_submodule_that_was_taken_out_of_sys_modules(case):
    """What the package still shows under that name is the submodule."""
    case.rule("old.*", "new.*")
    case.rule("kept.*", "moved.*", stage="observe")
    case.write("new/b.py")
    case.write("kept/__init__.py")
    case.write("kept/b.py")
    case.check("""
    from old import b
    import new.b
    sys.modules.pop("new.b")
    from old import b  # again
    sys.modules.pop("old.b")
    from old import b  # alone
    from kept import b  # kept
    sys.modules.pop("kept.b")
    from kept import b  # kept, again
    """)
    assert {row["path"] for row in case.rows} == {"old.b", "kept.b"}
    assert case.uses == {
        ("old.b", "from old import b"): 3,
        ("kept.b", "from kept import b"): 2,
    }
