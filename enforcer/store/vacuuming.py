"""Remove from a SQLite store what is too old, and give the room back."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

from enforcer.store.maintaining import open_to_change
from enforcer.store.noted import allow_no_notes
from enforcer.store.retention import OLD_HOURS, TOO_OLD, Transaction, execute
from enforcer.store.schema import DAY


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Say how much room was given back.

    Attributes:
        before: how many bytes the file had.
        after: how many it has.
        removed: how many rows are gone.

    """

    before: int
    after: int
    removed: int


def vacuum(
    path: str,
    *,
    keep_days: int | None = None,
    keep_hours_days: int | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> Vacuumed:
    """Remove whole days that are too old, and make the file as small as can be.

    Others may write meanwhile: they wait, or keep what they have and come again.

    Args:
        path: the store.
        keep_days: how many days to keep; all if None.
        keep_hours_days: of how many days to keep the hours; of all if None. Older ones are
            then known by the day.
        progress: told of each step.

    Raises:
        StoreError: if it can't be done.

    """
    with open_to_change(path) as connection:
        before = Path(path).stat().st_size
        today = time_ns() // DAY
        removed = 0
        if keep_days is not None:
            progress(f"remove what is older than {keep_days} days")
            removed += _execute(connection, TOO_OLD, today - keep_days)
            allow_no_notes(path)  # a map may have been removed for which they would do
        if keep_hours_days is not None:
            progress(f"remove the hours of what is older than {keep_hours_days} days")
            removed += _execute(connection, OLD_HOURS, today - keep_hours_days)
        progress("make the file smaller")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Vacuumed(before, Path(path).stat().st_size, removed)


def _execute(connection: sqlite3.Connection, script: str, day: int) -> int:
    with Transaction(connection):
        return execute(connection, script, day)
