"""Deletion of old rows of a SQLite store: SQL and daily sweep; and the locking transaction.

Rows are deleted nowhere else. ``enforcer store vacuum`` deletes what it is asked to. By itself a
store loses each day what is older than its retention, so that its size is bounded: :func:`sweep`
runs in processes that write, in short transactions, and stops as soon as the program wants to go
on.

A wrong clock must not empty the store. So a sweep deletes something only where the one before was
at most :data:`LONGEST_PAUSE` days earlier, by its own clock: a process whose clock is years ahead
only records its day, and the next one with a right clock corrects that.
"""

from enforcer.recording.use import PROBE
from enforcer.rules.model import LEAST_DAYS
from enforcer.store.emission import forget
from enforcer.store.sqlite.schema import DAY, HOUR, MONTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

KEEP_PROCESSES_DAYS = 7
"""For how many days the uses of an ended process are kept process by process."""

LONGEST_PAUSE = 40
"""Largest number of days between two sweeps after which the second still deletes anything."""

_INSTRUCTIONS = 10_000
"""Number of SQLite's instructions between two checks of the time: a millisecond or less."""

_AT_ONCE = 20
"""Number of processes whose uses are deleted in one transaction."""

_DAYS = MONTH // DAY
_HOURS = DAY // HOUR

_OF_SERVICE = "deployment IN (SELECT key FROM deployment WHERE :service IN ('', service))"
# What sums several days or services is summed again from the days that remain. The processes
# that may be too old are selected once: a fleet has hundreds of thousands.
TOO_OLD = f"""
DROP TABLE IF EXISTS temp.old_process;
CREATE TEMPORARY TABLE old_process (key INTEGER PRIMARY KEY);
INSERT INTO temp.old_process SELECT key FROM process WHERE started < :time AND {_OF_SERVICE};
DROP TABLE IF EXISTS temp.old_day;
CREATE TEMPORARY TABLE old_day (day INTEGER, rule INTEGER, PRIMARY KEY (day, rule)) WITHOUT ROWID;
INSERT INTO temp.old_day
SELECT DISTINCT day, rule FROM rule_by_day WHERE day < :day AND {_OF_SERVICE};
DELETE FROM use_by_hour WHERE hour < :day * {_HOURS} AND {_OF_SERVICE};
DELETE FROM rule_by_hour WHERE hour < :day * {_HOURS} AND {_OF_SERVICE};
DELETE FROM dropped WHERE hour < :day * {_HOURS}
    AND process IN (SELECT key FROM process WHERE {_OF_SERVICE});
DELETE FROM use_by_day WHERE day < :day AND {_OF_SERVICE};
DELETE FROM rule_by_day WHERE day < :day AND {_OF_SERVICE};
DELETE FROM total_by_day WHERE day < :day
    AND (:service = '' OR (day, rule) IN (SELECT day, rule FROM temp.old_day));
INSERT INTO total_by_day (day, rule, count, probes, sites)
SELECT day, rule, sum(count), sum(probes), (
    SELECT count(DISTINCT site) FROM use_by_day JOIN call_site ON call_site.key = site
    WHERE use_by_day.day = rule_by_day.day AND use_by_day.rule = rule_by_day.rule
        AND mechanism != '{PROBE}'
) FROM rule_by_day JOIN temp.old_day USING (day, rule) GROUP BY day, rule;
DELETE FROM use_by_month WHERE month <= :day / {_DAYS} AND {_OF_SERVICE};
INSERT INTO use_by_month
SELECT day / {_DAYS}, tally, deployment, sum(count), min(first_seen), max(last_seen)
FROM use_by_day WHERE day / {_DAYS} <= :day / {_DAYS} AND {_OF_SERVICE} GROUP BY 1, 2, 3;
DELETE FROM total_ever
WHERE tally IN (SELECT tally FROM use_ever WHERE last_seen < :time AND {_OF_SERVICE});
DELETE FROM use_ever WHERE last_seen < :time AND {_OF_SERVICE};
INSERT INTO total_ever
SELECT tally, sum(count), min(first_seen), max(last_seen)
FROM use_ever WHERE tally NOT IN (SELECT tally FROM total_ever) GROUP BY tally;
DELETE FROM use WHERE last_seen < :time AND process IN (SELECT key FROM old_process);
DELETE FROM heartbeat WHERE till < :time AND process IN (SELECT key FROM old_process);
DELETE FROM notice WHERE process IN (
    SELECT key FROM process WHERE key IN (SELECT key FROM old_process) AND written < :time
);
DELETE FROM process WHERE key IN (SELECT key FROM old_process) AND written < :time
    AND NOT EXISTS (SELECT * FROM use WHERE process = process.key)
    AND key NOT IN (SELECT process FROM dropped);
DELETE FROM tally WHERE key NOT IN (SELECT tally FROM use_ever)
    AND key NOT IN (SELECT tally FROM use) AND key NOT IN (SELECT tally FROM use_by_day);
DELETE FROM call_site WHERE key NOT IN (SELECT site FROM tally);
DELETE FROM map WHERE NOT EXISTS (SELECT * FROM process WHERE map = map.key);
DELETE FROM declaration WHERE map NOT IN (SELECT key FROM map);
DELETE FROM rule WHERE key NOT IN (SELECT rule FROM declaration)
    AND key NOT IN (SELECT rule FROM tally) AND key NOT IN (SELECT rule FROM rule_by_day);
DELETE FROM deployment WHERE NOT EXISTS (SELECT * FROM process WHERE deployment = deployment.key)
    AND key NOT IN (SELECT deployment FROM use_ever)
    AND key NOT IN (SELECT deployment FROM rule_by_day)
"""  # noqa: S608 - made of constants

OLD_HOURS = f"""
DELETE FROM use_by_hour WHERE hour < :day * {_HOURS};
DELETE FROM rule_by_hour WHERE hour < :day * {_HOURS};
INSERT INTO state (name, value) VALUES ('first_hour', :day * {_HOURS})
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""  # noqa: S608 - made of constants

_MADE_ANEW = (
    "INSERT INTO use_by_month",
    "INSERT INTO total_ever",
    "INSERT INTO total_by_day",
)

# Writers cache keys from visit to visit, and drop their cache when this value changes.
_NEW_KEYS = "UPDATE state SET value = random() WHERE name = 'keys'"

_SWEPT = "SELECT value FROM state WHERE name = 'swept'"
_SET_SWEPT = """
INSERT INTO state (name, value) VALUES ('swept', :day)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_NEXT_WITH_USES = """
SELECT key, written < :time FROM process
WHERE key = (SELECT min(process) FROM use WHERE process > :process)
"""
_IS_TOO_OLD = f"""
SELECT EXISTS (SELECT * FROM use_by_day WHERE day < :day AND {_OF_SERVICE})
    OR EXISTS (SELECT * FROM rule_by_day WHERE day < :day AND {_OF_SERVICE})
    OR EXISTS (SELECT * FROM process WHERE written < :time AND {_OF_SERVICE})
"""  # noqa: S608 - made of constants
_FIRST_HOUR = "SELECT min(hour) FROM use_by_hour"


def execute(connection: "sqlite3.Connection", script: str, day: int, service: str = "") -> int:
    """Run a script that deletes what is older than a day, and return how many rows are gone.

    Rows that are deleted and inserted again, because a part of what they sum is gone, don't count.

    Args:
        connection: the store, in a transaction.
        script: the statements.
        day: the first day to keep, since the epoch.
        service: delete only what this service recorded, if not empty.

    """
    removed = 0
    for statement in (*script.split(";"), _NEW_KEYS):
        values = {"day": day, "time": day * DAY, "service": service}
        rows = connection.execute(statement, values).rowcount
        if statement.lstrip().startswith("DELETE"):
            removed += rows
        elif statement.lstrip().startswith(_MADE_ANEW):
            removed -= rows
    return removed


def sweep(
    connection: "sqlite3.Connection",
    today: int,
    keep_days: "Mapping[str, int]",
    is_over: "Callable[[], bool]",
) -> bool:
    """Delete what is older than the retention, once a day, as far as there is time.

    Args:
        connection: the store, outside of a transaction.
        today: the day, since the epoch.
        keep_days: for how many days to keep what each service recorded; the empty name is for all
            of them, and 0 is for ever.
        is_over: returns whether the time is up.

    Returns:
        Whether maps may be gone.

    Raises:
        sqlite3.Error: if another process writes, or the time was up within a step; what
            earlier steps deleted is gone.

    """
    row = connection.execute(_SWEPT).fetchone()
    if row is not None and row[0] == today:
        return False
    has_removed_maps = False
    if any(keep_days.values()) and row is not None and 0 < today - row[0] <= LONGEST_PAUSE:
        # SQLite calls the handler inside of a statement, and interrupts the statement if it returns
        # true: the only way to stop a long DELETE when the program wants to fork or to exit.
        connection.set_progress_handler(is_over, _INSTRUCTIONS)
        try:
            for may_be_gone in _steps(connection, today, keep_days):
                has_removed_maps = has_removed_maps or may_be_gone
                if is_over():
                    return has_removed_maps
        finally:
            connection.set_progress_handler(None, 0)
    with Transaction(connection):
        # Also after a jump of the clock, in which nothing was deleted: the next sweep is measured
        # from here.
        connection.execute(_SET_SWEPT, {"day": today})
    return has_removed_maps


def _steps(
    connection: "sqlite3.Connection", today: int, keep_days: "Mapping[str, int]"
) -> "Iterator[bool]":
    """Delete what is too old, one transaction per step; yield whether maps may be gone."""
    yield False
    yield from _remove_uses_of_processes(connection, today - KEEP_PROCESSES_DAYS)
    yield from _remove_hours(connection, today - LEAST_DAYS)
    for service, days in keep_days.items():
        if days:
            yield _remove_days(connection, today - days, service)


class Transaction:
    """Transaction that locks the store at its beginning, and rolls back on an error."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "sqlite3.Connection") -> None:
        self._connection = connection

    def __enter__(self) -> None:
        # IMMEDIATE: a transaction that reads first and asks for the write lock later fails at once
        # with SQLITE_BUSY if another process wrote in between, however long it would wait.
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _remove_uses_of_processes(connection: "sqlite3.Connection", day: int) -> "Iterator[bool]":
    """Delete the uses of processes that have not written since a day, a few processes at a time."""
    process, found = 0, []
    while True:
        # Each look-up goes to the next process in the index, past all of its uses.
        values = {"time": day * DAY, "process": process}
        row = connection.execute(_NEXT_WITH_USES, values).fetchone()
        if row is not None:
            process, is_old = row
            if is_old:
                found.append((process,))
        if len(found) == _AT_ONCE or (row is None and found):
            with Transaction(connection):
                connection.executemany("DELETE FROM use WHERE process = ?", found)
                forget(connection)
            found = []
            yield False
        if row is None:
            return


def _remove_hours(connection: "sqlite3.Connection", day: int) -> "Iterator[bool]":
    """Delete the hours before a day, one day per transaction."""
    while True:
        ((first,),) = connection.execute(_FIRST_HOUR)
        if first is None or first >= day * _HOURS:
            return
        with Transaction(connection):
            execute(connection, OLD_HOURS, first // _HOURS + 1)
        yield False


def _remove_days(connection: "sqlite3.Connection", day: int, service: str) -> bool:
    values = {"day": day, "time": day * DAY, "service": service}
    if not connection.execute(_IS_TOO_OLD, values).fetchone()[0]:
        return False
    with Transaction(connection):
        execute(connection, TOO_OLD, day, service)
        forget(connection)
    return True
