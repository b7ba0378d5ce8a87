"""Every form of import is seen, first and cached, with the code that asked."""

import json
import subprocess
import sys

import pytest

from enforcer.report import build
from tests.patience import environment_without

FORMS = {
    "import a.old": "import par.old",
    "import a.old as m": "import par.old as m",
    "from a import old": "from par import old",
    "from a.old import X": "from par.old import X",
    "import_module": "importlib.import_module('par.old')",
    "__import__": "__import__('par.old')",
    "__import__ with keywords": "__import__(name='par.old', fromlist=['X'])",
    "pickle": "pickle.loads(b'cpar.old\\nX\\n.')",
}
STAGES = ["observe", "alias", "warn"]


@pytest.fixture
def moved(case):
    case.write("par/old.py", "class X: pass\n")
    case.write("par/canon.py", "class X: pass\n")
    return case


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("form", FORMS)
def test_form_is_seen_first_and_cached(moved, form, stage):
    moved.rule("par.old", "par.canon", stage=stage)
    statement = FORMS[form]
    moved.check(f"""
    def ask():
        {statement}
    import warnings
    warnings.simplefilter("ignore")
    for _ in range(5):
        ask()
    """)
    assert moved.uses == {("par.old", statement): 5}
    (row,) = moved.rows
    assert row["function"] == "ask"
    assert row["module"] == "__main__"
    assert row["relation"] == "own"
    mechanisms = {"pickle": "pickle", "import_module": "import_module"}
    expected = "import_module" if form.startswith("__import__") else "import_statement"
    assert row["mechanism"] == mechanisms.get(form, expected)


@pytest.mark.parametrize("stage", STAGES)
def test_star_import_is_seen(moved, stage):
    moved.rule("par.old", "par.canon", stage=stage)
    moved.write("star.py", "from par.old import *\n")
    moved.check("""
    import warnings
    warnings.simplefilter("ignore")
    import star
    importlib.reload(star)
    assert star.X is sys.modules["par.old"].X
    """)
    assert moved.uses == {("par.old", "from par.old import *"): 2}
    assert moved.rows[0]["names"] == ["*"]


@pytest.mark.parametrize(
    "statement",
    ["from . import old", "from .old import X", "from .old import *", "from .old import X as Z"],
)
def test_relative_forms_are_seen(moved, statement):
    moved.rule("par.old", "par.canon")
    moved.write("par/caller.py", f"{statement}\n")
    moved.check("""
    import par.caller
    for _ in range(2):
        importlib.reload(par.caller)
    """)
    assert moved.uses == {("par.old", statement): 3}
    assert moved.rows[0]["file"] == "par/caller.py"
    assert moved.rows[0]["module"] == "par.caller"


def test_names_of_a_from_import_are_kept(moved):
    moved.rule("par.old", "par.canon")
    moved.write("par/canon.py", "X = Y = Z = 1\n")
    moved.check("from par.old import X, Y as Q, Z")
    assert moved.rows[0]["names"] == ["X", "Y", "Z"]


def test_attribute_of_the_package_outside_an_import_is_a_use(moved):
    moved.rule("par.old", "par.canon")
    moved.check("""
    import par, par.canon
    import par.old
    def reads():
        return par.old.X
    for _ in range(50):
        assert reads() is par.canon.X
    """)
    assert moved.uses == {("par.old", "import par.old"): 1, ("par.old", "return par.old.X"): 50}
    assert {row["mechanism"] for row in moved.rows} == {"import_statement", "attribute"}


def test_attribute_of_a_module_already_held_is_no_use(moved):
    moved.rule("par.old", "par.canon")
    moved.check("""
    import par.old as held
    for _ in range(3):
        held.X
    """)
    assert moved.uses == {("par.old", "import par.old as held"): 1}


def test_only_the_leaf_of_a_dotted_import_counts(case):
    case.rule("old.*", "new.*")
    case.write("new/deep/__init__.py")
    case.write("new/deep/leaf.py", "Z = 1\n")
    case.check("""
    def ask():
        import old.deep.leaf
        from old.deep.leaf import Z
        __import__("old.deep.leaf")
        importlib.import_module("old.deep.leaf")
    for _ in range(3):
        ask()
    """)
    assert case.uses == {
        ("old.deep.leaf", "import old.deep.leaf"): 3,
        ("old.deep.leaf", "from old.deep.leaf import Z"): 3,
        ("old.deep.leaf", '__import__("old.deep.leaf")'): 3,
        ("old.deep.leaf", 'importlib.import_module("old.deep.leaf")'): 3,
    }


def test_framework_import_belongs_to_the_nearest_own_frame(moved):
    """`import_module` in a framework is the own code's use; via keeps the framework's line."""
    moved.rule("par.old", "par.canon")
    moved.write(
        "lib/site-packages/framework.py",
        "import importlib\ndef load(name):\n    return importlib.import_module(name)\n",
    )
    moved.check("""
    sys.path.append("lib/site-packages")
    import framework
    def setting():
        framework.load("par.old")
    setting()
    setting()
    """)
    (row,) = moved.rows
    assert (moved.line(row), row["function"], row["count"]) == (
        'framework.load("par.old")',
        "setting",
        2,
    )
    assert row["via"].endswith("lib/site-packages/framework.py:3")


def test_statement_in_a_third_party_module_is_its_own_use(moved):
    moved.rule("par.old", "par.canon")
    moved.write("lib/site-packages/framework.py", "from par.old import X\n")
    moved.check("""
    sys.path.append("lib/site-packages")
    import framework
    """)
    (row,) = moved.rows
    assert row["relation"] == "third_party"
    assert row["file"].endswith("lib/site-packages/framework.py")
    assert row["via"] == ""


def test_entry_point_is_seen(moved):
    moved.rule("par.old", "par.canon")
    moved.check("""
    from importlib.metadata import EntryPoint
    def plugins():
        return EntryPoint("x", "par.old:X", "group").load()
    import par.canon
    assert plugins() is plugins() is par.canon.X
    """)
    (row,) = moved.rows
    assert (row["mechanism"], row["function"], row["count"]) == ("entry_point", "plugins", 2)


def test_pickle_in_python_and_in_c_are_seen_each_time(moved):
    moved.rule("par.old", "par.canon")
    moved.check("""
    import par.canon
    old = b"cpar.old\\nX\\n."
    def unpickle():
        assert pickle.loads(old) is par.canon.X
        assert pickle._loads(old) is par.canon.X
    unpickle()
    unpickle()
    """)
    assert sorted(row["count"] for row in moved.rows) == [2, 2]
    assert {row["mechanism"] for row in moved.rows} == {"pickle"}
    assert {row["function"] for row in moved.rows} == {"unpickle"}


def test_a_pickle_of_a_tree_counts_the_leaf_and_not_its_packages(case):
    case.rule("old.*", "new.*")
    case.check("""
    leaf = b"cold.sub\\nY\\n."
    top = b"cold\\nsub\\n."
    def unpickle(data):
        pickle._loads(data)
        pickle.loads(data)
    for data in (leaf, top, leaf, leaf, top):
        unpickle(data)
    """)
    assert case.uses == {
        ("old.sub", "pickle.loads(data)"): 3,
        ("old.sub", "pickle._loads(data)"): 3,
        ("old", "pickle.loads(data)"): 2,
        ("old", "pickle._loads(data)"): 2,
    }


def test_python_m_is_seen_once_and_runs_under_the_canonical_name(case):
    case.rule("old.*", "new.*")
    case.write(
        "new/tool.py", "from . import sub\nprint(__spec__.name, __name__, sub.Y.__module__)\n"
    )
    case.write_map()
    store = case.folder / "uses.db"
    environment = {
        **environment_without("ENFORCER"),
        "ENFORCER_MAP": str(case.folder / "enforcer.toml"),
        "ENFORCER_STORE": str(store),
    }
    done = subprocess.run(
        [sys.executable, "-m", "old.tool"],
        cwd=case.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "new.tool __main__ new.sub\n", done.stderr
    (rule,) = build(str(store)).rules
    assert [(site.path, site.file, site.uses) for site in rule.call_sites] == [
        ("old.tool", "<command line>", 1)
    ]


def test_the_recorded_times_frame_the_uses(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import time
    before = time.time_ns()
    import oldtop
    time.sleep(0.01)
    import oldtop
    after = time.time_ns()
    import enforcer
    uses = enforcer.collect()[0]
    assert all(before <= use.first_seen <= after for use in uses)
    assert all(use.first_seen <= use.last_seen for use in uses)
    """)
    recorded = json.loads((case.folder / "uses.json").read_text())
    assert len(recorded["uses"]) == 2
