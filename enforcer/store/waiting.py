"""Wait for a store that another process has locked, for as long as somebody wants it.

SQLite would wait by itself, deep inside one call, and nobody could tell it that the program
wants to fork or to exit.
"""

from time import monotonic, sleep

from enforcer.store.engine import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

PATIENCE = 5.0
"""How long to wait for another process that is writing, in seconds."""

LONGEST_PAUSE = 0.02

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Patience:
    """Say how long to wait for others.

    Attributes:
        is_needed: tells whether the program wants to go on, so that all work has to end.

    """

    __slots__ = ("_until", "is_needed")

    def __init__(
        self, seconds: float = PATIENCE, is_needed: "Callable[[], bool]" = lambda: False
    ) -> None:
        """Begin to wait now, for some seconds at most."""
        self.is_needed = is_needed
        self._until = monotonic() + seconds

    def within(self, seconds: float) -> "Patience":
        """Give a patience that ends with this one, and after some seconds at the latest."""
        return Patience(min(seconds, self.left()), self.is_needed)

    def left(self) -> float:
        """Give how long it lasts, in seconds, unless it has to end before."""
        return max(self._until - monotonic(), 0)

    def lasts(self) -> bool:
        """Tell whether to wait on."""
        return monotonic() < self._until and not self.is_needed()


def patiently(call: "Callable[[], T]", patience: Patience) -> "T":
    """Call until nobody has the store locked, or patience ends.

    Args:
        call: asks SQLite for something, and leaves nothing behind if that fails.
        patience: asked some fifty times a second.

    Raises:
        sqlite3.OperationalError: what SQLite said the last time.

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
    """Give SQLite's primary number of an error, or 0."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
