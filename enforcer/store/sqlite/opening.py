"""Read-only connections to a SQLite store, with the notes beside it, and errors for people."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from enforcer.store import NothingRecordedError, StoreError
from enforcer.store.not_enabled import reasons_beside
from enforcer.store.notes import notes_beside
from enforcer.store.sqlite.damage import damaged_store, is_damage, is_ours
from enforcer.store.sqlite.guard import require_files
from enforcer.store.sqlite.losses import losses_beside
from enforcer.store.sqlite.rows import Rows
from enforcer.store.sqlite.schema import (
    SCHEMA_VERSION,
    bring_up_to_date,
    not_a_store,
    schema_version,
)

_NOTED = ("deployment", "process", "heartbeat", "notice")
"""The tables that notes are added to."""

PATIENCE = 5.0
"""How long to wait for a process that is creating the store, in seconds."""


def open_to_read(path: str) -> sqlite3.Connection:
    """Open an existing store; it is never changed.

    Raises:
        StoreError: if it can't be read.

    """
    require_files(path)
    try:
        connection = _connect(path, "mode=rw")
    except sqlite3.OperationalError as error:
        # In a folder that it may not write, SQLite opens a store only as immutable, and that
        # leaves out what is still in the write-ahead log.
        if _has_content(f"{path}-wal"):
            raise not_read(path, error) from error
        try:
            connection = _connect(path, "mode=ro&immutable=1")
        except sqlite3.Error:
            raise not_read(path, error) from error
    return connection


def _connect(path: str, mode: str) -> sqlite3.Connection:
    # "rw" and not "ro": only a connection that could write tidies up SQLite's two
    # companion files when it is the last one to close.
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=PATIENCE, isolation_level=None
    )
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        version = schema_version(connection, path)
    except BaseException as error:
        connection.close()
        if is_damage(error):
            raise not_read(path, error) from error
        raise
    if version == SCHEMA_VERSION:
        return connection
    try:
        if version:
            return _newer_copy(connection)
    except sqlite3.Error as error:
        raise not_read(path, error) from error
    finally:
        connection.close()
    raise no_store(path)


def _newer_copy(old: sqlite3.Connection) -> sqlite3.Connection:
    # Readers never migrate the file, only a copy in memory. The next process that writes migrates
    # it.
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        # The backup API copies one consistent snapshot, while other processes write.
        old.backup(copy)
        bring_up_to_date(copy)
    except BaseException:
        copy.close()
        raise
    return copy


def begin_to_read(connection: sqlite3.Connection, path: str) -> None:
    """Begin a read transaction that also sees the notes beside the store.

    Notes are added to temporary copies of the tables, which shadow the tables themselves: the store
    is not changed.
    """
    # Before the transaction begins: a note that is gone by then is in the store.
    notes = list(notes_beside(path))
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("BEGIN")
    if not notes:
        return
    # Only temporary tables are written below, but ``query_only`` would refuse that as well.
    connection.execute("PRAGMA query_only = OFF")
    rows = Rows(connection)
    source = rows.source()
    query = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table'"
    for name, made_by in connection.execute(query).fetchall():
        if name in _NOTED:
            connection.execute(made_by.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
            connection.execute(f"INSERT INTO temp.{name} SELECT * FROM main.{name}")  # noqa: S608 - a constant
    for note in notes:
        if note.store == source:
            rows.add_noted(note)
    connection.execute("PRAGMA query_only = ON")


def _has_content(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except OSError:
        return False


def no_store(path: str) -> NothingRecordedError:
    """Return the error for a missing store; it says so if uses were lost all the same."""
    lost = sum(loss.count for loss in losses_beside(path))
    uses = "1 use" if lost == 1 else f"{lost} uses"
    reason = f"{uses} could not be kept, and there is " if lost else ""
    remedy = 'run your program with "enforcer run" first'
    if reasons_beside(path):
        remedy = 'a process with this map was not enabled, see "enforcer status"'
    return NothingRecordedError(
        f'nothing recorded: {reason}no store at "{path}"; {remedy} (no-store)'
    )


def not_read(path: str, error: BaseException) -> StoreError:
    """Return the error for a store that can't be read."""
    if is_damage(error):
        reason = str(error)
        return damaged_store(path, reason) if is_ours(path) else not_a_store(path, reason)
    return StoreError(
        f'the store "{path}" can\'t be read: {error}. '
        "Check that you may read the file and its folder (store-not-read)"
    )
