"""The tables of the SQLite store, their version, and the check that a file is a store.

Every time is in nanoseconds since the epoch; an hour, a day or a month is a time divided by
:data:`HOUR`, :data:`DAY` or :data:`MONTH`, which is made of whole weeks.
"""

from enforcer.recording.process import DISABLED as DISABLED  # noqa: PLC0414 - an export
from enforcer.store import StoreError
from enforcer.store.sqlite.engine import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 3
"""The version that this code reads and writes.

1: the first one.
2: heartbeats, how a process ended, its version and environment, when a notice was written. A
   process of version 1 has one heartbeat from `started` till `written`, which may hide gaps.
3: roll-ups by hour, day and month and of all time, for each deployment; `use` has one row for
   the whole life of a process. Of older stores, the hours of a single process are not kept.
"""

APPLICATION_ID = 0x656E6672
"""SQLite's ``application_id`` in every store: ``enfr`` in ASCII."""

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
MONTH = 28 * DAY

# How a process ended.
EXIT = "exit"
# It could not write its last uses, and left a marker with their number.
LOST = "lost"
UNKNOWN = "unknown"

SCHEMA = f"""
-- A set of rules that processes watched; processes with equal rules share one.
CREATE TABLE IF NOT EXISTS map (
    key     INTEGER PRIMARY KEY,
    digest  TEXT NOT NULL UNIQUE        -- of the map's file and the overrides, or of its rules
);

-- A legacy path.
CREATE TABLE IF NOT EXISTS rule (
    key     INTEGER PRIMARY KEY,
    legacy  TEXT NOT NULL UNIQUE,       -- as written: a.old, a.old.* or a.mod:name
    kind    TEXT NOT NULL               -- module, tree, name, factory
);

-- A rule as one map declares it.
CREATE TABLE IF NOT EXISTS declaration (
    map           INTEGER NOT NULL REFERENCES map,
    rule          INTEGER NOT NULL REFERENCES rule,
    canonical     TEXT NOT NULL,
    stage         TEXT NOT NULL,        -- after overrides
    reason        TEXT NOT NULL,
    since         TEXT NOT NULL,        -- ISO date, or empty
    remove_after  TEXT NOT NULL,        -- ISO date, or empty
    removal       TEXT NOT NULL,        -- version, or empty
    owner         TEXT NOT NULL,
    link          TEXT NOT NULL,
    PRIMARY KEY (map, rule)
) WITHOUT ROWID;

-- One service in one version and environment.
CREATE TABLE IF NOT EXISTS deployment (
    key          INTEGER PRIMARY KEY,
    service      TEXT NOT NULL,
    version      TEXT NOT NULL,
    environment  TEXT NOT NULL,
    UNIQUE (service, version, environment)
);

-- A process that watched the rules of a map.
CREATE TABLE IF NOT EXISTS process (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,   -- random; a forked child has its own
    parent      TEXT NOT NULL,          -- id of the process that forked it, or empty
    run         TEXT NOT NULL,          -- its `enforcer run`, or empty
    pid         INTEGER NOT NULL,       -- 0 if only its lost uses are known
    deployment  INTEGER NOT NULL REFERENCES deployment,
    host        TEXT NOT NULL,
    python      TEXT NOT NULL,          -- version of the interpreter
    command     TEXT NOT NULL,          -- command line
    root        TEXT NOT NULL,          -- relative files of its call sites start here
    map         INTEGER NOT NULL REFERENCES map,
    map_path    TEXT NOT NULL,          -- file of the map
    map_digest  TEXT NOT NULL,          -- digest of that file
    started     INTEGER NOT NULL,       -- when it began to watch
    written     INTEGER NOT NULL,       -- time of its last write
    sequence    INTEGER NOT NULL,       -- number of the last batch that was counted
    interval    INTEGER NOT NULL DEFAULT 0,  -- how often it writes: what a kill may lose
    silence     INTEGER NOT NULL DEFAULT 0,  -- after how long without a write it is gone
    ended       INTEGER NOT NULL DEFAULT 0,  -- when it ended, or 0
    ending      TEXT NOT NULL DEFAULT ''  -- exit, disabled, lost, unknown; or empty
);
CREATE INDEX IF NOT EXISTS process_by_run ON process (run) WHERE run <> '';

-- A span in which a process watched, without a silence longer than its limit.
CREATE TABLE IF NOT EXISTS heartbeat (
    process  INTEGER NOT NULL REFERENCES process,
    since    INTEGER NOT NULL,          -- its beginning
    till     INTEGER NOT NULL,          -- the last write in it
    PRIMARY KEY (process, since)
) WITHOUT ROWID;

-- A place in code that reached a legacy path by one mechanism.
CREATE TABLE IF NOT EXISTS call_site (
    key           INTEGER PRIMARY KEY,
    path          TEXT NOT NULL,        -- the legacy path that was reached
    file          TEXT NOT NULL,        -- relative to the root for own code
    line          INTEGER NOT NULL,     -- 0 if there is none
    function      TEXT NOT NULL,        -- qualified name, <module> at top level
    module        TEXT NOT NULL,        -- the caller's __name__
    mechanism     TEXT NOT NULL,        -- how it imported
    names         TEXT NOT NULL,        -- of a from-import, separated by commas
    via           TEXT NOT NULL,        -- file:line of the framework that did the import, or empty
    relation      TEXT NOT NULL,        -- own, third_party
    distribution  TEXT NOT NULL,        -- installed distribution, or empty
    UNIQUE (file, line, path, function, module, mechanism, names, via, relation, distribution)
);

-- What is counted: one rule at one call site, in one stage, with one outcome.
CREATE TABLE IF NOT EXISTS tally (
    key      INTEGER PRIMARY KEY,
    rule     INTEGER NOT NULL REFERENCES rule,
    site     INTEGER NOT NULL REFERENCES call_site,
    stage    TEXT NOT NULL,
    outcome  TEXT NOT NULL,             -- observed, aliased, warned, exempted, would_block,
                                        -- blocked
    UNIQUE (rule, site, stage, outcome)
);

-- Uses of one tally by one process.
CREATE TABLE IF NOT EXISTS use (
    process     INTEGER NOT NULL REFERENCES process,
    tally       INTEGER NOT NULL REFERENCES tally,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (process, tally)
) WITHOUT ROWID;

-- Uses of one tally by one deployment in one hour.
CREATE TABLE IF NOT EXISTS use_by_hour (
    hour        INTEGER NOT NULL,       -- of the last use in a batch
    tally       INTEGER NOT NULL REFERENCES tally,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (hour, deployment, tally)
) WITHOUT ROWID;

-- Uses of one tally by one deployment on one day.
CREATE TABLE IF NOT EXISTS use_by_day (
    day         INTEGER NOT NULL,
    rule        INTEGER NOT NULL,       -- the tally's: rows are read in this order
    site        INTEGER NOT NULL,       -- the tally's
    tally       INTEGER NOT NULL REFERENCES tally,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (day, rule, site, tally, deployment)
) WITHOUT ROWID;

-- Uses of one tally by one deployment in one month.
CREATE TABLE IF NOT EXISTS use_by_month (
    month       INTEGER NOT NULL,
    tally       INTEGER NOT NULL REFERENCES tally,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (month, deployment, tally)
) WITHOUT ROWID;

-- Uses of one tally by one deployment, of all time.
CREATE TABLE IF NOT EXISTS use_ever (
    tally       INTEGER NOT NULL REFERENCES tally,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    PRIMARY KEY (tally, deployment)
) WITHOUT ROWID;

-- Uses of one tally by all deployments, of all time.
CREATE TABLE IF NOT EXISTS total_ever (
    tally       INTEGER PRIMARY KEY REFERENCES tally,
    count       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL
);

-- Uses and probes of one rule by one deployment in one hour.
CREATE TABLE IF NOT EXISTS rule_by_hour (
    hour        INTEGER NOT NULL,
    rule        INTEGER NOT NULL REFERENCES rule,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    probes      INTEGER NOT NULL,
    PRIMARY KEY (hour, rule, deployment)
) WITHOUT ROWID;

-- Uses and probes of one rule by one deployment on one day.
CREATE TABLE IF NOT EXISTS rule_by_day (
    day         INTEGER NOT NULL,
    rule        INTEGER NOT NULL REFERENCES rule,
    deployment  INTEGER NOT NULL REFERENCES deployment,
    count       INTEGER NOT NULL,
    probes      INTEGER NOT NULL,
    PRIMARY KEY (day, rule, deployment)
) WITHOUT ROWID;

-- Uses that a process lost within one hour before it could write them.
CREATE TABLE IF NOT EXISTS dropped (
    hour     INTEGER NOT NULL,
    process  INTEGER NOT NULL REFERENCES process,
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, process)
) WITHOUT ROWID;

-- A notice of a process about a path.
CREATE TABLE IF NOT EXISTS notice (
    process  INTEGER NOT NULL REFERENCES process,
    kind     TEXT NOT NULL,             -- late, implementation, fallback, missing, blind, …
    subject  TEXT NOT NULL,             -- the path that it is about
    text     TEXT NOT NULL,
    noted    INTEGER NOT NULL DEFAULT 0,  -- when it was written
    PRIMARY KEY (process, kind, subject)
) WITHOUT ROWID;

-- Uses, probes and call sites of one rule by all deployments on one day.
CREATE TABLE IF NOT EXISTS total_by_day (
    day     INTEGER NOT NULL,
    rule    INTEGER NOT NULL REFERENCES rule,
    count   INTEGER NOT NULL,
    probes  INTEGER NOT NULL,
    sites   INTEGER NOT NULL DEFAULT 0,  -- call sites that were used; probes are no uses
    PRIMARY KEY (day, rule)
) WITHOUT ROWID;

-- Single values.
CREATE TABLE IF NOT EXISTS state (
    name   TEXT PRIMARY KEY,            -- keys: changes when rows are deleted; first_hour: earlier
                                        -- hours are kept as days only; swept: day of the last
                                        -- sweep
    value  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO state (name, value) VALUES ('keys', random());

-- Stores whose rows are in this one: itself, and those that were imported.
CREATE TABLE IF NOT EXISTS source (
    id        TEXT PRIMARY KEY,         -- random id of the store
    export    TEXT NOT NULL,            -- digest of the export; empty for this store
    imported  INTEGER NOT NULL          -- when; 0 for this store
) WITHOUT ROWID;
INSERT INTO source (id, export, imported)
SELECT lower(hex(randomblob(16))), '', 0 WHERE NOT EXISTS (SELECT * FROM source);

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""  # noqa: S608 - made of constants


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Create the tables, or migrate those of an older version, in one transaction.

    Several processes may be here at once: each reads the version again once the others are done.
    """
    # The write lock comes first and the version is read under it, so that two processes can't both
    # migrate.
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for script in _upgrades(version) if version else [SCHEMA]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _upgrades(version: int) -> "list[str]":
    from enforcer.store.sqlite.upgrades import UPGRADES  # for old stores only

    return [UPGRADES[step] for step in range(version, SCHEMA_VERSION)]


def _statements(script: str) -> "Iterator[str]":
    # executescript() would commit the open transaction first, and on an error leave its own open.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


# Triggers, views and virtual tables run code when a store is read or written: a crafted file could
# keep a process busy for ever.
_FOREIGN = """
SELECT count(*) FROM sqlite_master
WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'
"""


def schema_version(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema version of an open file; 0 for an empty file.

    Raises:
        StoreError: if the file is another program's database, or too new.

    """
    # One transaction, so that a store that is being created is seen complete or not at all.
    connection.execute("BEGIN")
    try:
        version, application, tables, foreign = (
            connection.execute(query).fetchone()[0]
            for query in (
                "PRAGMA user_version",
                "PRAGMA application_id",
                "SELECT count(*) FROM sqlite_master",
                _FOREIGN,
            )
        )
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    if application != APPLICATION_ID and (application or version or tables):
        raise not_a_store(path, "it is a database of another program")
    if foreign:
        raise not_a_store(path, "it has triggers, views or virtual tables, and no store has")
    if version > SCHEMA_VERSION:
        message = (
            f'the store "{path}" has schema {version}, and this enforcer knows only up to '
            f"{SCHEMA_VERSION}. Upgrade the enforcer here, or name another store (newer-store)"
        )
        raise StoreError(message, path=path)
    return int(version)


def not_a_store(path: str, reason: str) -> StoreError:
    """Return the error for a file that is not a store."""
    return StoreError(
        f'"{path}" is no store of the enforcer: {reason}. '
        "Name another file, or move this one away (not-a-store)"
    )
