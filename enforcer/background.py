"""Run a thread that is a guest in somebody's program, and keeps out of its way.

* It is started with ``_thread``: the first thread that imports ``threading`` makes itself the
  main thread of Python 3.11 and 3.12. Nothing that it imports later imports ``threading``.
* It blocks all signals, so that the program's threads get them.
* It can be ended before the program forks, so that no lock of the import system or of SQLite
  is copied while it is held, and a program with one thread stays a program with one thread,
  which Python 3.12 and later would otherwise warn about.
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
"""Whether Python looks for threads only after the hooks of a fork have run.

Such a Python would take a thread that is started there for one that ran during the fork.
https://github.com/python/cpython/issues/137109
"""

RACES_FOR_COLLECTIONS = (3, 13) <= sys.version_info < (3, 13, 1)
"""Whether two threads that import ``collections`` first, at once, may fail to.

A thread that loads SQLite imports it, perhaps while the program does: it is loaded before.
https://github.com/python/cpython/issues/125245
"""

# Not every platform numbers its threads.
_native_id = getattr(_thread, "get_native_id", int)

# The signals of a crash belong to the thread that crashes.
_FAULTS = {
    getattr(_signal, name)
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV")
    if hasattr(_signal, name)  # Windows has no SIGBUS
}


class Guest:
    """Be one life of the thread.

    Attributes:
        is_last: whether it was told that no other one will follow.

    """

    __slots__ = ("_done", "_is_starting", "_native_id", "_wake", "is_last")

    def __init__(self) -> None:
        """Prepare; nothing runs before :meth:`start`."""
        self._wake = allocate_lock()
        self._wake.acquire()
        self._done = allocate_lock()
        self._done.acquire()
        self._is_starting = allocate_lock()
        self._is_starting.acquire()
        self._native_id = 0
        self.is_last = False

    def start(self, run: "Callable[[Guest], None]") -> None:
        """Run a function in a thread.

        Raises:
            RuntimeError: if there can be no thread.

        """

        def live() -> None:
            self._native_id = _native_id()
            try:
                run(self)
            finally:
                self._done.release()

        # The thread inherits the mask. Were it to block the signals itself, one could reach it
        # before it does, and would not wake a main thread that sleeps.
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

        C code may fork next. A thread that is only about to begin waits for the GIL then, and
        the child would hand it over to that thread, which is not there, and hang (``drop_gil``
        in Python/ceval_gil.h). One that rests waits in a lock of its own.
        """
        self._is_starting.acquire(timeout=BEGIN_PATIENCE)

    def rests(self, seconds: float) -> bool:
        """Wait in the thread, and tell whether it goes on; if not, it was asked to end."""
        if self._is_starting.locked():
            self._is_starting.release()
        return not self._wake.acquire(timeout=max(seconds, 0))

    def ask_to_end(self, *, is_last: bool = False) -> None:
        """Ask the thread to end; it may be asked twice."""
        self.is_last = is_last
        if self._wake.locked():
            self._wake.release()

    def end(self, patience: float, *, is_last: bool = False) -> bool:
        """Ask the thread to end, and tell whether it did within some seconds."""
        self.ask_to_end(is_last=is_last)
        return self._done.acquire(timeout=patience)

    def ends_for(self, patience: float) -> None:
        """Wait as :meth:`end` does, where somebody is waiting already, for the last time."""
        if self.end(patience, is_last=True):
            self._done.release()

    def wait_until_gone(self, patience: float = GONE_PATIENCE) -> None:
        """Wait until the operating system no longer counts the thread; Linux only."""
        patient_until = monotonic() + patience
        while monotonic() < patient_until:
            try:
                os.stat(f"/proc/self/task/{self._native_id}")
            except OSError:
                return
            sleep(0.0001)


class Collections:
    """Call a function at the end of garbage collections, until it says that it is done."""

    __slots__ = ("_call",)

    def __init__(self, call: "Callable[[], bool]") -> None:
        """Prepare; nothing is called before :meth:`begin`."""
        self._call = call

    def begin(self) -> None:
        """Begin with the next collection, if that is not so already."""
        if self._collected not in gc.callbacks:
            gc.callbacks.append(self._collected)

    def _collected(self, phase: str, _: "dict[str, int]") -> None:
        # To remove any but the last one would make the collector skip its neighbour.
        if phase == "stop" and self._call() and gc.callbacks[-1] == self._collected:
            gc.callbacks.pop()
