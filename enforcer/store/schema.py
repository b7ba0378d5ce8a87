"""Define the tables of the SQLite store, and tell a store from another file.

Every time is in nanoseconds since the epoch; an hour is a time divided by :data:`HOUR`.
"""

from enforcer.store import StoreError
from enforcer.store.engine import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 2
"""The version that this code reads and writes.

1: the first one.
2: heartbeats, how a process ended, its version and environment, when a notice was written. A
   process of version 1 has one heartbeat from `started` till `written`, which may hide gaps.
"""

APPLICATION_ID = 0x656E6672
"""What SQLite's ``application_id`` says in every store: ``enfr`` in ASCII."""

HOUR = 3_600_000_000_000

# How a process ended.
EXIT = "exit"
DISABLED = "disabled"
LOST = "lost"  # it could not write its last uses, and noted how many
UNKNOWN = "unknown"

SCHEMA = f"""
-- A set of rules that some process watched. Processes with the same rules share one.
CREATE TABLE IF NOT EXISTS map (
    key     INTEGER PRIMARY KEY,
    digest  TEXT NOT NULL UNIQUE        -- of its file and the override, or of its rules
);

-- A legacy path, whatever maps have said of it.
CREATE TABLE IF NOT EXISTS rule (
    key     INTEGER PRIMARY KEY,
    legacy  TEXT NOT NULL UNIQUE,       -- as written: a.old, a.old.* or a.mod:name
    kind    TEXT NOT NULL               -- module, tree, name
);

-- What one map says of a rule.
CREATE TABLE IF NOT EXISTS declaration (
    map           INTEGER NOT NULL REFERENCES map,
    rule          INTEGER NOT NULL REFERENCES rule,
    canonical     TEXT NOT NULL,
    stage         TEXT NOT NULL,        -- after any override
    reason        TEXT NOT NULL,
    since         TEXT NOT NULL,        -- ISO date or empty
    remove_after  TEXT NOT NULL,        -- ISO date or empty
    removal       TEXT NOT NULL,        -- a version or empty
    owner         TEXT NOT NULL,
    link          TEXT NOT NULL,
    PRIMARY KEY (map, rule)
) WITHOUT ROWID;

-- A process that watched the rules of a map.
CREATE TABLE IF NOT EXISTS process (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,   -- random, its own also after a fork
    parent      TEXT NOT NULL,          -- id of the process it was forked from, or empty
    run         TEXT NOT NULL,          -- which `enforcer run` it belongs to, or empty
    pid         INTEGER NOT NULL,
    service     TEXT NOT NULL,
    host        TEXT NOT NULL,
    python      TEXT NOT NULL,
    command     TEXT NOT NULL,
    root        TEXT NOT NULL,          -- relative files of its call sites start here
    map         INTEGER NOT NULL REFERENCES map,
    map_path    TEXT NOT NULL,
    map_digest  TEXT NOT NULL,          -- of the file's content
    started     INTEGER NOT NULL,
    written     INTEGER NOT NULL,       -- time of its last write
    sequence    INTEGER NOT NULL,       -- of the last batch that was counted
    service_version  TEXT NOT NULL DEFAULT '',
    environment      TEXT NOT NULL DEFAULT '',
    interval    INTEGER NOT NULL DEFAULT 0,  -- how often it writes: what a kill may lose
    silence     INTEGER NOT NULL DEFAULT 0,  -- after how long without a write it is gone
    ended       INTEGER NOT NULL DEFAULT 0,  -- when it said goodbye
    ending      TEXT NOT NULL DEFAULT ''     -- exit, disabled, lost, unknown; empty: not said
);
CREATE INDEX IF NOT EXISTS process_by_run ON process (run) WHERE run <> '';

-- When a process was watching: without a silence that is longer than its own limit.
CREATE TABLE IF NOT EXISTS heartbeat (
    process  INTEGER NOT NULL REFERENCES process,
    since    INTEGER NOT NULL,
    till     INTEGER NOT NULL,
    PRIMARY KEY (process, since)
) WITHOUT ROWID;

-- A place in the code that reached a legacy path in one certain way.
CREATE TABLE IF NOT EXISTS call_site (
    key           INTEGER PRIMARY KEY,
    path          TEXT NOT NULL,        -- the legacy path that was reached
    file          TEXT NOT NULL,        -- relative to the root for own code
    line          INTEGER NOT NULL,
    function      TEXT NOT NULL,
    module        TEXT NOT NULL,
    mechanism     TEXT NOT NULL,
    names         TEXT NOT NULL,        -- asked for by a from-import, with commas between
    via           TEXT NOT NULL,        -- file:line of the framework that did the import
    relation      TEXT NOT NULL,        -- own, third_party
    distribution  TEXT NOT NULL,
    UNIQUE (file, line, path, function, module, mechanism, names, via, relation, distribution)
);

-- How often one process used one rule at one call site within one hour.
CREATE TABLE IF NOT EXISTS use (
    hour        INTEGER NOT NULL,
    rule        INTEGER NOT NULL REFERENCES rule,
    site        INTEGER NOT NULL REFERENCES call_site,
    process     INTEGER NOT NULL REFERENCES process,
    stage       TEXT NOT NULL,
    outcome     TEXT NOT NULL,          -- observed, aliased, warned, exempted, blocked
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (hour, rule, site, process, stage, outcome)
) WITHOUT ROWID;

-- How many uses a process lost within one hour before it could write them.
CREATE TABLE IF NOT EXISTS dropped (
    hour     INTEGER NOT NULL,
    process  INTEGER NOT NULL REFERENCES process,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, process)
) WITHOUT ROWID;

-- What a process had to say of a path, besides its uses.
CREATE TABLE IF NOT EXISTS notice (
    process  INTEGER NOT NULL REFERENCES process,
    kind     TEXT NOT NULL,             -- late, implementation, fallback, missing, blind
    subject  TEXT NOT NULL,
    text     TEXT NOT NULL,
    noted    INTEGER NOT NULL DEFAULT 0,  -- when it was written
    PRIMARY KEY (process, kind, subject)
) WITHOUT ROWID;

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

MIGRATIONS = {
    1: f"""
ALTER TABLE process ADD COLUMN service_version TEXT NOT NULL DEFAULT '';
ALTER TABLE process ADD COLUMN environment TEXT NOT NULL DEFAULT '';
ALTER TABLE process ADD COLUMN interval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN silence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN ending TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
CREATE TABLE heartbeat (
    process  INTEGER NOT NULL REFERENCES process,
    since    INTEGER NOT NULL,
    till     INTEGER NOT NULL,
    PRIMARY KEY (process, since)
) WITHOUT ROWID;
INSERT INTO heartbeat (process, since, till) SELECT key, started, written FROM process;
UPDATE process SET ending = '{UNKNOWN}';
PRAGMA user_version = 2;
""",  # noqa: S608 - made of constants
}
"""What makes a store of each version one of the next."""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables, or change those of an older version, in one transaction.

    Several processes may be here at once: each looks again once the others are done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        scripts = [MIGRATIONS[step] for step in range(version, SCHEMA_VERSION)] if version else []
        for script in scripts if version else [SCHEMA]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> "Iterator[str]":
    # executescript() would commit first, and leave the transaction open where it fails.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def schema_version(connection: sqlite3.Connection, path: str) -> int:
    """Give the schema version of an open file; 0 for one with nothing in it.

    Raises:
        StoreError: if the file is a database of something else, or too new.

    """
    # One transaction, so that a store which is being made is seen whole or not at all.
    connection.execute("BEGIN")
    try:
        version, application, tables = (
            connection.execute(query).fetchone()[0]
            for query in (
                "PRAGMA user_version",
                "PRAGMA application_id",
                "SELECT count(*) FROM sqlite_master",
            )
        )
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or version or tables):
        raise not_a_store(path, "it is a database of another program")
    if version > SCHEMA_VERSION:
        message = (
            f'the store "{path}" has schema {version}, and this enforcer knows only up to '
            f"{SCHEMA_VERSION}. Upgrade the enforcer here, or name another store (newer-store)"
        )
        raise StoreError(message, path=path)
    return int(version)


def not_a_store(path: str, reason: str) -> StoreError:
    """Say that a file is no store of the enforcer."""
    return StoreError(
        f'"{path}" is no store of the enforcer: {reason}. '
        "Name another file, or move this one away (not-a-store)"
    )
