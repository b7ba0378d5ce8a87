"""The rarer cases that telling call sites apart has a guard for."""

import pytest


@pytest.mark.parametrize("stage", ["observe", "alias"])
@pytest.mark.parametrize("statement", ["import par.old", "from par import old"])
def test_a_site_is_classified_once_also_beside_others_at_its_offset(case, statement, stage):
    case.rule("par.old", "new.sub", stage=stage)
    case.write("par/old.py")
    case.check(f"""
    from enforcer.runtime.imports import link, parents
    programs = [compile("{statement}", f"made{{number}}.py", "exec") for number in range(3)]
    def run_all():
        for program in programs:
            exec(program, {{}})
    run_all()
    run_all()
    def fail(*_):
        raise AssertionError
    link.Link.read = parents._look = fail
    run_all()
    """)
    assert [row["count"] for row in case.rows] == [3, 3, 3]


@pytest.mark.parametrize(
    "expression", ["live.old", "importlib.import_module('oldtop')", "__import__('oldclassy')"]
)
def test_equal_calls_in_two_files_are_two_sites(case, expression):
    case.rule("live:old", "live:current")
    case.rule("oldtop", "new.sub")
    case.rule("oldclassy", "new.classy")
    case.write("live.py", "def current(): pass\ndef old(): pass\n")
    case.write(
        "new/classy.py",
        "import sys, types\nsys.modules[__name__].__class__ = type('C', (types.ModuleType,), {})\n",
    )
    case.check(f"""
    import live
    from enforcer.runtime.imports import link, live_names
    programs = [compile("{expression}", f"made{{number}}.py", "exec") for number in range(3)]
    for program in programs * 2:
        exec(program)
    link.Link.record_load = live_names.LegacyName._look = None  # each is classified by now
    for program in programs * 2:
        exec(program)
    """)
    assert {row["file"]: row["count"] for row in case.rows} == {
        f"made{number}.py": 4 for number in range(3)
    }


def test_own_code_lies_below_the_root_and_in_no_installation(case):
    case.check("""
    from enforcer.runtime.imports.callers import Ownership
    library = os.path.dirname(os.__file__)
    above = os.path.dirname(library)
    assert Ownership(above).of(os.__file__)[0] == "third_party"
    assert Ownership(above).of(above + "/mine.py") == ("own", "mine.py")
    assert Ownership(library + "/mine").of(library + "/mine/a.py") == ("own", "a.py")
    sys.prefix = os.path.abspath("env")
    assert Ownership(".").of(os.path.abspath("env/bin/tool"))[0] == "third_party"
    assert Ownership(".").of("<frozen runpy>")[0] == "third_party"
    assert Ownership(".").of("<string>") == ("own", "<string>")
    """)


def test_machinery_is_nobodys_own_code_wherever_it_lies(case):
    """The enforcer itself may be installed from a folder below the root."""
    case.check("""
    from enforcer.runtime.imports.callers import Ownership
    ask = lambda: Ownership(".").asking(sys._getframe(1), "any")
    third = compile("caller = ask()", "/nowhere/third.py", "exec")
    elsewhere = {"__name__": "third", "ask": ask}
    machinery = compile("exec(third, elsewhere)", os.path.abspath("passing.py"), "exec")
    exec(machinery, {"__name__": "enforcer.passing", "third": third, "elsewhere": elsewhere})
    caller = elsewhere["caller"]
    assert caller.direct.f_code is third
    assert caller.frame is sys._getframe()
    """)


def test_the_packages_above_a_probed_module_are_no_probes(case):
    case.rule("old.*", "new.*")
    case.write("new/deep/__init__.py")
    case.write("new/deep/leaf.py")
    case.check("""
    import old
    assert importlib.util.find_spec("old.deep.leaf")
    """)
    assert case.uses == {("old", "import old"): 1}
    assert case.probes == {"old.deep.leaf": 1}


def test_each_probe_of_a_loaded_legacy_module_is_kept(case):
    case.rule("oldtop", "new.sub")
    case.check("""
    import oldtop
    for _ in range(3):
        assert importlib.util.find_spec("oldtop").name == "oldtop"
    """)
    assert case.uses == {("oldtop", "import oldtop"): 1}
    assert case.probes == {"oldtop": 3}


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('oldtop').Y",
        "importlib.import_module('oldtop').Y",
        "pickle.loads(b'coldtop\\nY\\n.')",
    ],
)
def test_a_call_follows_canonical_replaced_later(case, expression):
    case.rule("oldtop", "new.sub")
    case.check(f"""
    def ask():
        return {expression}
    for _ in range(3):
        ask()
    sys.modules["new.sub"] = other = types.ModuleType("new.sub")
    other.Y = "other"
    for _ in range(3):
        assert ask() == "other"
    del sys.modules["new.sub"]
    assert ask() is sys.modules["new.sub"].Y
    """)
    assert sum(case.uses.values()) == 7


@pytest.mark.parametrize("call", ["importlib.import_module('par.old')", "__import__('par.old')"])
def test_a_call_that_is_executed_again_warns_again(case, call):
    case.rule("par.old", "new.sub", stage="warn")
    case.check(f"""
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(4):
            {call}
    assert len(caught) == 4
    """)


def test_a_framework_imports_for_whoever_calls_it(case):
    case.rule("par.old", "new.sub")
    case.write(
        "lib/site-packages/framework.py",
        "import importlib\ndef load(name):\n    return importlib.import_module(name)\n",
    )
    case.check("""
    sys.path.append("lib/site-packages")
    import framework
    def one():
        framework.load("par.old")
    def two():
        framework.load("par.old")
    for work in (one, two) * 3:
        work()
    """)
    assert {row["function"]: row["count"] for row in case.rows} == {"one": 3, "two": 3}


def test_a_look_up_that_is_executed_again_warns_again(case):
    case.rule("live:old", "live:current", stage="warn")
    case.write("live.py", "def current(): pass\ndef old(): pass\n")
    case.check("""
    import live, warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(4):
            live.old
    assert len(caught) == 4
    """)
