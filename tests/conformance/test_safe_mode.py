"""Safe mode: plain aliases, and nothing else, whatever the stage."""

import json

import pytest

SAFE = {"ENFORCER_SAFE": "1"}


@pytest.fixture
def safe(case):
    """Give the folder of a program that begins in safe mode."""
    case.environment |= SAFE
    return case


def test_a_legacy_path_gives_the_canonical_module_itself(safe):
    """Every form of import meets the plain canonical module: its type, its spec, its children."""
    safe.rule("par.old", "new.sub")
    safe.rule("gone.deep.mod", "new.sub")
    safe.rule("top.*", "new.*")
    safe.check("""
    import new.sub
    import par.old
    from par import old
    from par.old import Y
    import gone.deep.mod, top
    from top import sub
    import top.sub as again
    assert par.old is old is gone.deep.mod is sub is again is sys.modules["top.sub"] is new.sub
    assert top is new and Y is new.sub.Y
    assert importlib.import_module("par.old") is new.sub
    assert pickle.loads(b"cpar.old\\nY\\n.") is new.sub.Y
    assert type(par) is type(par.old) is types.ModuleType
    assert par.old.__spec__.name == "new.sub" and type(par.old.__spec__).__name__ == "ModuleSpec"
    """)
    assert safe.rows == []
    assert safe.notices == {("blind", "safe mode")}


@pytest.mark.parametrize("stage", ["observe", "warn", "strict", "removed"])
def test_no_stage_refuses_or_warns(safe, stage):
    """Where the legacy file is gone, each stage gives the canonical module."""
    safe.rule("par.old", "new.sub", stage=stage)
    safe.rule("par.live:old", "par.live:current", stage=stage)
    safe.write("par/live.py", "def current(): pass\n")
    safe.check(
        """
        import par.old, new.sub
        from par.live import old, current
        assert par.old is new.sub and old is current
        """,
        arguments=["-W", "error"],
    )


def test_an_observed_module_keeps_its_own_code(safe):
    safe.rule("par.old", "new.sub", stage="observe")
    safe.rule("par.impl", "new.sub", implementation=True)
    safe.write("par/old.py", "class Own: pass\n")
    safe.write("par/impl.py", "class Own: pass\n")
    safe.check("""
    import par.old, par.impl
    assert par.old.Own.__module__ == "par.old" and par.impl.Own.__module__ == "par.impl"
    """)


def test_stage_off_aliases_only_what_is_gone(case):
    """`ENFORCER_STAGE=off` is as without the enforcer, and ends no program."""
    case.environment["ENFORCER_STAGE"] = "off"
    case.rule("par.old", "new.sub", stage="strict")
    case.rule("par.gone", "new.sub", stage="removed")
    case.write("par/old.py", "class Own: pass\n")
    case.check("""
    import par.old, par.gone, new.sub
    assert par.old.Own.__module__ == "par.old" and par.gone is new.sub
    """)
    assert case.notices == {("blind", "safe mode")}


def test_at_most_observe_aliases_what_is_gone(case):
    """To lower every stage ends no program whose legacy code is gone."""
    case.environment["ENFORCER_STAGE"] = "at-most:observe"
    case.rule("par.old", "new.sub", stage="strict")
    case.rule("par.gone", "new.sub", stage="strict")
    case.write("par/old.py", "class Own: pass\n")
    case.check("""
    import par.old, par.gone, new.sub
    assert par.old.Own.__module__ == "par.old" and par.gone.Y is new.sub.Y
    """)
    assert ("gone", "par.gone") in case.notices


def test_renamed_names_and_legacy_names_are_plain_names(safe):
    """They are added where they are missing; a name that is there stays what it is."""
    safe.rule("par.old", "new.sub", names={"make": "build", "Y": "build"})
    safe.rule("par.live:gone", "new.sub:Y")
    safe.rule("par.live:kept", "new.sub:Y")
    safe.write("new/sub.py", "class Y: pass\ndef build(): return 'built'\n")
    safe.write(
        "par/live.py",
        "def kept(): return 'own'\ndef __getattr__(name):\n    return f'pep562 {name}'\n",
    )
    safe.check("""
    from par.old import make, Y
    import new.sub, par.live, par.old
    assert make is Y is par.old.build is new.sub.build and new.sub.Y.__name__ == "Y"
    from par.live import gone, kept
    assert gone is new.sub.Y and kept() == "own" and par.live.other == "pep562 other"
    assert vars(par.live)["gone"] is new.sub.Y
    assert {"make", "build"} <= set(dir(par.old))
    """)


def test_children_that_went_elsewhere_leave_the_canonical_package_alone(safe):
    safe.rule("top.*", "new.*")
    safe.rule("top.sub", "new.other")
    safe.rule("top.stays", "new.nowhere", stage="observe")
    safe.write("new/other.py", "class Z: pass\n")
    safe.write("new/__init__.py", "value = 1\n")
    safe.write("top/__init__.py")
    safe.write("top/stays.py", "class S: pass\n")
    safe.check("""
    import new.sub, new.other, top.sub, top.stays
    from top import sub, stays, value
    from top import *
    assert top.sub is sub is new.other and new.sub.Y and value == 1
    assert top.stays.S.__module__ == "top.stays" and not hasattr(new, "stays")
    assert top.value == 1 and "value" in dir(top) and top.__path__ == new.__path__
    try:
        top.nothing
    except AttributeError as error:
        assert str(error) == "module 'top' has no attribute 'nothing'"
    """)


def test_the_legacy_code_serves_what_only_it_has(safe):
    """With `fallback`, and for a legacy factory, which is not delegated in safe mode."""
    safe.rule("par.old", "new.sub", fallback="legacy")
    safe.rule("par.made", "new.sub")
    safe.factory("par.made:make", "new.sub:build")
    safe.write("new/sub.py", "class Y: pass\ndef build(): return 'new'\n")
    safe.write("par/old.py", "class Y: pass\ndef only(): return 'old'\n")
    safe.write("par/made.py", "def make(): return 'legacy'\n")
    safe.check("""
    from par.old import Y, only
    from par.made import make, build
    import new.sub
    assert Y is new.sub.Y and only() == "old" and make() == "legacy" and build is new.sub.build
    """)


def test_a_canonical_module_that_imports_its_legacy_path(safe):
    """It gets a placeholder while it loads, which forwards, and makes way."""
    safe.rule("par.old", "new.circle")
    safe.write("new/circle.py", "import par.old as me\nclass Q: pass\nfrom par.old import Q as R\n")
    safe.check("""
    import new.circle as circle
    assert circle.me.Q is circle.R is circle.Q
    import par.old
    assert par.old is circle and sys.modules["par.old"] is circle
    """)


def test_threads_that_import_both_in_circles(safe):
    """Neither thread deadlocks, and both get the whole module."""
    safe.rule("par.old", "new.slow")
    safe.write(
        "new/slow.py",
        """
        import builtins
        builtins.begun.set()
        builtins.asked.wait(60)
        import par.old as me
        class Q: pass
        """,
    )
    safe.check("""
    import builtins
    builtins.begun, builtins.asked = threading.Event(), threading.Event()
    class Last:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "new.slow":
                return None
    failed = []
    def run(name):
        try:
            assert importlib.import_module(name).Q
        except BaseException as error:
            failed.append(error)
    first = threading.Thread(target=run, args=["new.slow"])
    first.start()
    begun.wait(60)
    second = threading.Thread(target=run, args=["par.old"])
    second.start()
    while "par.old" not in sys.modules:
        pass
    asked.set()
    first.join(60), second.join(60)
    assert not failed, failed
    import new.slow
    assert new.slow.me.Q is new.slow.Q and importlib.import_module("par.old") is new.slow
    """)


def test_tools_find_the_canonical_source(safe):
    """`find_spec`, `python -m`, `inspect` and errors are what they are for a moved module."""
    safe.rule("par.tool", "new.tool")
    safe.write("new/tool.py", "print('ran as', __name__)\n")
    safe.check("""
    import inspect, runpy
    spec = importlib.util.find_spec("par.tool")
    assert spec.name == "par.tool" and spec.origin.endswith("tool.py") and "new" not in sys.modules
    assert "ran as" in spec.loader.get_source("par.tool")
    runpy.run_module("par.tool", run_name="__main__")
    import par.tool
    assert inspect.getsource(par.tool) == "print('ran as', __name__)\\n"
    assert importlib.reload(par.tool) is par.tool
    for name in ("par.nothing", "par.tool.nothing"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            assert error.name == name
        else:
            raise AssertionError(name)
    """)


def test_a_missing_canonical_module_leaves_the_legacy_one(safe):
    safe.rule("par.old", "new.missing")
    safe.write("par/old.py", "class Own: pass\n")
    safe.check("""
    import par.old
    assert par.old.Own.__module__ == "par.old"
    """)


def test_what_was_imported_before_stays(safe):
    """Enabling late replaces nothing and refuses nothing: objects never change."""
    safe.rule("par.old", "new.sub", stage="strict")
    safe.write("par/old.py", "class Own: pass\n")
    safe.environment["BEFORE"] = "import par.old"
    safe.check("""
    import par.old
    assert par.old.Own.__module__ == "par.old"
    """)


def test_a_process_that_begins_safely_starts_and_writes_nothing(safe):
    """No thread, no store, no hook around a fork or an exit."""
    safe.rule("par.old", "new.sub")
    safe.write_map()
    safe.environment["BEFORE"] = "import os; ends = os._exit, os.execv"
    safe.check("""
    import enforcer
    enforcer.disable()
    threads = threading.enumerate(), len(os.listdir("/proc/self/task"))
    exits = os._exit
    enforcer.enable("enforcer.toml")
    import par.old, new.sub
    assert par.old is new.sub
    assert os._exit is exits
    assert threads == (threading.enumerate(), len(os.listdir("/proc/self/task")))
    loaded = [name for name in sys.modules if name.startswith("enforcer")]
    heavy = ("enforcer.runtime.process.schedule", "enforcer.runtime.wiring", "enforcer.store", "enforcer.runtime.imports.watch",
             "enforcer.runtime.telemetry", "sqlite3")
    assert not [name for name in loaded if name.startswith(heavy)], loaded
    """)
    assert not (safe.folder / ".enforcer" / "uses.db").exists()
    assert json.loads((safe.folder / "uses.json").read_text())["uses"] == []


def test_what_stood_for_a_module_while_it_loaded_imports_it_again(safe):
    """Somebody kept it, and the canonical module is gone from ``sys.modules``."""
    safe.rule("oldtop", "new.sub")
    safe.write("new/sub.py", "import oldtop as me\nclass Y: pass\n")
    safe.check("""
    import oldtop
    kept = oldtop.me
    assert kept is not oldtop and kept.Y is oldtop.Y
    del sys.modules["new.sub"]
    assert kept.Y is sys.modules["new.sub"].Y is not oldtop.Y
    kept.added = 1
    assert sys.modules["new.sub"].added == 1 and not hasattr(oldtop, "added")
    """)
