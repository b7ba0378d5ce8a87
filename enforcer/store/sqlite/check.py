"""Check of a SQLite store: damaged pages, roll-ups that disagree, files left beside it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enforcer.output.words import counted
from enforcer.store.sqlite.damage import stores_set_aside
from enforcer.store.sqlite.losses import Loss, unwritten_losses
from enforcer.store.sqlite.opening import begin_to_read, not_read, open_to_read

_COUNTED: Final = (
    ("processes", "SELECT count(*) FROM process"),
    ("rules", "SELECT count(*) FROM rule"),
    ("call_sites", "SELECT count(*) FROM call_site"),
    ("uses", "SELECT coalesce(sum(count), 0) FROM use_ever"),
    ("dropped", "SELECT coalesce(sum(count), 0) FROM dropped"),
    ("first_day", "SELECT coalesce(min(day), 0) FROM use_by_day"),
    ("last_day", "SELECT coalesce(max(day), 0) FROM use_by_day"),
)

# Retention deletes hours before days: only days that still have all hours can be compared.
_FIRST_HOUR = "(SELECT coalesce(max(value), 0) FROM state WHERE name = 'first_hour')"
# ``IS NOT`` instead of ``<>``: a missing row joins as NULL, and has to count as a difference.
_DISAGREEMENTS: Final = (
    (
        "the hours and the days of call sites",
        f"""
SELECT count(*) FROM (
    SELECT hour / 24 AS day, tally, deployment, sum(count) AS count FROM use_by_hour
    WHERE hour >= {_FIRST_HOUR} GROUP BY 1, 2, 3
) AS hours LEFT JOIN use_by_day AS days USING (day, tally, deployment)
WHERE hours.count IS NOT days.count
""",  # noqa: S608 - made of constants
    ),
    (
        "the days and the months of call sites",
        """
SELECT count(*) FROM (
    SELECT day / 28 AS month, tally, deployment, sum(count) AS count FROM use_by_day
    GROUP BY 1, 2, 3
) AS days LEFT JOIN use_by_month AS months USING (month, tally, deployment)
WHERE days.count IS NOT months.count
""",
    ),
    (
        "the deployments of call sites and their totals",
        """
SELECT count(*) FROM (SELECT tally, sum(count) AS count FROM use_ever GROUP BY tally) AS parts
LEFT JOIN total_ever AS totals USING (tally) WHERE parts.count IS NOT totals.count
""",
    ),
    (
        "the days of call sites and those of rules",
        """
SELECT count(*) FROM (
    SELECT day, rule, sum(count) AS count, count(DISTINCT site) FILTER (
        WHERE site NOT IN (SELECT key FROM call_site WHERE mechanism = 'probe')
    ) AS sites FROM use_by_day GROUP BY 1, 2
) AS days LEFT JOIN total_by_day AS totals USING (day, rule)
WHERE days.count IS NOT totals.count + totals.probes OR days.sites IS NOT totals.sites
""",
    ),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check: row counts, problems and remarks.

    Attributes:
        path: the store.
        size: its size in bytes.
        schema: the version of its schema; an older one is read through a migrated copy.
        counts: the number of rows by table; days are days since the epoch.
        problems: what is wrong, one line each.
        remarks: what is worth knowing, one line each.

    """

    path: str
    size: int
    schema: int
    counts: dict[str, int]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def check(path: str, *, progress: Callable[[str], object] = lambda _: None) -> Checked:
    """Check a store without changing it.

    Args:
        path: the store.
        progress: called with the name of each step.

    Raises:
        StoreError: if there is no store, or it can't be read at all.

    """
    try:
        with closing(open_to_read(path)) as connection:
            begin_to_read(connection, path)
            progress("read every page")
            problems = list(_damage(connection))
            progress("compare the roll-ups")
            # Queries on damaged pages would fail, or report nonsense.
            problems += [] if problems else _disagreements(connection)
            counts = {
                name: int(connection.execute(query).fetchone()[0]) for name, query in _COUNTED
            }
            losses = list(unwritten_losses(connection, path))
    except sqlite3.Error as error:
        raise not_read(path, error) from error
    return Checked(
        path,
        Path(path).stat().st_size,
        _schema(path),
        counts,
        tuple(problems),
        tuple(_remarks(path, counts, losses)),
    )


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check(10)"):
        if said != "ok":
            yield f"SQLite says: {said} (store-damaged)"


def _disagreements(connection: sqlite3.Connection) -> Iterator[str]:
    for what, query in _DISAGREEMENTS:
        (rows,) = connection.execute(query).fetchone()
        if rows:
            yield f"{what} do not agree in {counted(rows, 'row')} (store-disagrees)"


def _remarks(path: str, counts: dict[str, int], losses: list[Loss]) -> Iterator[str]:
    if counts["dropped"]:
        yield f"{_lost(counts['dropped'])} before being written"
    for loss in losses:
        yield f'{_lost(loss.count)}; the next process that writes takes over "{loss.file}"'
    for file, _ in stores_set_aside(path):
        yield f'a damaged store was set aside as "{file}" (store-damaged)'


def _schema(path: str) -> int:
    # From the header (SQLite's file format, 1.3): an old store was opened as a migrated copy, whose
    # ``user_version`` is the current one.
    with Path(path).open("rb") as file:
        file.seek(60)
        return int.from_bytes(file.read(4))


def _lost(number: int) -> str:
    return f"{counted(number, 'use was', 'uses were')} lost"
