"""Serialise flushes; abort one when the program forks or exits."""

import sys
from _thread import TIMEOUT_MAX, allocate_lock, get_ident
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Deliverer(Protocol):
        """Delivers what a process recorded, such as ``enforcer.store.delivery.Delivery``."""

        def deliver(self, seconds: float, is_needed: Callable[[], bool], ending: str = "") -> None:
            """Deliver everything that is new; see ``Delivery``."""

        def settle(self, seconds: float, is_needed: Callable[[], bool]) -> None:
            """Record what became of the last delivery elsewhere."""

        def loss(self, error: Exception) -> str:
            """Return what is lost if the process ends now, and why; empty if nothing is."""

    class Quiet(Protocol):
        """Delivers while there is little, such as ``recording.quiet_delivery.QuietDelivery``."""

        def deliver(self, ending: str, *, is_beat: bool) -> bool:
            """Deliver; return whether a :class:`Deliverer` is not needed."""

        def announce(self) -> bool:
            """Leave a trace of a process at its first use; return whether there was a use."""


FORK_PATIENCE = 10.0
"""How long a fork waits for the current step of a flush, in seconds.

A step takes milliseconds, unless a disk hangs or the machine is very busy. A child that is forked
within a transaction can't use SQLite at all: it inherits SQLite's list of the locks that this
process holds.
"""

LOADING_PATIENCE = 10.0
"""How long a fork waits while the modules that deliver are being loaded, in seconds."""

TICK = 0.001

_IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
"""The file name of the import system's code, in all versions: it is frozen into the interpreter."""


class Flushing:
    """Delivers what was recorded, one thread at a time.

    Attributes:
        last_error: the error of the last flush, or None if it succeeded.

    """

    __slots__ = (
        "_begun",
        "_delivery",
        "_flushes_in",
        "_fork_patience",
        "_forks",
        "_hanging",
        "_leave_by",
        "_lock",
        "_make_delivery",
        "_path",
        "_quiet",
        "_stuck",
        "last_error",
    )

    def __init__(
        self,
        make_delivery: "Callable[[], Deliverer]",
        quiet: "Quiet | None" = None,
        fork_patience: float = FORK_PATIENCE,
    ) -> None:
        """Prepare; the deliverer is created for the first flush that needs it.

        Args:
            make_delivery: creates the deliverer.
            quiet: delivers until then; None if every flush needs the deliverer.
            fork_patience: how long a fork waits for a step of a flush to end, in seconds.

        """
        self._fork_patience = fork_patience
        self.last_error: Exception | None = None
        self._make_delivery = make_delivery
        self._quiet = quiet
        self._flushes_in = 0
        self._stuck = 0
        # As it is at the start: a program may remove the standard library from it before its end.
        self._path = sys.path.copy()
        self._delivery: Deliverer | None = None
        self._lock = allocate_lock()
        self._begun = 0
        self._hanging = 0
        # A list and no number: append() and pop() are atomic, and several threads may fork at once.
        self._forks: list[None] = []
        self._leave_by = TIMEOUT_MAX

    @property
    def has_begun(self) -> bool:
        """Whether there was a flush."""
        return self._begun > 0

    def flush(self, seconds: float) -> bool:
        """Write everything that is new; return whether the store has it all.

        Args:
            seconds: how long to wait for a flush in progress, and for the store.

        """
        patient_until = monotonic() + seconds
        while self._lock.acquire(timeout=max(patient_until - monotonic(), 0)):
            try:
                is_written = self._flush(patient_until - monotonic())
                # Before the lock is released: hold_off() forgets the fork as soon as it has it.
                is_cut = bool(self._forks)
            finally:
                self._lock.release()
            if is_written or not is_cut:
                return is_written
            sleep(TICK)  # locks are not fair: without this the fork might never acquire it
        return False

    def flush_unless_busy(self, seconds: float) -> bool:
        """Write as :meth:`flush` does; return whether it need not be repeated.

        It has to be repeated if it was aborted for a fork. It need not be if another thread is
        flushing, or prevents flushes.
        """
        if not self._lock.acquire(blocking=False):
            return True
        try:
            is_written = self._flush(seconds, is_beat=True)
            is_cut = bool(self._forks)  # see flush()
        finally:
            self._lock.release()
        if is_written or not is_cut:
            return True
        sleep(TICK)
        return False

    def flush_last(self, seconds: float, ending: str) -> bool:
        """Write everything and how the process ends; return whether that was done in time."""
        if not self._lock.acquire(timeout=seconds):
            return False
        try:
            self._flush(seconds, ending)
        finally:
            self._lock.release()
        return True

    def settle(self, seconds: float) -> None:
        """Record what became of the last delivery elsewhere, if there is time.

        Args:
            seconds: how long that may take.

        """
        if self._delivery is None or not self._lock.acquire(timeout=seconds):
            return
        try:
            self._delivery.settle(seconds, self.is_needed_elsewhere)
        except Exception:  # noqa: BLE001 - the next who looks does it again
            return
        finally:
            self._lock.release()

    def hold_off(self) -> bool:
        """Wait until no flush is in progress and prevent new ones; return whether that succeeded.

        A flush that once delayed a fork in vain is not waited for again. One that is in the middle
        of an import is waited for longer, because the child would inherit its lock locked.
        """
        is_hanging = self._hanging > 0 and self._hanging == self._begun
        is_stuck = self._stuck > 0 and self._stuck == self._begun
        # Before the lock is asked for: the flush in progress looks at this between its steps, and
        # stops.
        self._forks.append(None)
        try:
            if self._lock.acquire(timeout=0 if is_hanging else self._fork_patience):
                return True
            if self._is_importing() and not is_stuck:
                if self._lock.acquire(timeout=LOADING_PATIENCE):
                    return True
                self._stuck = self._begun
        finally:
            self._forks.pop()
        self._hanging = self._begun
        return False

    def _is_importing(self) -> bool:
        """Return whether the thread that flushes is in the middle of an import."""
        # The other thread runs on meanwhile. A wrong answer only makes this fork wait longer, or
        # not at all.
        frame = sys._current_frames().get(self._flushes_in)  # noqa: SLF001 - documented
        while frame is not None:
            if frame.f_code.co_filename == _IMPORT_SYSTEM:
                return True
            frame = frame.f_back
        return False

    def resume(self) -> None:
        """Allow flushes again after :meth:`hold_off`."""
        self._lock.release()

    def end_by(self, time: float = TIMEOUT_MAX) -> None:
        """Set until when flushes wait for the store, by the monotonic clock."""
        self._leave_by = time

    def is_needed_elsewhere(self) -> bool:
        """Return whether a flush has to end, finished or not."""
        return bool(self._forks) or monotonic() > self._leave_by

    def loss(self) -> str:
        """Return what is lost if the process ends now; empty if nothing is."""
        if self.last_error is None:
            return ""
        if self._delivery is None:
            return f"nothing could be kept: {self.last_error!r} (not-kept)"
        return self._delivery.loss(self.last_error)

    def _flush(self, seconds: float, ending: str = "", *, is_beat: bool = False) -> bool:
        self._begun += 1
        # Whoever forks looks at the frames of this thread; see _is_importing().
        self._flushes_in = get_ident()
        try:
            if not self._is_quiet(ending, is_beat=is_beat):
                self._load_and_deliver(seconds, ending)
        except Exception as error:  # noqa: BLE001 - the watched program comes first
            self.last_error = error
            return False
        self.last_error = None
        return True

    def _is_quiet(self, ending: str, *, is_beat: bool) -> bool:
        if self._delivery is not None or self._quiet is None:
            return False
        return self._quiet.deliver(ending, is_beat=is_beat)

    def _load_and_deliver(self, seconds: float, ending: str) -> None:
        try:
            self._deliver(seconds, ending)
        except ModuleNotFoundError:
            if not ending:
                raise
            self._deliver_by_first_path(seconds, ending)

    def _deliver(self, seconds: float, ending: str) -> None:
        if self._delivery is None:
            self._delivery = self._make_delivery()
        self._delivery.deliver(seconds, self.is_needed_elsewhere, ending)

    def _deliver_by_first_path(self, seconds: float, ending: str) -> None:
        """Deliver at the end of a program that removed the standard library from ``sys.path``.

        The deliverer imports modules of the standard library, so the path of the start is used
        meanwhile.
        """
        left = sys.path
        sys.path = own = self._path.copy()
        try:
            self._deliver(seconds, ending)
        finally:
            # The program may have assigned another list meanwhile, which has to stay.
            if sys.path is own:
                sys.path = left
