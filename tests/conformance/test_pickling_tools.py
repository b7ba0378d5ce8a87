"""Picklers of others send watched modules as they send any module."""

import sys

import pytest

PROGRAM = """
import pkg.old as old, pkg.live as live, pkg

def fn():
    return old.f(1) + live.new + pkg.TOP

def by_reference(module):
    return lambda: module

"""

TOOLS = {
    "cloudpickle": """
        import cloudpickle
        dumps, loads = cloudpickle.dumps, pickle.loads
        """,
    "cloudpickle by value": """
        import cloudpickle
        import pkg.values
        cloudpickle.register_pickle_by_value(pkg.values)
        dumps, loads = cloudpickle.dumps, pickle.loads
        """,
    "dill": """
        import dill
        dumps, loads = dill.dumps, dill.loads
        """,
    "loky": """
        from joblib.externals.loky.backend import reduction
        dumps, loads = reduction.dumps, pickle.loads
        """,
}


@pytest.fixture
def watched(case):
    """Give a case with a module, a package and a live module that are watched."""
    case.rule("pkg.old", "pkg.new", stage="observe")
    case.rule("pkg.live:old", "pkg.live:new")
    case.write("pkg/__init__.py", "TOP = 1\n")
    case.write("pkg/old.py", "def f(x): return x + 1\n")
    case.write("pkg/new.py", "def f(x): return x + 1\n")
    case.write("pkg/live.py", "new = old = 10\n")
    case.write("pkg/values.py", "import pkg.old as old\ndef g(): return old.f(2)\n")
    return case


@pytest.mark.parametrize("tool", TOOLS)
def test_functions_that_use_watched_modules(watched, tool):
    """A module that is watched, its package, and one with a legacy name, in a closure."""
    lines = [line.strip() for line in TOOLS[tool].strip().splitlines()]
    if tool == "dill" and sys.version_info >= (3, 15):
        pytest.skip("dill 0.4.1 reads co_lnotab, which 3.15 has no longer")
    watched.check(
        "\n".join(lines)
        + PROGRAM
        + "assert loads(dumps(fn))() == 13\n"
        + "for module in (old, live, pkg):\n"
        + "    assert loads(dumps(by_reference(module)))() is module, module\n"
        + "import pkg.values as values\n"
        + "assert loads(dumps(values.g))() == 3\n",
        guard=False,
    )


def test_workers_of_joblib(watched):
    """Functions go to processes of loky, which have no enforcer."""
    watched.check(
        PROGRAM
        + """
from joblib import Parallel, delayed
os.environ["PYTHONPATH"] = os.getcwd()
assert Parallel(n_jobs=2)(delayed(fn)() for _ in range(3)) == [13, 13, 13]
""",
        guard=False,
    )


def test_a_module_that_is_pickled_by_value(watched):
    """A module itself can be sent, as cloudpickle does with one of the program."""
    watched.check(
        """
        import cloudpickle, pkg.old as old
        cloudpickle.register_pickle_by_value(old)
        again = pickle.loads(cloudpickle.dumps(lambda: old))()
        assert again is not old and again.f(1) == 2
        """,
        guard=False,
    )
