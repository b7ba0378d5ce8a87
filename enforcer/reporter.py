"""Write what was recorded to a store every few seconds, from a thread of its own.

The thread is a guest in somebody's program, and keeps out of its way:

* It is started with ``_thread``: the first thread that imports ``threading`` makes itself the
  main thread of Python 3.11 and 3.12. Nothing that it imports later imports ``threading``.
* It blocks all signals, so that the program's threads get them.
* It is gone while the program forks (:meth:`Reporter.before_fork`): no lock of the import
  system or of SQLite is copied while it is held, and a program with one thread stays a
  program with one thread, which Python 3.12 and later would otherwise warn about.
* What it does at exit is bounded in time.

A batch that could not be written is kept and written later with the same number, so that the
store counts it once.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import _thread
import atexit
import gc
import os
import sys
from _thread import TIMEOUT_MAX, allocate_lock, get_ident, start_new_thread
from time import monotonic, sleep

from enforcer.errors import EnforcerError
from enforcer.recording.backlog import Backlog
from enforcer.recording.distributions import distribution_of
from enforcer.recording.use import THIRD_PARTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType
    from typing import Protocol

    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.recording.use import Use
    from enforcer.rules.model import Rule

    class Collector(Protocol):
        """Collect uses; ``enforcer.recording.recorder.Recorder`` does."""

        def collect(self) -> tuple[list[Use], int]:
            """Give the uses since the last call, and how many were lost since."""

    class OpenStore(Protocol):
        """Take batches of uses; ``enforcer.store.sqlite.Store`` does."""

        def watch(self, process: Process, rules: Iterable[Rule]) -> None:
            """Note that a process watches these rules, and that it is still there."""

        def note(self, process: Process, notices: Iterable[Notice]) -> None:
            """Keep what a process had to say of a path."""

        def write(self, process: Process, sequence: int, uses: Sequence[Use], dropped: int) -> None:
            """Add a batch, or do nothing if it was added before."""

        def close(self) -> None:
            """End the visit."""


INTERVAL = 5.0
"""How often to write, in seconds."""

HEARTBEAT = 300.0
"""After how long without a use to tell the store that the process still watches, in seconds."""

FLUSH_PATIENCE = 5.0
FORK_PATIENCE = 0.5
EXIT_PATIENCE = 1.0
GONE_PATIENCE = 0.05

# Not every platform numbers its threads.
_native_id = getattr(_thread, "get_native_id", int)

# The signals of a crash belong to the thread that crashes.
_FAULTS = {_signal.SIGABRT, _signal.SIGBUS, _signal.SIGFPE, _signal.SIGILL, _signal.SIGSEGV}


# These releases look for threads only after the hooks of the fork have run, and would take a
# thread that was started there for one that ran during the fork.
# https://github.com/python/cpython/issues/137109
_COUNTS_THREADS_LATE = (3, 13) <= sys.version_info < (3, 13, 10) or (
    (3, 14) <= sys.version_info < (3, 14, 1)
)


class _Thread:
    # One life of the reporter thread.

    __slots__ = ("done", "is_last", "native_id", "wake")

    def __init__(self) -> None:
        self.wake = allocate_lock()
        self.wake.acquire()
        self.done = allocate_lock()
        self.done.acquire()
        self.native_id = 0
        self.is_last = False

    def end(self, patience: float) -> bool:
        """Ask the thread to end, and tell whether it did."""
        if self.wake.locked():
            self.wake.release()
        return self.done.acquire(timeout=patience)

    def wait_until_gone(self) -> None:
        """Wait until the operating system no longer counts the thread; Linux only."""
        patient_until = monotonic() + GONE_PATIENCE
        while monotonic() < patient_until:
            try:
                os.stat(f"/proc/self/task/{self.native_id}")
            except OSError:
                return
            sleep(0.0001)


class Reporter:
    """Take the differences from a recorder and hand them to a store.

    Attributes:
        process: the process that it reports as.
        last_error: what went wrong with the last write, or None if it went well.

    """

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        recorder: "Collector",
        process: "Process",
        open_store: "Callable[[], OpenStore]",
        rules: "Iterable[Rule]" = (),
        interval: float = INTERVAL,
        *,
        notices: "Callable[[], Sequence[Notice]]" = tuple,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            recorder: what to collect from.
            process: what to report as.
            open_store: opens the store for one visit; called in the reporter's thread.
            rules: the rules that are watched; the store learns them with the first write.
            interval: how often to write, in seconds.
            notices: gives all that this process has to say so far, the newest last.

        """
        self.last_error: Exception | None = None
        self._recorder = recorder
        self._open_store = open_store
        self._rules = tuple(rules)
        self._notices = notices
        self._interval = min(max(interval, 0.01), TIMEOUT_MAX)
        self._stopped = False
        self._registered = False
        self._multiprocessing_knows = False
        self._reset(process, forked=False)

    def _reset(self, process: "Process", *, forked: bool) -> None:
        self.process = process
        self._forked = forked
        self._began = monotonic()
        self._written = 0.0
        self._introduced = False
        self._noted = 0
        self._backlog = Backlog()
        self._thread: _Thread | None = None
        self._starting = allocate_lock()
        self._flushing = allocate_lock()
        self._forking = 0
        self._resume = False

    def start(self) -> None:
        """Start the thread if it doesn't run, and see to it that exit flushes.

        Cheap if there is nothing to do. A forked child has no thread until this is called
        at its first use.
        """
        if self._thread is not None or self._stopped or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._launch()
            if not self._registered:
                self._registered = True
                atexit.register(self.stop)
                self._join_multiprocessing()
        finally:
            self._starting.release()

    def flush(self, timeout: float = FLUSH_PATIENCE) -> bool:
        """Write everything now, and tell whether the store has it all.

        Never call it from inside an import.

        Args:
            timeout: how long to wait for a flush that is under way, in seconds.

        """
        if not self._flushing.acquire(timeout=timeout):
            return False
        try:
            return self._flush()
        finally:
            self._flushing.release()

    def stop(self, timeout: float = EXIT_PATIENCE) -> None:
        """Write everything a last time and end the thread; for good.

        Args:
            timeout: how long to wait for that, in seconds.

        """
        if self._stopped:
            return
        self._stopped = True
        atexit.unregister(self.stop)
        self._finish(timeout)

    def before_fork(self) -> None:
        """End the thread, and hold off any other flush until the fork is done."""
        if not self._flushing.acquire(timeout=FORK_PATIENCE):
            return
        self._forking = get_ident()
        thread = self._thread
        if thread is not None and not self._stopped:
            self._thread = None
            self._resume = True
            if thread.end(FORK_PATIENCE):
                thread.wait_until_gone()

    def after_fork_in_parent(self) -> None:
        """Go on as before the fork."""
        if self._forking != get_ident():
            return
        self._forking = 0
        self._flushing.release()
        if self._resume:
            self._resume = False
            if _COUNTS_THREADS_LATE:
                _call_at_next_collection(self.start)
            else:
                self.start()

    def after_fork(self, process: "Process") -> None:
        """Begin anew in a forked child; its thread starts with its first use.

        Args:
            process: what the child reports as.

        """
        self._reset(process, forked=True)
        self.last_error = None
        self._join_multiprocessing()

    def _join_multiprocessing(self) -> None:
        # Its children leave by os._exit(), which skips atexit, but run its own finalizers.
        # Those that they had before they began their work are forgotten; what is registered
        # "after fork" runs after that.
        util = sys.modules.get("multiprocessing.util")
        register = getattr(util, "register_after_fork", None)
        if register is None:
            return
        if not self._multiprocessing_knows:
            self._multiprocessing_knows = True
            register(self, _finish_with_multiprocessing)
        if sys.modules["multiprocessing.process"].parent_process() is not None:
            _finish_with_multiprocessing(self)

    def _finish(self, timeout: float) -> None:
        try:
            in_time = self._end(timeout)
        except KeyboardInterrupt:
            return
        if not in_time:
            _complain(f"the last uses were not written within {timeout:g} s (report-timed-out)")
        elif self.last_error is not None:
            _complain(_loss(self._backlog.total(), self.last_error))

    def _launch(self) -> _Thread | None:
        # The thread inherits the mask. Were it to block the signals itself, one could reach it
        # before it does, and would not wake a main thread that sleeps.
        thread = _Thread()
        mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals() - _FAULTS)
        try:
            start_new_thread(self._run, (thread,))
            self._thread = thread
        except RuntimeError as error:
            self.last_error = error
        finally:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        return self._thread

    def _run(self, thread: _Thread) -> None:
        try:
            thread.native_id = _native_id()
            while not thread.wake.acquire(timeout=self._interval):
                # Whoever holds the lock is flushing, or waits for this thread to end.
                if self._flushing.acquire(blocking=False):
                    try:
                        self._flush()
                    finally:
                        self._flushing.release()
            if thread.is_last:
                self.flush()
        finally:
            thread.done.release()

    def _end(self, timeout: float) -> bool:
        thread = self._thread or self._launch()
        if thread is None:
            return self.flush(timeout) or self.last_error is not None
        self._thread = None
        thread.is_last = True
        return thread.end(timeout)

    def _flush(self) -> bool:
        try:
            self._take()
            self._write()
        except Exception as error:  # noqa: BLE001 - the watched program comes first
            self.last_error = error
            return False
        self.last_error = None
        return True

    def _take(self) -> None:
        uses, dropped = self._recorder.collect()
        if not (uses or dropped):
            return
        for use in uses:
            site = use.site
            if site.relation == THIRD_PARTY and not site.distribution:
                site.distribution = distribution_of(site.file)
        self._backlog.add(uses, dropped)

    def _write(self) -> None:
        now = monotonic()
        is_due = not self._introduced or now - self._written >= HEARTBEAT
        notices = self._notices()[self._noted :]
        if not self._backlog and not notices:
            # Many programs fork for a moment. A child says that it was there only if it
            # stayed for a while or has something to tell.
            is_brief = self._forked and now - self._began < self._interval
            if not is_due or is_brief:
                return
        store = self._open_store()
        try:
            if is_due:
                store.watch(self.process, self._rules)
                self._introduced = True
            if notices:
                store.note(self.process, notices)
                self._noted += len(notices)
            while self._backlog:
                batch = self._backlog.oldest()
                store.write(self.process, batch.sequence, batch.uses, batch.dropped)
                self._backlog.remove_oldest()
        finally:
            store.close()
        self._written = now


def _finish_with_multiprocessing(reporter: Reporter) -> None:
    # Not stop(): some of its children run what is registered with atexit afterwards.
    util: ModuleType = sys.modules["multiprocessing.util"]
    util.Finalize(None, reporter._finish, (EXIT_PATIENCE,), exitpriority=-100)  # noqa: SLF001 - a part of it


def _call_at_next_collection(call: "Callable[[], None]") -> None:
    def once(phase: str, _: "dict[str, int]") -> None:
        call()
        # To remove any but the last one would make the collector skip its neighbour.
        if phase == "stop" and gc.callbacks[-1] is once:
            gc.callbacks.pop()

    gc.callbacks.append(once)


def _loss(uses: int, error: Exception) -> str:
    reason = error if isinstance(error, EnforcerError) else f"{error!r} (not-kept)"
    if not uses:
        return f"nothing could be kept: {reason}"
    return f"{uses} use{'' if uses == 1 else 's'} could not be kept: {reason}"


def _complain(message: str) -> None:
    try:
        sys.stderr.write(f"enforcer: {message}\n")
    except Exception:  # noqa: BLE001 - there is nobody left to tell
        return
