"""Stores of recorded uses: SQLite written and read, ClickHouse read, and their errors."""

from enforcer.errors import EnforcerError


class StoreError(EnforcerError):
    """A store can't be read or written; the message says what to do.

    Attributes:
        path: the store beside which the number of lost uses may be noted, or empty.

    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class NothingRecordedError(StoreError):
    """There is no store, or no process has written what was asked for."""


class ReplacedError(StoreError):
    """Another file took the place of the store, so what was written to the old one is not in it."""
