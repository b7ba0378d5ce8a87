"""Flush one at a time, and give way where the program wants to fork or to exit."""

import sys
from _thread import TIMEOUT_MAX, allocate_lock
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Deliverer(Protocol):
        """Deliver what a process recorded; ``enforcer.store.delivery.Delivery`` does."""

        def deliver(self, seconds: float, is_needed: Callable[[], bool], ending: str = "") -> None:
            """Deliver everything that is new; see ``Delivery``."""

        def loss(self, error: Exception) -> str:
            """Say what is lost if the process ends now, and why; empty if nothing is."""

    class Quiet(Protocol):
        """Deliver as long as there is little; ``enforcer.recording.quiet.QuietDelivery`` does."""

        def deliver(self, ending: str, *, is_beat: bool) -> bool:
            """Deliver it, and tell whether a :class:`Deliverer` has nothing to do."""

        def announce(self) -> bool:
            """Leave a trace of a process at its first use; return whether there was one."""


FORK_PATIENCE = 0.5
"""How long a fork waits for the step that a flush is in the middle of, in seconds."""

LOADING_PATIENCE = 10.0
"""How long it waits while what delivers is being loaded, in seconds."""

TICK = 0.001


class Flushing:
    """Let one thread at a time deliver what was recorded.

    Attributes:
        last_error: what went wrong with the last flush, or None if it went well.

    """

    __slots__ = (
        "_begun",
        "_delivery",
        "_forks",
        "_hanging",
        "_is_loading",
        "_leave_by",
        "_lock",
        "_make_delivery",
        "_path",
        "_quiet",
        "last_error",
    )

    def __init__(
        self, make_delivery: "Callable[[], Deliverer]", quiet: "Quiet | None" = None
    ) -> None:
        """Prepare; what delivers is made for the first flush that needs it.

        Args:
            make_delivery: makes what delivers.
            quiet: what delivers until then; None if every flush needs the other one.

        """
        self.last_error: Exception | None = None
        self._make_delivery = make_delivery
        self._quiet = quiet
        self._is_loading = False
        self._path = sys.path.copy()
        self._delivery: Deliverer | None = None
        self._lock = allocate_lock()
        self._begun = 0
        self._hanging = 0
        self._forks: list[None] = []
        self._leave_by = TIMEOUT_MAX

    @property
    def has_begun(self) -> bool:
        """Whether there was a flush."""
        return self._begun > 0

    def flush(self, seconds: float) -> bool:
        """Write everything that is new, and tell whether the store has it all.

        Args:
            seconds: how long to wait for a flush that is under way, and for the store.

        """
        patient_until = monotonic() + seconds
        while self._lock.acquire(timeout=max(patient_until - monotonic(), 0)):
            try:
                is_written = self._flush(patient_until - monotonic())
            finally:
                self._lock.release()
            if is_written or not self._forks:
                return is_written
            sleep(TICK)  # a lock is not fair: let the fork have it
        return False

    def flush_unless_busy(self, seconds: float) -> bool:
        """Write as :meth:`flush` does, and tell whether that is over.

        It is not if it gave way to a fork, and has to be done again. It is if somebody else
        is flushing, or holds it off.
        """
        if not self._lock.acquire(blocking=False):
            return True
        try:
            is_written = self._flush(seconds, is_beat=True)
        finally:
            self._lock.release()
        if is_written or not self._forks:
            return True
        sleep(TICK)
        return False

    def flush_last(self, seconds: float, ending: str) -> bool:
        """Write everything, how the process ends too, and tell whether that is over in time."""
        if not self._lock.acquire(timeout=seconds):
            return False
        try:
            self._flush(seconds, ending)
        finally:
            self._lock.release()
        return True

    def hold_off(self) -> bool:
        """Wait until no flush is under way and begin none, and tell whether that is so.

        A flush that held somebody up in vain is not waited for again. One that still loads
        modules is waited for longer: their locks would be held for ever in the child.
        """
        is_hanging = self._hanging > 0 and self._hanging == self._begun
        self._forks.append(None)
        try:
            if self._lock.acquire(timeout=0 if is_hanging else FORK_PATIENCE):
                return True
            if self._is_loading and not is_hanging and self._lock.acquire(timeout=LOADING_PATIENCE):
                return True
        finally:
            self._forks.pop()
        self._hanging = self._begun
        return False

    def resume(self) -> None:
        """Let flushes begin again that :meth:`hold_off` held off."""
        self._lock.release()

    def end_by(self, time: float = TIMEOUT_MAX) -> None:
        """See to it that flushes wait for the store only until a time of the monotonic clock."""
        self._leave_by = time

    def is_needed_elsewhere(self) -> bool:
        """Tell whether a flush has to end, done or not."""
        return bool(self._forks) or monotonic() > self._leave_by

    def loss(self) -> str:
        """Say what is lost if the process ends now; empty if nothing is."""
        if self.last_error is None:
            return ""
        if self._delivery is None:
            return f"nothing could be kept: {self.last_error!r} (not-kept)"
        return self._delivery.loss(self.last_error)

    def _flush(self, seconds: float, ending: str = "", *, is_beat: bool = False) -> bool:
        self._begun += 1
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
            self._is_loading = True
            try:
                self._delivery = self._make_delivery()
            finally:
                self._is_loading = False
        self._delivery.deliver(seconds, self.is_needed_elsewhere, ending)

    def _deliver_by_first_path(self, seconds: float, ending: str) -> None:
        """Deliver at the end of a program that took the standard library off its path."""
        left = sys.path
        sys.path = own = self._path.copy()
        try:
            self._deliver(seconds, ending)
        finally:
            if sys.path is own:
                sys.path = left
