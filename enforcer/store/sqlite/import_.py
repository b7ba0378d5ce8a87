"""Import of an export into a SQLite store: all of it, or nothing."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from time import time_ns
from typing import Any, Final

from enforcer.store import StoreError
from enforcer.store.sqlite.export_format import FORMAT, PARTS, Part
from enforcer.store.sqlite.maintenance import open_to_change
from enforcer.store.sqlite.retention import Transaction
from enforcer.store.sqlite.schema import DAY, MONTH
from enforcer.store.sqlite.writer import Store

_PARTS: Final = {part.table: part for part in PARTS}
_EVERY: Final = 10_000
"""Number of rows between two calls of ``progress``."""

# Hours before the later first hour of the two are complete in one of them only.
_FIRST_HOUR: Final = """
INSERT INTO state (name, value) VALUES ('first_hour', ?)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""

_IS_PROBE = "(SELECT mechanism = 'probe' FROM call_site WHERE call_site.key = site)"
# Roll-ups that an export does not contain are computed again from those that it does.
_REBUILD: Final = f"""
DELETE FROM use_by_month;
INSERT INTO use_by_month
SELECT day / {MONTH // DAY}, tally, deployment, sum(count), min(first_seen), max(last_seen)
FROM use_by_day GROUP BY 1, 2, 3;
DELETE FROM total_ever;
INSERT INTO total_ever
SELECT tally, sum(count), min(first_seen), max(last_seen) FROM use_ever GROUP BY tally;
DELETE FROM rule_by_hour;
INSERT INTO rule_by_hour
SELECT hour, rule, deployment, sum(count * (1 - {_IS_PROBE})), sum(count * {_IS_PROBE})
FROM use_by_hour JOIN tally ON tally.key = tally GROUP BY 1, 2, 3;
DELETE FROM rule_by_day;
INSERT INTO rule_by_day
SELECT day, rule, deployment, sum(count * (1 - {_IS_PROBE})), sum(count * {_IS_PROBE})
FROM use_by_day GROUP BY 1, 2, 3;
DELETE FROM total_by_day;
INSERT INTO total_by_day
SELECT day, rule, sum(count * (1 - {_IS_PROBE})), sum(count * {_IS_PROBE}),
       count(DISTINCT CASE WHEN {_IS_PROBE} THEN NULL ELSE site END)
FROM use_by_day GROUP BY 1, 2
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import.

    Attributes:
        rows: how many rows the export has.
        is_new: whether they were added; False if this export was in the store already.

    """

    rows: int
    is_new: bool


def import_lines(
    path: str, lines: Iterable[str], *, progress: Callable[[int], object] = lambda _: None
) -> Imported:
    """Add an export to a store, which is created if it does not exist.

    The same export is added once. Another export of a store whose rows are in here already is
    refused, because the rows that both contain would count twice.

    Args:
        path: the store.
        lines: the export.
        progress: called with the number of rows read so far.

    Raises:
        StoreError: if the export is broken, or of a store that was imported before; then nothing
            of it was added.

    """
    # Creates the store, or migrates it.
    Store(path).close()
    reading = _Reading(lines, progress)
    with open_to_change(path) as connection, Transaction(connection):
        known = dict(connection.execute("SELECT id, export FROM source"))
        common = [source for source in reading.sources if source in known]
        if common:
            # The digest is on the last line: only at the end is it known whether this is the same
            # export.
            digest = reading.finish()
            if all(known[source] == digest for source in common):
                return Imported(reading.rows, is_new=False)
            raise _again(path)
        keys: _Keys = {table: {} for table in _PARTS}
        for part, row in reading.parts():
            try:
                _add(connection, part, row, keys)
            except (KeyError, TypeError, OverflowError, sqlite3.IntegrityError) as error:
                raise _broken(reading.rows + 1, repr(error)) from None
        marks = [(source, reading.digest, time_ns()) for source in reading.sources]
        connection.executemany("INSERT INTO source VALUES (?, ?, ?)", marks)
        connection.execute(_FIRST_HOUR, (reading.first_hour,))
        for statement in _REBUILD.split(";"):
            connection.execute(statement)
    return Imported(reading.rows, is_new=True)


class _Reading:
    """Parser of an export's lines, which verifies the row count and the digest at the end."""

    def __init__(self, lines: Iterable[str], progress: Callable[[int], object]) -> None:
        self._lines = iter(lines)
        self._progress = progress
        self._digest = sha256()
        self.rows = 0
        self.digest = ""
        head = self._next()
        if head.get("enforcer-store") != FORMAT:
            raise _broken(1, "an export of this format does not begin so")
        self.sources = [str(source) for source in head.get("sources", ())]
        self.first_hour = int(head.get("first_hour", 0))

    def parts(self) -> Iterator[tuple[Part, dict[str, Any]]]:
        """Yield each row with the table that it belongs to."""
        while True:
            row = self._next()
            if "end" in row:
                break
            part = _PARTS.get(row.get("table", ""))
            if part is None:
                raise _broken(self.rows + 2, f"there is no table {row.get('table')!r}")
            # Of the serialised row and not of the line: line ends may change on the way.
            self._digest.update(json.dumps(row).encode())
            self.rows += 1
            if self.rows % _EVERY == 0:
                self._progress(self.rows)
            yield part, row
        self.digest = self._digest.hexdigest()
        if (row["end"], row.get("digest")) != (self.rows, self.digest):
            raise _broken(self.rows + 2, "the rows are not those that were written")

    def finish(self) -> str:
        """Read to the end and return the digest."""
        for _ in self.parts():
            pass
        return self.digest

    def _next(self) -> dict[str, Any]:
        line = next(self._lines, None)
        if line is None:
            raise _broken(self.rows + 2, "the end is missing")
        try:
            row = json.loads(line)
        except ValueError as error:
            raise _broken(self.rows + 2, str(error)) from None
        if not isinstance(row, dict):
            raise _broken(self.rows + 2, "it is no object")
        return row


# Integer keys differ between stores: by table, the key in the export → the key in this store.
_Keys = dict[str, dict[int, int]]


def _add(connection: sqlite3.Connection, part: Part, row: dict[str, Any], keys: _Keys) -> None:
    values = {column: row[column] for column in part.columns}
    for column, table in part.references.items():
        values[column] = keys[table][values[column]]
    connection.execute(_insert(part.table), values)
    if part.has_key:
        (key,) = connection.execute(_find(part.table), values).fetchone()
        keys[part.table][row["key"]] = key


@cache
def _insert(part: str) -> str:
    known = _PARTS[part]
    names, marks = ", ".join(known.columns), ", ".join(f":{name}" for name in known.columns)
    return (
        f"INSERT INTO {part} ({names}) VALUES ({marks}) "  # noqa: S608 - our own tables
        f"ON CONFLICT ({', '.join(known.identity)}) DO {known.merge}"
    )


@cache
def _find(part: str) -> str:
    same = " AND ".join(f"{name} = :{name}" for name in _PARTS[part].identity)
    return f"SELECT key FROM {part} WHERE {same}"  # noqa: S608 - our own tables


def _broken(line: int, reason: str) -> StoreError:
    return StoreError(
        f"the export can't be read in line {line}: {reason}. Nothing of it was added. "
        'Make it anew with "enforcer store export" (broken-export)'
    )


def _again(path: str) -> StoreError:
    return StoreError(
        f'an export of this store, or of one that is in it, is in "{path}" already: what both '
        "have would count twice. Import the newest export of each store into a new one "
        "(already-imported)"
    )
