"""Coming late, coming twice, leaving nothing behind, and more than one interpreter."""

import subprocess
import sys

import pytest

from tests.patience import PATIENCE


def test_late_enabling_is_said_and_replaces_the_module(case):
    case.rule("par.old", "new.sub")
    case.write("par/old.py", "class Y: pass\n")
    case.environment["BEFORE"] = "import par.old"
    case.check("""
    import par, new.sub
    assert par.old.Y is new.sub.Y
    from par.old import Y
    assert Y is new.sub.Y
    """)
    assert ("late", "par.old") in case.notices
    assert ("par.old", "from par.old import Y") in case.uses


def test_late_enabling_observes_what_is_loaded(case):
    case.rule("par.old", "new.sub", stage="observe")
    case.rule("par.live:old", "par.live:current")
    case.write("par/old.py", "class Y: pass\n")
    case.write("par/live.py", "def current(): pass\ndef old(): pass\n")
    case.environment["BEFORE"] = "import par.old, par.live"
    case.check("""
    from par.old import Y
    from par import old
    assert Y.__module__ == "par.old"
    from par.live import old
    assert old.__name__ == "current"
    """)
    assert ("late", "par.old") in case.notices
    assert sum(case.uses.values()) == 3


@pytest.mark.parametrize("stage", ["strict", "removed"])
def test_late_enabling_of_a_strict_rule_raises(case, stage):
    case.rule("par.old", "new.sub", stage=stage)
    case.write("par/old.py")
    case.environment["BEFORE"] = "import par.old"
    done = case.run("")
    assert done.returncode == 1
    assert '"par.old" had been imported before the enforcer was enabled' in done.stderr
    assert "LateEnablingError" in done.stderr


def test_what_is_disabled_gives_the_same_objects(case):
    """No hook is left; each path that was imported goes on giving what it gave."""
    case.rule("old.*", "new.*")
    case.rule("par.old", "new.sub")
    case.rule("par.seen", "new.sub", stage="observe")
    case.rule("par.live:old", "par.live:current")
    case.rule("par.live:gone", "new.sub:Y")
    case.rule("par.kept:old", "new.sub:Y")
    case.rule("par.unused", "new.sub")
    case.rule("gone.deep.mod", "new.sub")
    case.write("par/seen.py")
    case.write("par/old.py", "class Own: pass\n")
    case.write("par/unused.py", "class Own: pass\n")
    case.write("par/live.py", "def current(): pass\n")
    case.write("par/kept.py", "def old(): return 'own'\ndef inner(): return old()\n")
    case.check("""
    import enforcer
    from importlib import _bootstrap
    import old.sub, par.old, par.seen, par.live, par.kept, gone.deep.mod, new.sub
    from old import sub
    held = sys.modules["old.sub"]
    made = par.old.Y(), par.live.gone(), par.kept.old()
    uses = enforcer.collect()[0]
    enforcer.disable()
    assert not [f for f in sys.meta_path if type(f).__module__.startswith("enforcer")]
    for module in (par, par.old, par.seen, par.live):
        assert type(module) is types.ModuleType, module
    assert type(par.old.__spec__).__name__ == "ModuleSpec"
    locks = {name: lock for name, lock in _bootstrap._module_locks.items()}
    assert not [name for name, lock in locks.items() if type(lock).__module__.startswith("enforcer")]
    assert not hasattr(new, "old") and held.Y is new.sub.Y
    import old, par.old, old.sub, gone.deep.mod
    from par import old as child
    from par.live import old as name, gone as other
    from par.kept import old as defined
    assert child is par.old is sys.modules["old.sub"] is gone.deep.mod is new.sub and old is new
    assert name is par.live.current and other is defined is new.sub.Y
    assert all(isinstance(one, new.sub.Y) for one in made) and par.kept.inner() == "own"
    import par.unused
    assert par.unused.Own.__module__ == "par.unused"
    assert enforcer.collect() == ([], 0)
    enforcer.disable()
    """)
    assert {row["path"] for row in case.rows} >= {"old.sub", "par.old", "gone.deep.mod"}


def test_an_alias_that_replaced_a_module_is_none_that_loads(case):
    """Its spec comes from no load: else each import would wait for one."""
    case.rule("par.old", "new.sub")
    case.write("par/old.py", "class Y: pass\n")
    case.environment["BEFORE"] = "import par.old"
    case.check("""
    assert sys.modules["par.old"].__spec__._initializing is False
    """)


def test_a_late_module_stays_replaced_when_disabled(case):
    case.rule("par.old", "new.sub")
    case.write("par/old.py", "class Own: pass\n")
    case.environment["BEFORE"] = "import par.old"
    case.check("""
    import enforcer, par
    from par.old import Y
    enforcer.disable()
    from par.old import Y as after
    import new.sub
    assert after is Y and par.old is sys.modules["par.old"] is new.sub
    """)


def test_a_strict_rule_holds_again_after_disabling(case):
    """What an earlier watch has left is not late: its plain entries are replaced."""
    case.rule("par.old", "new.sub", stage="strict", names={"build": "Y"})
    case.tolerate(("par.old", "main.py", "<module>"))
    case.check("""
    import enforcer, new.sub
    import par.old
    for _ in range(2):
        enforcer.disable()
        import par.old
        assert par.old is new.sub and par.old.build is new.sub.Y
        enforcer.enable("enforcer.toml", store=False)
        import par.old
        assert par.old.build is new.sub.Y
    def refused():
        import par.old
    try:
        refused()
    except enforcer.LegacyImportError:
        pass
    else:
        raise AssertionError
    """)
    assert ("late", "par.old") not in case.notices


def test_enabling_again_after_disabling(case):
    case.rule("par.old", "new.sub")
    case.check("""
    import enforcer
    import par.old
    def ask():
        import par.old
    ask()
    for _ in range(3):
        enforcer.disable()
        enforcer.enable("enforcer.toml", store=False)
        ask()
    """)
    assert case.uses == {("par.old", "import par.old"): 1}


def test_another_map_is_refused_while_one_is_in_force(case):
    case.rule("par.old", "new.sub")
    case.write("other.toml", '[[rule]]\nlegacy = "x"\ncanonical = "y"\n')
    case.check("""
    import enforcer
    try:
        enforcer.enable("other.toml", store=False)
    except enforcer.EnforcerError as error:
        assert "(already-enabled)" in str(error)
    else:
        raise AssertionError
    """)


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
    run = interpreters.run_string if sys.version_info < (3, 13) else interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
import enforcer
import par.old
program = '''
import sys
assert "ENFORCER_MAP" in __import__("os").environ
import enforcer
import enforcer.startup
assert enforcer.startup.active() is not None
import par.old
from par import old
import new.sub
assert old.Y is new.sub.Y
assert sum(use.count for use in enforcer.collect()[0]) == 2
'''
identity = interpreters.create()
failed = run(identity, program)
assert not failed, failed
interpreters.destroy(identity)
import par.old
assert sum(use.count for use in enforcer.collect()[0]) == 2
print("both")
"""


def test_each_subinterpreter_watches_for_itself(case):
    case.rule("par.old", "new.sub")
    case.write_map()
    case.write("main.py", SUBINTERPRETER)
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=case.folder,
        env={
            "ENFORCER_MAP": str(case.folder / "enforcer.toml"),
            "ENFORCER_FLUSH_INTERVAL": "3600",
            "PYTHONPATH": str(case.folder),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.stdout == "both\n", done.stderr
    assert done.returncode == 0
