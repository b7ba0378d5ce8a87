"""Creation of the roll-ups in ClickHouse, and their backfill from the collector's tables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from enforcer.output.words import counted
from enforcer.store import StoreError
from enforcer.store.clickhouse.connection import Address, ask, connect
from enforcer.store.clickhouse.records import LOGS, SUMS
from enforcer.store.clickhouse.schema import (
    TABLES,
    USES,
    VERSION,
    VERSIONS,
    uses_of_day,
    views,
)

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_TIMES: Final = {
    USES: "fromUnixTimestamp64Nano(last_seen)",
    "enforcer_use_by_hour": "toDateTime(hour * 3600)",
    "enforcer_process": "fromUnixTimestamp64Nano(till)",
    "enforcer_minute": "toDateTime(minute * 60)",
}

_FOR_VERDICTS: Final = ("enforcer_use_by_day", "enforcer_use_ever")
"""The tables that are kept for ever: a verdict asks for the longest pause that was ever seen."""

_WITHOUT_SERVICE: Final = "enforcer_minute"
"""The table that knows its processes by their ids only."""

_LIMITED: Final = f"""
SELECT name FROM system.tables
WHERE database = currentDatabase() AND name IN {_FOR_VERDICTS}
    AND position(engine_full, ' TTL ') > 0
"""  # noqa: S608 - made of constants

_COLUMNS: Final = f"""
SELECT table, name FROM system.columns
WHERE database = currentDatabase() AND table IN ('{LOGS}', '{SUMS}')
"""  # noqa: S608 - made of constants


_DAYS: Final = f"SELECT DISTINCT toDate(Timestamp, 'UTC') AS day FROM {LOGS} ORDER BY day"  # noqa: S608 - constants


_FOR_EVER: Final = 10_000
"""Largest number of days to keep: a DateTime ends in 2106, and beyond it all would be too old."""

_LATELY: Final = 2
"""How many days are backfilled again once a view exists."""


def initialise(
    address: Address,
    *,
    keep_days: int | None = None,
    keep_days_of: Mapping[str, int] | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> int:
    """Create the tables and views of the roll-ups, unless they exist, and backfill them.

    Idempotent.

    Args:
        address: the database with the collector's tables.
        keep_days: how long roll-ups are kept; unchanged if None, and at first for ever.
        keep_days_of: how long those of a service are kept, where ``keep_days`` says how long all.
        progress: called with the name of each step.

    Returns:
        The version that was there before; 0 if there was none.

    Raises:
        StoreError: if it can't be done.

    """
    client = connect(address)
    try:
        has_event_name = collector_tables(client, address)
        before = version(client, address)
        if before > VERSION:
            message = (
                f'the roll-ups in "{address}" have version {before}, and this enforcer knows '
                f"only up to {VERSION}. Upgrade the enforcer here (newer-store)"
            )
            raise StoreError(message)
        for statement in TABLES:
            ask(client, address, statement)
        for view, (table, source, select) in views(has_event_name=has_event_name).items():
            progress(f"fill {table}")
            made = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {view}_view TO {table} AS {select}"
            # No backfill: the view on USES fills it while USES itself is backfilled.
            if source == USES:
                ask(client, address, made)
                continue
            backfills = _backfills(client, address, table, select, has_event_name=has_event_name)
            for backfill in backfills:
                ask(client, address, backfill)
            ask(client, address, made)
            # Rows that arrived between the backfill and the creation of the view are in neither.
            # They are of the last days, and a second backfill adds no row twice.
            for backfill in backfills[-_LATELY:]:
                ask(client, address, backfill)
        if before < VERSION:
            ask(client, address, f"INSERT INTO {VERSIONS} (version) VALUES ({VERSION})")  # noqa: S608 - a constant
        if keep_days is not None:
            progress(f"keep {counted(keep_days, 'day')}")
            _keep(client, address, keep_days, keep_days_of or {})
        return before
    finally:
        client.close()


def _keep(client: "Client", address: Address, keep: int, keep_of: Mapping[str, int]) -> None:
    """Let the tables that grow with time delete by themselves what is older."""
    for table, time in _TIMES.items():
        moments = [_after(time, keep)]
        for service, days in keep_of.items() if table != _WITHOUT_SERVICE else ():
            # No parameters in a TTL: it is kept as text.
            name = service.replace("\\", "\\\\").replace("'", "\\'")
            moments.append(f"{_after(time, days)} DELETE WHERE service = '{name}'")
        ask(client, address, f"ALTER TABLE {table} MODIFY TTL {', '.join(moments)}")
    # Earlier versions limited these, too.
    for (table,) in ask(client, address, _LIMITED):
        ask(client, address, f"ALTER TABLE {table} REMOVE TTL")


def _after(time: str, days: int) -> str:
    return f"toDateTime({time}) + INTERVAL {min(days, _FOR_EVER):d} DAY"


def collector_tables(client: "Client", address: Address) -> bool:
    """Check that the collector's tables exist, and return whether logs have an ``EventName``.

    Raises:
        StoreError: if they don't exist.

    """
    rows = ask(client, address, _COLUMNS)
    tables = {table for table, _ in rows}
    missing = [table for table in (LOGS, SUMS) if table not in tables]
    if missing:
        message = (
            f'"{address}" has no table {" and no table ".join(missing)}: no collector wrote there '
            "yet. Point the collector's ClickHouse exporter at this database, for logs and "
            "metrics (no-telemetry)"
        )
        raise StoreError(message)
    return (LOGS, "EventName") in {(table, name) for table, name in rows}


def version(client: "Client", address: Address) -> int:
    """Return the version of the roll-ups; 0 if there are none."""
    ((is_there,),) = ask(client, address, f"EXISTS TABLE {VERSIONS}")
    if not is_there:
        return 0
    ((found,),) = ask(client, address, f"SELECT max(version) FROM {VERSIONS}")  # noqa: S608 - a constant
    return int(found)


def _backfills(
    client: "Client", address: Address, table: str, select: str, *, has_event_name: bool
) -> list[str]:
    """Return the statements that fill a table; uses day by day, to bound the memory."""
    if table != USES:
        return [f"INSERT INTO {table} {select}"]
    days = ask(client, address, _DAYS)
    return [
        f"INSERT INTO {USES} {uses_of_day(day, has_event_name=has_event_name)}" for (day,) in days
    ]
