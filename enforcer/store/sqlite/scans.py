"""The newest recorded scan of the source, in tables of its own in a SQLite store.

The tables are created when a scan is recorded. Older versions of the enforcer pass over tables that
they don't know, so these need no new version of the schema.
"""

import json
import sqlite3
from dataclasses import fields
from typing import Any, Final

from enforcer.findings import InstalledReference, RecordedScan, ScanFinding
from enforcer.store.sqlite.maintenance import open_to_change
from enforcer.store.sqlite.retention import Transaction
from enforcer.store.sqlite.writer import Store

SCAN_TABLES: Final = """
-- The newest scan of the source (enforcer scan --record); at most one row.
CREATE TABLE IF NOT EXISTS scan (
    revision   TEXT NOT NULL,           -- the commit, or empty without git
    is_dirty   INTEGER NOT NULL,        -- whether tracked files differed from it
    committed  INTEGER NOT NULL,        -- time of the commit, or 0
    scanned    INTEGER NOT NULL PRIMARY KEY,  -- time of the scan
    root       TEXT NOT NULL,           -- the folder that was scanned
    files      INTEGER NOT NULL,        -- how many files were read
    rules      TEXT NOT NULL            -- legacy paths that were searched for, as a JSON array
);

-- A reference to a legacy path in the source, or a file that could not be read.
CREATE TABLE IF NOT EXISTS scan_finding (
    file         TEXT NOT NULL,         -- relative to the root
    line         INTEGER NOT NULL,      -- from 1; 0 for the whole file
    column       INTEGER NOT NULL,      -- in characters, from 1
    end_line     INTEGER NOT NULL,
    end_column   INTEGER NOT NULL,      -- the character after the last one
    legacy       TEXT NOT NULL,         -- the path that is reached, or empty
    canonical    TEXT NOT NULL,         -- what to write instead, or empty
    rule         TEXT NOT NULL,         -- legacy path of the rule, as written in the map
    form         TEXT NOT NULL,         -- import, from, call, attribute, string, …
    kind         TEXT NOT NULL,         -- of the file: python, notebook, toml, …
    function     TEXT NOT NULL,         -- qualified name, <module> at top level
    names        TEXT NOT NULL,         -- names that are asked of the module, as a JSON array
    unproven     TEXT NOT NULL,         -- why it may be no reference, or empty
    typing_only  INTEGER NOT NULL,      -- whether only type checkers read it
    is_use       INTEGER NOT NULL,      -- whether executing it is a use
    through      TEXT NOT NULL,         -- module that passed the name on by a star, or empty
    excuse       TEXT NOT NULL          -- marker of the test that may use the path, or empty
);

-- A file of an installed distribution that names a legacy path.
CREATE TABLE IF NOT EXISTS scan_installed (
    distribution  TEXT NOT NULL,
    version       TEXT NOT NULL,
    file          TEXT NOT NULL,        -- from site-packages on
    line          INTEGER NOT NULL,     -- the first line that names the path
    legacy        TEXT NOT NULL,
    rule          TEXT NOT NULL,
    form          TEXT NOT NULL
);
"""

_FINDING: Final = tuple(field.name for field in fields(ScanFinding))
_INSTALLED: Final = tuple(field.name for field in fields(InstalledReference))


def write_scan(path: str, scan: RecordedScan) -> None:
    """Write a scan into a store, in the place of the one before; create the store if it is missing.

    Raises:
        StoreError: if the store can't be written; then the scan before it stays.

    """
    Store(path).close()
    with open_to_change(path) as connection, Transaction(connection):
        for statement in SCAN_TABLES.split(";\n"):
            connection.execute(statement)
        for table in ("scan", "scan_finding", "scan_installed"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables
        head = (scan.revision, scan.is_dirty, scan.committed, scan.scanned, scan.root, scan.files)
        connection.execute(_insert("scan", 7), (*head, json.dumps(scan.rules)))
        rows = [tuple(map(_to_column, _values(one, _FINDING))) for one in scan.findings]
        connection.executemany(_insert("scan_finding", len(_FINDING)), rows)
        rows = [_values(one, _INSTALLED) for one in scan.installed]
        connection.executemany(_insert("scan_installed", len(_INSTALLED)), rows)


def read_scan(connection: sqlite3.Connection) -> RecordedScan | None:
    """Return the recorded scan of a store; None if there is none."""
    has_tables = "SELECT count(*) FROM sqlite_master WHERE name = 'scan_installed'"
    if not connection.execute(has_tables).fetchone()[0]:
        return None
    row = connection.execute(
        "SELECT revision, is_dirty, committed, scanned, root, files, rules FROM scan"
    ).fetchone()
    if row is None:
        return None
    revision, is_dirty, committed, scanned, root, files, rules = row
    findings = [
        ScanFinding(**_from_columns(_FINDING, values))
        for values in connection.execute(_select("scan_finding", _FINDING))
    ]
    installed = [
        InstalledReference(*values)
        for values in connection.execute(_select("scan_installed", _INSTALLED))
    ]
    return RecordedScan(
        revision,
        bool(is_dirty),
        committed,
        scanned,
        root,
        files,
        tuple(json.loads(rules)),
        tuple(findings),
        tuple(installed),
    )


def _values(record: object, names: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in names)


def _to_column(value: object) -> object:
    return json.dumps(value) if isinstance(value, tuple) else value


def _from_columns(names: tuple[str, ...], values: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(names, values, strict=True))
    found["names"] = tuple(json.loads(found["names"]))
    return found | {name: bool(found[name]) for name in ("typing_only", "is_use")}


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608 - our own tables


def _select(table: str, names: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"SELECT {quoted} FROM {table} ORDER BY rowid"  # noqa: S608 - our own tables
