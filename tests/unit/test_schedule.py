"""Write what a recorder collected, from a thread, and at exit."""

import _thread
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.backlog import ROWS_AT_ONCE
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.runtime.process.schedule import Reporter, exit_timeout
from enforcer.store import StoreError
from enforcer.store.queries import Span
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.losses import losses_beside
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE, WAIT_UNTIL, wait_until

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]


class Collected:
    """Hand out what a test put in, once."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.dropped = 0

    def collect(self) -> tuple[list[Use], int]:
        uses, self.uses = self.uses, []
        dropped, self.dropped = self.dropped, 0
        return uses, dropped


class Parts:
    """Hold a reporter with what it collects from and writes to."""

    def __init__(self, path: str, process: Process, rules: tuple[Rule, ...] = ()) -> None:
        self.path = path
        self.recorder = Collected()
        self.process = process
        self.rules = rules
        self.reporter = self.make()

    def make(self, interval: float = 3600.0) -> Reporter:
        self.reporter = Reporter(
            self.recorder,
            self.process,
            lambda patience: Store(self.path, patience),
            self.rules,
            interval,
            store=self.path,
        )
        return self.reporter

    def counts(self) -> dict[str, int]:
        with Reader(self.path) as reader:
            return {f"{row.file}:{row.line}": row.count for row in reader.uses(Span())}

    def has(self, counts: dict[str, int]) -> bool:
        try:
            return self.counts() == counts
        except StoreError:  # it is not there yet, or being made
            return False

    def dropped(self) -> int:
        with Reader(self.path) as reader:
            return reader.dropped(Span())


@pytest.fixture
def parts(tmp_path: Path, make_process: MakeProcess) -> Iterator[Parts]:
    parts = Parts(str(tmp_path / "uses.db"), make_process(), (Rule("shop.old_cart", "shop.cart"),))
    yield parts
    parts.reporter.stop(PATIENCE)


def threads() -> set[str]:
    """Return the threads of this process, also those that ``threading`` does not know."""
    return {path.name for path in Path("/proc/self/task").iterdir()}


def break_store(path: str) -> None:
    Path(path).unlink(missing_ok=True)
    Path(path).mkdir()


def mend_store(path: str) -> None:
    Path(path).rmdir()


def test_flush_writes_what_was_collected(parts: Parts, make_use: MakeUse) -> None:
    """Each flush adds the differences since the last one."""
    for count in (2, 3):
        parts.recorder.uses = [make_use(count=count)]
        assert parts.reporter.flush()

    assert parts.counts() == {"shop/views.py:12": 5}


def test_notices_are_written_without_any_use(parts: Parts) -> None:
    """What a process has to say does not wait for somebody to use something."""
    said = [Notice("late", "shop.old_cart", "It came too early.")]
    reporter = Reporter(
        parts.recorder,
        parts.process,
        lambda patience: Store(parts.path, patience),
        notices=lambda: said,
    )
    reporter.flush()
    said.append(Notice("blind", "shop", "It can't be watched."))
    reporter.flush()

    with Reader(parts.path) as reader:
        assert [notice.kind for notice in reader.notices(Span())] == ["blind", "late"]


def test_flush_writes_what_was_lost(parts: Parts) -> None:
    """What the recorder had to drop is in the store, without any use."""
    parts.recorder.dropped = 3
    parts.reporter.flush()

    assert parts.dropped() == 3


def test_thread_writes_by_itself(parts: Parts, make_use: MakeUse) -> None:
    """Without anybody asking, an interval later the uses are in the store."""
    parts.recorder.uses = [make_use(count=2)]
    parts.make(interval=0.02).start()

    wait_until(lambda: parts.has({"shop/views.py:12": 2}))
    parts.recorder.uses = [make_use(count=5)]
    wait_until(lambda: parts.has({"shop/views.py:12": 7}))


def test_watching_is_told_without_any_use(parts: Parts) -> None:
    """A process that used nothing is known, with the rules that it watched."""
    parts.reporter.flush()

    with Reader(parts.path) as reader:
        assert reader.processes(Span()) == 1
        assert [rule.legacy for rule in reader.rules(Span())] == ["shop.old_cart"]


def test_nothing_new_leaves_the_store_alone(parts: Parts) -> None:
    """After the first write a flush without uses does not open the store."""
    parts.reporter.flush()
    break_store(parts.path)

    assert parts.reporter.flush()


def test_silence_is_broken_now_and_then(parts: Parts) -> None:
    """A process without uses says from time to time that it still watches."""
    reporter = parts.make(interval=0.02)
    reporter.flush()
    with closing(sqlite3.connect(parts.path)) as connection:
        query = "SELECT since, till FROM heartbeat"
        ((began, before),) = connection.execute(query).fetchall()
        reporter.start()

        def has_gone_on() -> bool:
            ((since, till),) = connection.execute(query).fetchall()
            return bool(since == began and till > before)

        wait_until(has_gone_on)


def test_third_party_callers_get_their_distribution(parts: Parts, make_use: MakeUse) -> None:
    """Who owns a file is looked up here, where no import waits for it."""
    parts.recorder.uses = [
        make_use(file=str(Path(pytest.__file__)), relation="third_party"),
        make_use(file=str(Path(pytest.__file__)), relation="own"),
    ]
    parts.reporter.flush()

    with Reader(parts.path) as reader:
        found = {row.relation: row.distribution for row in reader.uses(Span())}
    assert found == {"third_party": "pytest", "own": ""}


def test_failed_write_is_made_good(parts: Parts, make_use: MakeUse) -> None:
    """What could not be written is kept, in order, and written when the store is back."""
    break_store(parts.path)
    for line in (1, 2):
        parts.recorder.uses = [make_use(line=line)]
        assert not parts.reporter.flush()
    assert "not-a-store" in str(parts.reporter.last_error)

    mend_store(parts.path)
    assert parts.reporter.flush()
    assert parts.counts() == {"shop/views.py:1": 1, "shop/views.py:2": 1}
    assert parts.reporter.last_error is None


def test_batch_that_was_written_after_all_counts_once(parts: Parts, make_use: MakeUse) -> None:
    """A write that succeeded, but said that it failed, is repeated and counted once."""

    class Doubtful(Store):
        def close(self) -> None:
            super().close()
            message = "the disk went away"
            raise OSError(message)

    class Forgetful(Store):
        def write(self, *arguments: object) -> None:
            super().write(*arguments)  # type: ignore[arg-type]
            message = "nobody knows whether it was written"
            raise OSError(message)

    stores: list[type[Store]] = [Forgetful, Doubtful, Store]
    reporter = Reporter(
        parts.recorder, parts.process, lambda patience: stores.pop(0)(parts.path, patience)
    )
    parts.recorder.uses = [make_use(count=3)]

    assert not reporter.flush()
    assert not reporter.flush()
    parts.recorder.uses = [make_use(count=4)]
    assert reporter.flush()
    assert parts.counts() == {"shop/views.py:12": 7}


def test_broken_recorder_is_kept_as_the_error(parts: Parts) -> None:
    """Nothing that goes wrong reaches the program."""

    def collect() -> tuple[list[Use], int]:
        message = "broken"
        raise ZeroDivisionError(message)

    parts.recorder.collect = collect  # type: ignore[method-assign]

    assert not parts.reporter.flush()
    assert isinstance(parts.reporter.last_error, ZeroDivisionError)


def test_flushes_do_not_overlap(parts: Parts) -> None:
    """A second flush waits for the first, and gives up in time."""
    entered, leave = threading.Event(), threading.Event()

    def slow_store(patience: Patience) -> Store:
        entered.set()
        assert leave.wait(PATIENCE)
        return Store(parts.path, patience)

    reporter = Reporter(parts.recorder, parts.process, slow_store)
    first = threading.Thread(target=reporter.flush)
    first.start()
    assert entered.wait(PATIENCE)
    assert not reporter.flush(timeout=0.01)
    leave.set()
    first.join()

    assert reporter.flush()


def test_stop_writes_the_rest(parts: Parts, make_use: MakeUse) -> None:
    """What came in since the last interval is written when the program ends."""
    parts.reporter.start()
    parts.recorder.uses = [make_use(count=4)]
    parts.reporter.stop(PATIENCE)

    assert parts.counts() == {"shop/views.py:12": 4}


def test_stop_is_for_good(parts: Parts, make_use: MakeUse) -> None:
    """After it no thread is started and nothing is written by itself."""
    before = threads()
    reporter = parts.make(interval=0.01)
    reporter.stop(PATIENCE)
    reporter.start()
    parts.recorder.uses = [make_use()]
    reporter.stop(PATIENCE)
    wait_until(lambda: threads() <= before)

    assert parts.counts() == {}


def test_stop_is_bounded_in_time(
    parts: Parts, make_use: MakeUse, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that hangs delays the exit by the time that was given, and says so once."""
    leave, left = threading.Event(), threading.Event()

    def hanging_store(patience: Patience) -> Store:
        assert leave.wait(PATIENCE)
        left.set()
        return Store(parts.path, patience)

    reporter = Reporter(parts.recorder, parts.process, hanging_store)
    reporter.start()
    parts.recorder.uses = [make_use()]
    began = time.monotonic()
    reporter.stop(0.1)
    took = time.monotonic() - began
    reporter.stop(0.1)
    assert not left.is_set()  # it came back while the store hung
    leave.set()

    assert took > 0.05
    assert capsys.readouterr().err == (
        "enforcer: the last uses were not written within 0.1 s. Set ENFORCER_EXIT_TIMEOUT to more "
        "seconds if exits may take longer (report-timed-out)\n"
    )


class Pausing:
    """Open stores that wait, before the batch of a number is written, until they may go on."""

    def __init__(self, path: str, sequence: int) -> None:
        self.path = path
        self.sequence = sequence
        self.is_there, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, patience: Patience) -> Store:
        store = Store(self.path, patience)
        write = store.write

        def pause(process: Process, sequence: int, uses: Sequence[Use], dropped: int) -> None:
            if sequence == self.sequence:
                self.is_there.set()
                assert self.may_go_on.wait(PATIENCE)
            write(process, sequence, uses, dropped)

        store.write = pause  # type: ignore[method-assign]
        return store


def totals(path: str) -> tuple[int, int]:
    """Give how many uses the store has, and how many are known to be lost."""
    with Reader(path) as reader:
        return sum(row.count for row in reader.uses(Span())), reader.dropped(Span())


@pytest.mark.parametrize("sequence", [0, 1, 2])
def test_what_was_not_written_in_time_counts_as_lost(
    parts: Parts, make_use: MakeUse, capsys: pytest.CaptureFixture[str], sequence: int
) -> None:
    """An exit leaves behind what the store got so far and a note of all else."""
    sites = 3 * ROWS_AT_ONCE
    open_store = Pausing(parts.path, sequence)
    reporter = Reporter(parts.recorder, parts.process, open_store, store=parts.path)
    parts.recorder.uses = [make_use(line=line) for line in range(1, sites + 1)]
    reporter.start()
    reporter.ask_to_finish(PATIENCE, "exit")
    assert open_store.is_there.wait(PATIENCE)
    reporter.stop(0.1)

    written = sequence * ROWS_AT_ONCE
    assert totals(parts.path) == (written, sites - written)
    assert "report-timed-out" in capsys.readouterr().err

    open_store.may_go_on.set()  # a thread may still run while the interpreter ends
    wait_until(lambda: totals(parts.path) == (sites, 0))


def test_thread_that_never_ran_loses_nothing_unnoted(
    parts: Parts, make_use: MakeUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine may be too busy to let it run once, before there is a store."""
    monkeypatch.setattr("enforcer.runtime.process.thread.start_new_thread", lambda *_: None)
    reporter = parts.make()
    reporter.start()
    parts.recorder.uses = [make_use(count=3)]
    reporter.stop(0.05)

    assert [loss.count for loss in losses_beside(parts.path)] == [3]


@pytest.mark.process
def test_interrupt_of_the_last_wait_leaves_a_note(
    program: Callable[..., str], parts: Parts
) -> None:
    """Who presses Ctrl-C a second time does not wait, and the report knows what is missing."""
    program(
        "import threading\n"
        "def interrupt(_):\n"
        "    raise KeyboardInterrupt\n"
        "reporter.has_finished = interrupt\n"
        "reporter._open_store = lambda patience: threading.Event().wait()\n"
        "use()"
    )

    assert [loss.count for loss in losses_beside(parts.path)] == [1]


@pytest.mark.process
def test_what_fails_unforeseen_is_noted(program: Callable[..., str], parts: Parts) -> None:
    program("reporter._open_store = lambda patience: 1 / 0\nuse()\nuse()")

    assert [loss.count for loss in losses_beside(parts.path)] == [2]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 1.0),
        ("", 1.0),
        ("soon", 1.0),
        ("2.5", 2.5),
        ("0", 0.05),
        ("-inf", 0.05),
        ("nan", 0.05),
        ("1e99", _thread.TIMEOUT_MAX),
    ],
)
def test_the_environment_says_how_long_an_exit_may_take(
    monkeypatch: pytest.MonkeyPatch, text: str | None, seconds: float
) -> None:
    """What is no number leaves the second; nobody waits for no time at all."""
    monkeypatch.delenv("ENFORCER_EXIT_TIMEOUT", raising=False)
    if text is not None:
        monkeypatch.setenv("ENFORCER_EXIT_TIMEOUT", text)

    assert exit_timeout() == seconds


def test_stop_says_what_is_lost(
    parts: Parts, make_use: MakeUse, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that can't be written at the end is one line with the reason."""
    break_store(parts.path)
    parts.recorder.uses = [make_use(count=3)]
    parts.reporter.stop(PATIENCE)

    error = capsys.readouterr().err
    assert error.startswith("enforcer: 3 uses could not be kept: ")
    assert error.endswith("(not-a-store)\n")
    assert error.count("\n") == 1


SCRIPT = f"""
import sys, time
{WAIT_UNTIL}
from enforcer.recording.process import current
from enforcer.recording.recorder import Recorder
from enforcer.recording.use import ALIASED, CallSite
from enforcer.runtime.process.schedule import Reporter, exit_timeout
from enforcer.rules.model import MigrationMap, Rule

rule = Rule("a.old", "a.new")
recorder = Recorder()

def use(file="app.py"):
    site = CallSite("a.old", file=file, line=1, function="f", module="m",
                    mechanism="import_statement")
    recorder.tally(rule, ALIASED, site).count()

def open_store(patience):
    from enforcer.store.sqlite.writer import Store
    return Store(sys.argv[1], patience)

reporter = Reporter(recorder, current(MigrationMap([rule])), open_store, [rule],
                    store=sys.argv[1])
reporter.start()
"""


@pytest.fixture
def program(environ: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """Run a program that has a reporter; give its standard error."""

    def execute(
        code: str, *, expected: int = 0, options: Iterable[str] = (), **variables: str
    ) -> str:
        result = subprocess.run(
            [sys.executable, *options, "-c", SCRIPT + code, str(tmp_path / "uses.db")],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == expected, result.stderr
        return result.stderr

    return execute


@pytest.mark.process
@pytest.mark.parametrize("end", ["", "sys.exit()", "raise SystemExit", "1 / 0"])
def test_exit_flushes(program: Callable[..., str], parts: Parts, end: str) -> None:
    """However Python comes to its end, the last uses are kept."""
    program(f"use()\n{end}", expected=1 if end == "1 / 0" else 0)

    assert parts.counts() == {"app.py:1": 1}


@pytest.mark.process
@pytest.mark.parametrize("end", ["", "import os; os._exit(0)"])
def test_exit_does_not_wait_for_a_store_that_hangs(program: Callable[..., str], end: str) -> None:
    """It waits for as long as the environment says, and says what that is."""
    error = program(
        "import threading\n"
        "reporter._open_store = lambda patience: threading.Event().wait()\n"
        "from enforcer.runtime.process.exits import Guard\n"
        "Guard(reporter.before_end, reporter.after_end).stand(sigterm=False)\n"
        f"use()\n{end}",
        ENFORCER_EXIT_TIMEOUT="0.2",
    )

    assert error == (
        "enforcer: the last uses were not written within 0.2 s. Set ENFORCER_EXIT_TIMEOUT to more "
        "seconds if exits may take longer (report-timed-out)\n"
    )


@pytest.mark.process
def test_use_at_exit_is_kept(program: Callable[..., str], parts: Parts) -> None:
    """Uses in the program's own exit functions are seen: the reporter comes last."""
    program("import atexit; atexit.register(use, 'at_exit.py')")

    assert parts.counts() == {"at_exit.py:1": 1}


@pytest.mark.process
def test_unwritable_store_at_exit(program: Callable[..., str], parts: Parts) -> None:
    """The program ends as it would have, with one line more on standard error."""
    break_store(parts.path)

    error = program("use()\nsys.exit(5)", expected=5)
    assert error.startswith("enforcer: 1 use could not be kept: ")
    assert error.count("\n") == 1


@pytest.mark.process
@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ("use()", "enforcer: 1 use could not be kept: ZeroDivisionError("),
        ("", "enforcer: nothing could be kept: ZeroDivisionError("),
    ],
)
def test_unforeseen_failure_at_exit(program: Callable[..., str], uses: str, expected: str) -> None:
    """Whatever went wrong is one line that can be looked up."""
    error = program(f"reporter._open_store = lambda patience: 1 / 0\n{uses}")

    assert error.startswith(expected)
    assert error.endswith("(not-kept)\n")


@pytest.mark.process
def test_start_is_light(program: Callable[..., str]) -> None:
    """Neither importing nor starting the reporter loads anything that is heavy."""
    program(
        "heavy = {'threading', 'sqlite3', 'signal', 'typing', 're', 'json', 'enum'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)",
        options=["-S"],
    )


@pytest.mark.process
def test_starting_again_starts_no_second_thread(program: Callable[..., str]) -> None:
    """Whoever asks again, from whichever thread, gets the thread that is there."""
    program(
        "import os, threading\n"
        "askers = [threading.Thread(target=reporter.start) for _ in range(8)]\n"
        "for asker in askers: asker.start()\n"
        "for asker in askers: asker.join()\n"
        "wait_until(lambda: len(os.listdir('/proc/self/task')) == 2)"
    )


@pytest.mark.process
def test_reporting_never_loads_threading(program: Callable[..., str]) -> None:
    """The main thread stays the main thread, also where nobody had imported threading."""
    program(
        "use(); reporter.stop(300); assert '_sqlite3' in sys.modules\n"
        "assert 'threading' not in sys.modules\n"
        "import threading; assert threading.current_thread() is threading.main_thread()"
    )


@pytest.mark.process
def test_signals_go_to_the_program(program: Callable[..., str]) -> None:
    """A program that blocks a signal and waits for it is not killed by our thread taking it."""
    program(
        "import os, signal\n"
        "wait_until(lambda: len(os.listdir('/proc/self/task')) == 2)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "wait_until(lambda: signal.SIGTERM in signal.sigpending())\n"
        "assert signal.sigwait({signal.SIGTERM}) == signal.SIGTERM"
    )


def test_thread_never_takes_a_signal(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even before it has run: the signal would not wake a main thread that sleeps."""
    at_creation: list[set[int]] = []

    def start(*arguments: object) -> int:
        at_creation.append(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        return _thread.start_new_thread(*arguments)  # type: ignore[call-overload, no-any-return]

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    monkeypatch.setattr("enforcer.runtime.process.thread.start_new_thread", start)
    parts.reporter.start()

    (inherited,) = at_creation
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM} <= inherited
    assert signal.SIGSEGV not in inherited
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
