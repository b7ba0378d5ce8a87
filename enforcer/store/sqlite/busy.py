"""Retries while another process has the store locked, bounded by time and by the program's needs.

SQLite would wait by itself, deep inside one call, and could not be told that the program wants to
fork or to exit.
"""

from time import monotonic, sleep

from enforcer.store.sqlite.engine import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

PATIENCE = 5.0
"""How long to wait for another writer, in seconds."""

LONGEST_PAUSE = 0.004

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Patience:
    """A deadline that also ends when the program wants to fork or to exit.

    Attributes:
        is_needed: returns True once the program waits to fork or to exit, so that all work
            has to stop.

    """

    __slots__ = ("_until", "is_needed")

    def __init__(
        self, seconds: float = PATIENCE, is_needed: "Callable[[], bool]" = lambda: False
    ) -> None:
        """Start the clock: the deadline is some seconds from now."""
        self.is_needed = is_needed
        self._until = monotonic() + seconds

    def within(self, seconds: float) -> "Patience":
        """Return a patience that ends with this one, and after some seconds at the latest."""
        return Patience(min(seconds, self.left()), self.is_needed)

    def left(self) -> float:
        """Return the remaining seconds; it may end earlier if the program waits to go on."""
        return max(self._until - monotonic(), 0)

    def lasts(self) -> bool:
        """Return whether to wait on."""
        return monotonic() < self._until and not self.is_needed()


def patiently(call: "Callable[[], T]", patience: Patience) -> "T":
    """Retry a call until the store is not locked, or patience ends.

    Args:
        call: asks SQLite for something, and leaves nothing behind if that fails.
        patience: asked some two hundred times a second.

    Raises:
        sqlite3.OperationalError: SQLite's last error.

    """
    pause = 0.001
    while True:
        try:
            return call()
        except sqlite3.OperationalError as error:
            if code_of(error) not in _LOCKED or not patience.lasts():
                raise
        sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def code_of(error: BaseException) -> int:
    """Return SQLite's primary result code of an error, or 0."""
    # An extended result code has the primary one in its lowest byte.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
