"""Report each process of a program that forks as its own, and let it fork as it would have."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.store.queries import Span
from enforcer.store.sqlite.reader import Reader
from tests.patience import PATIENCE, WAIT_UNTIL

pytestmark = pytest.mark.process

SET_UP = """
import os, sys, time
{wait_until}
from enforcer.runtime.process.exits import Guard
from enforcer.recording import unseen_forks
from enforcer.recording.process import current
from enforcer.recording.recorder import Recorder
from enforcer.recording.use import ALIASED, CallSite
from enforcer.runtime.process.schedule import Reporter
from enforcer.rules.model import MigrationMap, Rule

PATH = {path!r}
INTERVAL = {interval!r}
rule = Rule("a.old", "a.new")
rules = MigrationMap([rule])
recorder = Recorder()

def use(file, count=1):
    site = CallSite("a.old", file=file, line=1, function="f", module="m",
                    mechanism="import_statement")
    for _ in range(count):
        recorder.tally(rule, ALIASED, site).count()
    reporter.start()

def real_store(patience):
    from enforcer.store.sqlite.writer import Store
    return Store(PATH, patience)

opening = real_store  # a test may put another function here, at any time

def open_store(patience):
    return opening(patience)

def is_kept(file):
    import sqlite3
    try:
        query = "SELECT count(*) FROM call_site WHERE file = ?"
        return sqlite3.connect(PATH).execute(query, (file,)).fetchone()[0]
    except sqlite3.Error:
        return 0

def after_in_child():
    unseen_forks.was_seen()
    recorder.reset()
    reporter.after_fork(current(rules, parent=reporter.process.id))

def threads():
    return len(os.listdir("/proc/self/task"))

def fork(work):
    pid = os.fork()
    if not pid:
        work()
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0

reporter = Reporter(recorder, current(rules), open_store, [rule], INTERVAL)
reporter.start()
os.register_at_fork(before=reporter.before_fork, after_in_parent=reporter.after_fork_in_parent,
                    after_in_child=after_in_child)
Guard(reporter.before_end, reporter.after_end).stand(sigterm=True)
"""


class Program:
    """Run programs that have a reporter, and read what they left behind."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.path = str(folder / "uses.db")
        self.script = folder / "program.py"
        self.environ = environ

    def run(self, code: str, *options: str, interval: float = 60.0) -> str:
        """Run a program, and give its standard error."""
        set_up = SET_UP.format(path=self.path, interval=interval, wait_until=WAIT_UNTIL)
        self.script.write_text(set_up + dedent(code))
        result = subprocess.run(
            [sys.executable, *options, str(self.script)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, result.stderr
        return result.stderr

    def counts(self) -> dict[str, int]:
        with Reader(self.path) as reader:
            return {row.file: row.count for row in reader.uses(Span())}

    def processes(self) -> int:
        with Reader(self.path) as reader:
            return reader.processes(Span())


@pytest.fixture
def program(tmp_path: Path, environ: dict[str, str]) -> Program:
    return Program(tmp_path, environ)


def test_child_reports_its_own_uses(program: Program) -> None:
    """What the parent had collected is the parent's, what the child does is the child's."""
    program.run("""
        use("parent.py", 3)
        fork(lambda: use("child.py", 2))
        use("parent.py", 1)
    """)

    assert program.counts() == {"parent.py": 4, "child.py": 2}
    assert program.processes() == 2


def test_grandchild(program: Program) -> None:
    """A process forked from a forked one reports too."""
    program.run("""
        def child():
            use("child.py")
            fork(lambda: use("grandchild.py"))
            use("child.py")

        fork(child)
        use("parent.py")
    """)

    assert program.counts() == {"parent.py": 1, "child.py": 2, "grandchild.py": 1}


def test_backlog_of_the_parent_stays_with_the_parent(program: Program) -> None:
    """Batches that could not be written before a fork are not written twice after it."""
    program.run("""
        os.mkdir(PATH)
        use("parent.py", 3)
        assert not reporter.flush()
        os.rmdir(PATH)
        fork(lambda: use("child.py", 2))
    """)

    assert program.counts() == {"parent.py": 3, "child.py": 2}


def test_child_that_did_nothing_leaves_no_trace(program: Program) -> None:
    """Programs that fork for a moment don't fill the store with processes."""
    program.run("fork(lambda: None)")

    assert program.processes() == 1


def test_child_that_stays_says_that_it_was_there(program: Program) -> None:
    """A child that outlives an interval watched, even if it saw nothing."""
    program.run(
        """
        import gc

        def child():
            until = time.monotonic() + INTERVAL
            wait_until(lambda: time.monotonic() > until)
            gc.collect()

        fork(child)
        """,
        interval=0.05,
    )

    assert program.processes() == 2


def test_child_has_a_thread_from_its_first_use_on(program: Program) -> None:
    """The child starts no thread unless it has something to report, and then reports by it."""
    code = """
        def child():
            assert threads() == 1
            use("child.py")
            assert threads() == 2
            wait_until(lambda: is_kept("child.py"))
            os._exit(0)

        fork(child)
    """
    program.run(code, interval=0.05)

    assert program.counts() == {"child.py": 1}


def test_parent_has_its_thread_again(program: Program) -> None:
    """After a fork the parent goes on reporting by itself."""
    program.run("""
        import gc

        for _ in range(3):
            fork(lambda: None)
            gc.collect()  # some releases of 3.13 and 3.14 wait for it
            wait_until(lambda: threads() == 2)
            assert len(gc.callbacks) == 0
    """)


def test_forking_does_not_warn(program: Program) -> None:
    """A program with one thread is still one to Python when it forks.

    https://github.com/python/cpython/issues/100228
    """
    error = program.run("for _ in range(20): fork(lambda: None)", "-W", "always")

    assert error == ""


def test_fork_waits_for_a_flush(program: Program) -> None:
    """No lock is copied while the thread holds it, of an import least of all."""
    code = """
        import threading

        entered = threading.Event()
        left = []

        def slow_store(patience):
            entered.set()
            if not left:
                wait_until(patience.is_needed)  # the fork waits for this
            left.append(1)
            return real_store(patience)

        opening = slow_store
        use("parent.py")
        assert entered.wait(300)
        fork(lambda: sys.exit(not left))
    """
    program.run(code, interval=0.05)

    assert program.counts() == {"parent.py": 1}


def test_fork_waits_for_a_flush_that_was_asked_for(program: Program) -> None:
    """The same holds for a flush in a thread of the program."""
    program.run("""
        import threading, warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # this program has threads itself
        entered = threading.Event()
        left = []

        def slow_store(patience):
            entered.set()
            if not left:
                wait_until(patience.is_needed)  # the fork waits for this
            left.append(1)
            return real_store(patience)

        opening = slow_store
        flusher = threading.Thread(target=reporter.flush)
        flusher.start()
        assert entered.wait(300)
        fork(lambda: sys.exit(not left))
        flusher.join()
        assert reporter.flush()
    """)


def test_fork_does_not_wait_for_ever(program: Program) -> None:
    """A store that hangs holds a fork up for a moment only, and the child works."""
    program.run("""
        import threading

        entered, leave = threading.Event(), threading.Event()

        def hanging_store(patience):
            entered.set()
            leave.wait(300)
            return real_store(patience)

        opening = hanging_store
        reporter._flushing._fork_patience = 0.1
        flusher = threading.Thread(target=reporter.flush, daemon=True)
        flusher.start()
        assert entered.wait(300)

        def child():
            global opening
            opening = real_store
            use("child.py")

        fork(child)
        assert flusher.is_alive()  # the store hung all the time
        leave.set()
        flusher.join()
    """)

    assert program.counts() == {"child.py": 1}


def test_child_that_is_forked_within_a_transaction_leaves_sqlite_alone(program: Program) -> None:
    """It inherits SQLite's list of the locks of this process, and would wait for ever.

    Seen on a busy machine: "database is locked" after minutes, in a store that nobody had locked.
    """
    error = program.run("""
        import threading, warnings
        from enforcer.store.sqlite.rows import Rows

        warnings.simplefilter("ignore", DeprecationWarning)  # this program has threads itself
        entered, leave, beat = threading.Event(), threading.Event(), Rows.beat

        def hanging(rows, key):
            entered.set()
            leave.wait(300)
            beat(rows, key)

        Rows.beat = hanging
        use("parent.py", 2)
        reporter._flushing._fork_patience = 0.1
        flusher = threading.Thread(target=reporter.flush, args=(300,))
        flusher.start()
        assert entered.wait(300)

        def child():
            Rows.beat = beat
            use("child.py", 3)

        fork(child)
        leave.set()
        flusher.join()
        assert reporter.flush(300)
    """)

    assert "3 uses could not be kept: " in error
    assert "this process was forked while its parent wrote to it" in error
    assert program.counts() == {"parent.py": 2}


def test_threads_that_fork_at_once(program: Program) -> None:
    """Forks from several threads neither block each other nor the reporter."""
    program.run("""
        import threading, warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # this program has threads itself

        def work():
            for _ in range(10):
                pid = os.fork()
                if not pid:
                    os._exit(0)
                os.waitpid(pid, 0)

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers: worker.start()
        for worker in workers: worker.join()
        use("parent.py")
        assert reporter.flush()
    """)

    assert program.counts() == {"parent.py": 1}


MULTIPROCESSING = """
    import multiprocessing

    def work(number):
        use(f"child.py")
        return number

    if __name__ == "__main__":
        context = multiprocessing.get_context({method!r})
        children = [context.Process(target=work, args=(number,)) for number in range(3)]
        for child in children: child.start()
        for child in children: child.join()
        assert [child.exitcode for child in children] == [0, 0, 0]
        use("parent.py")
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(program: Program, method: str) -> None:
    """Children of multiprocessing leave without atexit, and report all the same."""
    program.run(MULTIPROCESSING.format(method=method))

    assert program.counts() == {"parent.py": 1, "child.py": 3}


def test_multiprocessing_within_multiprocessing(program: Program) -> None:
    """A child's child reports once, not once for each ancestor."""
    program.run("""
        import multiprocessing
        context = multiprocessing.get_context("fork")

        def child():
            use("child.py")
            inner = context.Process(target=use, args=("grandchild.py",))
            inner.start()
            inner.join()

        outer = context.Process(target=child)
        outer.start()
        outer.join()
        use("parent.py")
    """)

    assert program.counts() == {"parent.py": 1, "child.py": 1, "grandchild.py": 1}


def test_process_pool(program: Program) -> None:
    """The workers of an executor report when it is shut down."""
    program.run("""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        def work(number):
            use("worker.py")

        with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
            list(pool.map(work, range(10)))
    """)

    assert program.counts() == {"worker.py": 10}


def test_killed_child_loses_one_interval_at_most(program: Program) -> None:
    """What was flushed before a kill is kept."""
    program.run("""
        import signal

        def child():
            use("child.py", 5)
            assert reporter.flush()
            use("child.py", 7)
            os.kill(os.getpid(), signal.SIGKILL)

        pid = os.fork()
        if not pid:
            child()
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    """)

    assert program.counts() == {"child.py": 5}


def test_child_names_its_parent(program: Program) -> None:
    """The store can tell which process was forked from which."""
    program.run("""
        fork(lambda: use("child.py"))
        reporter.flush()
        import sqlite3
        query = "SELECT count(*) FROM process AS child JOIN process ON process.id = child.parent"
        assert sqlite3.connect(PATH).execute(query).fetchone() == (1,)
    """)
