"""Remove from a SQLite store what is too old, and give the room back."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

from enforcer.store.maintaining import open_to_change, transaction
from enforcer.store.noted import allow_no_notes
from enforcer.store.schema import DAY, HOUR, MONTH

_DAYS = MONTH // DAY
_HOURS = DAY // HOUR

# Of a month that has lost some of its days only the others remain.
_TOO_OLD = f"""
DELETE FROM use_by_hour WHERE hour < :day * {_HOURS};
DELETE FROM rule_by_hour WHERE hour < :day * {_HOURS};
DELETE FROM dropped WHERE hour < :day * {_HOURS};
DELETE FROM use_by_day WHERE day < :day;
DELETE FROM rule_by_day WHERE day < :day;
DELETE FROM total_by_day WHERE day < :day;
DELETE FROM use_by_month WHERE month <= :day / {_DAYS};
INSERT INTO use_by_month
SELECT day / {_DAYS}, tally, deployment, sum(count), min(first_seen), max(last_seen)
FROM use_by_day WHERE day / {_DAYS} <= :day / {_DAYS} GROUP BY 1, 2, 3;
DELETE FROM total_ever WHERE tally IN (SELECT tally FROM use_ever WHERE last_seen < :time);
DELETE FROM use_ever WHERE last_seen < :time;
INSERT INTO total_ever
SELECT tally, sum(count), min(first_seen), max(last_seen)
FROM use_ever WHERE tally NOT IN (SELECT tally FROM total_ever) GROUP BY tally;
DELETE FROM use WHERE last_seen < :time;
DELETE FROM heartbeat WHERE till < :time;
DELETE FROM notice WHERE process IN (SELECT key FROM process WHERE written < :time);
DELETE FROM process WHERE written < :time AND key NOT IN (SELECT process FROM use)
    AND key NOT IN (SELECT process FROM dropped);
DELETE FROM tally WHERE key NOT IN (SELECT tally FROM use_ever)
    AND key NOT IN (SELECT tally FROM use) AND key NOT IN (SELECT tally FROM use_by_day);
DELETE FROM call_site WHERE key NOT IN (SELECT site FROM tally);
DELETE FROM map WHERE key NOT IN (SELECT map FROM process);
DELETE FROM declaration WHERE map NOT IN (SELECT key FROM map);
DELETE FROM rule WHERE key NOT IN (SELECT rule FROM declaration)
    AND key NOT IN (SELECT rule FROM tally) AND key NOT IN (SELECT rule FROM rule_by_day);
DELETE FROM deployment WHERE key NOT IN (SELECT deployment FROM process)
    AND key NOT IN (SELECT deployment FROM use_ever)
    AND key NOT IN (SELECT deployment FROM rule_by_day)
"""  # noqa: S608 - made of constants

_OLD_HOURS = f"""
DELETE FROM use_by_hour WHERE hour < :day * {_HOURS};
DELETE FROM rule_by_hour WHERE hour < :day * {_HOURS};
INSERT INTO state (name, value) VALUES ('first_hour', :day * {_HOURS})
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""  # noqa: S608 - made of constants

_NEW_KEYS = "UPDATE state SET value = random() WHERE name = 'keys'"


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """Say how much room was given back.

    Attributes:
        before: how many bytes the file had.
        after: how many it has.
        removed: how many rows were removed.

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
            removed += _execute(connection, _TOO_OLD, today - keep_days)
            allow_no_notes(path)  # a map may have been removed for which they would do
        if keep_hours_days is not None:
            progress(f"remove the hours of what is older than {keep_hours_days} days")
            removed += _execute(connection, _OLD_HOURS, today - keep_hours_days)
        progress("make the file smaller")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Vacuumed(before, Path(path).stat().st_size, removed)


def _execute(connection: sqlite3.Connection, script: str, day: int) -> int:
    removed = 0
    with transaction(connection):
        for statement in (*script.split(";"), _NEW_KEYS):
            cursor = connection.execute(statement, {"day": day, "time": day * DAY})
            if statement.lstrip().startswith("DELETE"):
                removed += cursor.rowcount
    return removed
