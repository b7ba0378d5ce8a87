"""Detect a damaged store and set it aside; imported only where damage was met or is suspected.

A damaged store is renamed, never deleted.
"""

import os
from collections.abc import Iterator
from time import gmtime, strftime

from enforcer.rules.regular_files import is_trusted, open_regular
from enforcer.rules.store_address import file_identity, names_beside
from enforcer.store import StoreError
from enforcer.store.sqlite.busy import Patience, code_of
from enforcer.store.sqlite.engine import sqlite3
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.schema import APPLICATION_ID, not_a_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.store_address import Identity

MARK = ".corrupt-"
"""Suffix of a store that was set aside; the time in UTC follows."""

_TIME = "%Y%m%dT%H%M%S"
# SQLite's file format, 1.3: the magic string is at offset 0, ``application_id`` at 68.
_MAGIC = b"SQLite format 3\0"
_APPLICATION = slice(68, 72)
_COMPANIONS = ("-shm", "-wal")


def is_damage(error: BaseException) -> bool:
    """Return whether SQLite reports a file as corrupt, or as no database."""
    return code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_ours(path: str) -> bool:
    """Return whether a file's first bytes are those of a store.

    Closing the file releases every POSIX lock that this process has on it.
    """
    try:
        file, _ = open_regular(path)
    except OSError:
        return False
    try:
        # Not by SQLite, which may refuse to open a damaged file.
        head = os.read(file, _APPLICATION.stop)
    finally:
        os.close(file)
    mark = APPLICATION_ID.to_bytes(4, "big")
    return head.startswith(_MAGIC) and head[_APPLICATION] == mark


def set_aside(path: str, damaged: "Identity", reason: str, hold: Hold, patience: Patience) -> None:
    """Rename a damaged store and its companion files, unless another process did already.

    Args:
        path: the store. The connection that met the damage is still open: SQLite notices
            that the file was moved, and then leaves its write-ahead log alone.
        damaged: the identity of the damaged file.
        reason: SQLite's message.
        hold: the lock on the folder; afterwards the store has to be opened anew.
        patience: how long to wait until no other process uses the store.

    Raises:
        StoreError: if the file never was a store, or can't be renamed now.

    """
    try:
        if not hold.alone(patience):
            raise damaged_store(path, f"{reason}, and others still use it")
        # Another process was first, and a new store may have the name by now.
        if file_identity(path) != damaged:
            return
        if not is_ours(path):
            raise not_a_store(path, reason)
        _rename(path)
    except OSError as error:
        raise damaged_store(path, f"{reason}, and it can't be renamed: {error}") from error


def damaged_store(path: str, reason: str) -> StoreError:
    """Return the error for a damaged store that is still in its place."""
    return StoreError(
        f'the store "{path}" is damaged: {reason}. The next process that writes sets it aside '
        "and begins a new one, where it may rename files (store-damaged)",
        path=path,
    )


def stores_set_aside(path: str) -> Iterator[tuple[str, int]]:
    """Yield the damaged stores beside a store, oldest first, and when each was set aside.

    The time is in nanoseconds since the epoch.
    """
    from datetime import datetime  # see enforcer.store.sqlite.engine

    folder, name = os.path.split(path)
    begin = f"{name}{MARK}"
    for each in sorted(names_beside(path, MARK)):
        if each.endswith(_COMPANIONS):
            continue
        # "20261123T101500", or "20261123T101500.1" for the second one of a second
        try:
            time = datetime.strptime(each[len(begin) :].partition(".")[0] + "Z", f"{_TIME}%z")
        except ValueError:
            continue
        file = os.path.join(folder, each)
        if is_trusted(file):
            yield file, int(time.timestamp()) * 1_000_000_000


def _rename(path: str) -> None:
    base = aside = f"{path}{MARK}{strftime(_TIME, gmtime())}"
    number = 0
    while os.path.exists(aside):
        number += 1
        aside = f"{base}.{number}"
    # The store comes last: if it came first and this process died in between, the next process
    # would create a new store beside the old write-ahead log, and SQLite would replay that.
    for companion in (*_COMPANIONS, ""):
        if os.path.exists(f"{path}{companion}"):
            os.rename(f"{path}{companion}", f"{aside}{companion}")
