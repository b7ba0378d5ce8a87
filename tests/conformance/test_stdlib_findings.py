"""What CPython's own tests found, when they ran with the enforcer."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.patience import PATIENCE

PROJECT = Path(__file__).resolve().parents[2]

ENABLE = f"""
import sys
sys.path[:0] = [{str(PROJECT)!r}, "."]
import enforcer
enforcer.enable("enforcer.toml")
"""

ISOLATED = """
assert "datetime" not in sys.modules
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
if sys.version_info < (3, 13):
    identity = interpreters.create(isolated=True)
    failed = interpreters.run_string(identity, PROGRAM)
else:
    identity = interpreters.create("isolated")
    failed = interpreters.exec(identity, PROGRAM)
assert not failed, failed
interpreters.destroy(identity)
import old.sub
import datetime
print("ended")
"""


def run(case, program, *options):
    """Run a program that enables the enforcer itself, in an interpreter that loads little."""
    case.write_map()
    return subprocess.run(
        [sys.executable, "-S", *options, "-c", ENABLE + program],
        cwd=case.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def query(case, question):
    """Ask the store."""
    with closing(sqlite3.connect(case.folder / ".enforcer" / "uses.db")) as connection:
        return connection.execute(question).fetchall()


def test_other_finders_are_asked_under_the_import_lock(case):
    """As importlib does (test_importlib.test_threaded_import)."""
    case.rule("oldtop", "new.sub")
    case.rule("old.*", "new.*")
    case.check("""
    import _imp
    class Finder:
        asked = []
        def find_spec(self, name, path=None, target=None):
            self.asked.append((name, _imp.lock_held()))
    sys.meta_path.insert(0, Finder())
    import oldtop
    import old.sub
    assert ("new.sub", True) in Finder.asked
    assert all(held for name, held in Finder.asked), Finder.asked
    assert not _imp.lock_held()
    """)


def test_a_program_that_nobody_stops_from_ctrl_c_dies_by_it(case):
    """What the last write loads must not turn the signal into an exit code (test_runpy)."""
    case.rule("old.*", "new.*")

    done = run(case, "import old.sub; sys.modules.pop('functools', None); raise KeyboardInterrupt")

    assert done.stderr.endswith("\nKeyboardInterrupt\n")
    assert done.returncode == -signal.SIGINT
    assert query(case, "SELECT sum(count) FROM use") == [(1,)]


def test_a_program_without_the_standard_library_on_its_path_ends_alike(case):
    """What is written at exit is found where it was at start (test_import)."""
    case.rule("old.*", "new.*")

    done = run(case, "import old.sub; sys.path = [0]")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert query(case, "SELECT sum(count) FROM use") == [(1,)]


def test_an_isolated_subinterpreter_leaves_the_others_alone(case):
    """It writes, and what it loaded for that ends nobody else (test_import)."""
    case.rule("old.*", "new.*")

    run(case, "")  # so that both start from the compiled map, and load little
    done = run(case, ISOLATED.replace("PROGRAM", repr(f"{ENABLE}import old.sub")))

    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr
    assert query(case, "SELECT sum(count) FROM use GROUP BY process") == [(1,), (1,)]


def test_multiprocessing_holds_nothing_of_ours(case):
    """Its registries are as long as without (test_multiprocessing_fork), and children count."""
    case.rule("old.*", "new.*")
    program = """
from multiprocessing import get_context, util
before = len(util._afterfork_registry), len(util._finalizer_registry)
def child():
    import old.sub
    sys.exit((len(util._afterfork_registry), len(util._finalizer_registry)) != before)
process = get_context("fork").Process(target=child)
process.start()
process.join()
sys.exit(process.exitcode)
"""

    done = run(case, program)

    assert (done.returncode, done.stderr) == (0, "")
    assert query(case, "SELECT sum(count) FROM use") == [(1,)]
