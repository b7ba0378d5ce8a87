"""Delete old rows from a SQLite store on request, and shrink its file."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

from enforcer.output.words import counted
from enforcer.store.emission import forget
from enforcer.store.notes import allow_no_notes
from enforcer.store.sqlite.maintenance import open_to_change
from enforcer.store.sqlite.retention import OLD_HOURS, TOO_OLD, Transaction, execute
from enforcer.store.sqlite.schema import DAY


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Result of a vacuum: sizes and deleted rows.

    Attributes:
        before: the file's size before, in bytes.
        after: its size afterwards.
        removed: how many rows were deleted.

    """

    before: int
    after: int
    removed: int


def vacuum(
    path: str,
    *,
    keep_days: int | None = None,
    keep_days_of: Mapping[str, int] | None = None,
    keep_hours_days: int | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> Vacuumed:
    """Delete whole days that are too old, and shrink the file.

    Other processes may write meanwhile: they wait, or keep their batch for the next visit.

    Args:
        path: the store.
        keep_days: how many days to keep; all if None.
        keep_days_of: how many days to keep of what a service recorded.
        keep_hours_days: for how many days to keep hourly rows; for all if None. Older uses
            are then known by the day.
        progress: called with the name of each step.

    Raises:
        StoreError: if it can't be done.

    """
    with open_to_change(path) as connection:
        before = Path(path).stat().st_size
        today = time_ns() // DAY
        removed = 0
        limits = {} if keep_days is None else {"": keep_days}
        for service, days in (limits | dict(keep_days_of or {})).items():
            progress(f"remove what is older than {counted(days, 'day')}")
            removed += _execute(connection, TOO_OLD, today - days, service)
            forget(connection)
            # A map may have been deleted that a note would need.
            allow_no_notes(path)
        if keep_hours_days is not None:
            progress(f"remove the hours of what is older than {counted(keep_hours_days, 'day')}")
            removed += _execute(connection, OLD_HOURS, today - keep_hours_days)
        progress("make the file smaller")
        connection.execute("VACUUM")
        # VACUUM writes the whole new file into the write-ahead log; only a checkpoint with TRUNCATE
        # shrinks both files on the disk.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Vacuumed(before, Path(path).stat().st_size, removed)


def _execute(connection: sqlite3.Connection, script: str, day: int, service: str = "") -> int:
    with Transaction(connection):
        return execute(connection, script, day, service)
