"""A background thread without ``threading`` and signals, and calls after garbage collections.

* It is started with ``_thread``: on 3.11 and 3.12 the first thread that imports ``threading`` is
  taken for the main thread. Nothing that the thread imports later imports ``threading``.
* It blocks all signals, so that the program's threads get them.
* It can be ended before the program forks, so that no lock of the import system or of SQLite is
  copied while it is locked. A program with one thread then still has one thread when it forks;
  from 3.12 on Python warns about a fork with several.
"""

import _signal  # type: ignore[import-not-found]  # "signal" would load enum
import _thread
import gc
import os
import sys
from _thread import allocate_lock, start_new_thread
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN_PATIENCE = 0.05
GONE_PATIENCE = 0.05

COUNTS_THREADS_LATE = (3, 13) <= sys.version_info < (3, 13, 10) or (
    (3, 14) <= sys.version_info < (3, 14, 1)
)
"""Whether Python counts threads only after the fork hooks have run, to warn about a fork.

It would count a thread that such a hook starts as one that ran during the fork.
https://github.com/python/cpython/issues/137109
"""

RACES_FOR_COLLECTIONS = (3, 13) <= sys.version_info < (3, 13, 1)
"""Whether the first import of ``collections`` may fail if two threads make it at once.

A thread that loads SQLite imports it, perhaps while the program does, so it is imported before.
https://github.com/python/cpython/issues/125245
"""

# Not every platform has native thread ids.
_native_id = getattr(_thread, "get_native_id", int)

# The signals of a crash are delivered to the thread that crashes. They are never blocked, or
# faulthandler and core dumps would not work in this thread.
_FAULTS = {
    getattr(_signal, name)
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV")
    if hasattr(_signal, name)  # Windows has no SIGBUS
}


class Guest:
    """One thread, from its start to its end.

    Its locks are events: ``_thread`` has no other primitive, and ``threading`` is not loaded.

    Attributes:
        is_last: whether no other thread will follow, as it was told.

    """

    __slots__ = ("_done", "_is_starting", "_native_id", "_wake", "is_last")

    def __init__(self) -> None:
        self._wake = allocate_lock()
        self._wake.acquire()
        self._done = allocate_lock()
        self._done.acquire()
        self._is_starting = allocate_lock()
        self._is_starting.acquire()
        self._native_id = 0
        self.is_last = False

    def start(self, run: "Callable[[Guest], None]") -> None:
        """Run a function in a new thread.

        Raises:
            RuntimeError: if no thread can be started.

        """

        def live() -> None:
            self._native_id = _native_id()
            try:
                run(self)
            finally:
                self._done.release()

        # A new thread inherits the signal mask. If it blocked the signals itself, one could be
        # delivered to it before that, and would not wake a main thread that sleeps in a system
        # call.
        mask_signals = getattr(_signal, "pthread_sigmask", None)
        if mask_signals is None:  # Windows: signals reach the main thread alone
            start_new_thread(live, ())
            return
        mask = mask_signals(_signal.SIG_BLOCK, _signal.valid_signals() - _FAULTS)
        try:
            start_new_thread(live, ())
        finally:
            mask_signals(_signal.SIG_SETMASK, mask)

    def settle(self) -> None:
        """Wait until the thread rests for the first time.

        C code may fork next. A thread that only begins is waiting for the GIL then, and the child
        would pass the GIL to that thread, which does not exist there, and hang (``drop_gil``,
        Python/ceval_gil.c). A thread that rests waits for a lock of its own.
        """
        self._is_starting.acquire(timeout=BEGIN_PATIENCE)

    def rests(self, seconds: float) -> bool:
        """Wait in the thread; return whether it goes on, or else was asked to end."""
        if self._is_starting.locked():
            self._is_starting.release()
        return not self._wake.acquire(timeout=max(seconds, 0))

    def ask_to_end(self, *, is_last: bool = False) -> None:
        """Ask the thread to end; may be called twice."""
        self.is_last = is_last
        if self._wake.locked():
            self._wake.release()

    def end(self, patience: float, *, is_last: bool = False) -> bool:
        """Ask the thread to end; return whether it did within some seconds."""
        self.ask_to_end(is_last=is_last)
        return self._done.acquire(timeout=patience)

    def ends_for(self, patience: float) -> bool:
        """Wait as :meth:`end` does, beside another caller that waits for the last end."""
        is_over = self.end(patience, is_last=True)
        # The lock was acquired here, and the other caller waits for it too.
        if is_over:
            self._done.release()
        return is_over

    def wait_until_gone(self, patience: float = GONE_PATIENCE) -> None:
        """Wait until the operating system no longer counts the thread (Linux only)."""
        # _done is released by the thread itself, a moment before it is gone. From 3.12 on os.fork()
        # counts the threads in /proc/self/stat and warns if there are several.
        patient_until = monotonic() + patience
        while monotonic() < patient_until:
            try:
                os.stat(f"/proc/self/task/{self._native_id}")
            except OSError:
                return
            sleep(0.0001)


class Collections:
    """Calls a function after garbage collections, until it returns true."""

    __slots__ = ("_call",)

    def __init__(self, call: "Callable[[], bool]") -> None:
        self._call = call

    def begin(self) -> None:
        """Call it from the next collection on; may be called twice."""
        if self._collected not in gc.callbacks:
            gc.callbacks.append(self._collected)

    def _collected(self, phase: str, _: "dict[str, int]") -> None:
        # The collector iterates over gc.callbacks by index (invoke_gc_callback): removing any but
        # the last one would make it skip the next.
        if phase == "stop" and self._call() and gc.callbacks[-1] == self._collected:
            gc.callbacks.pop()
