"""Set a damaged store aside, and never delete it. Loaded only where one was met, or may be."""

import os
from collections.abc import Iterator
from time import gmtime, strftime

from enforcer.rules.regular import is_trusted, open_regular
from enforcer.rules.store_address import file_identity, names_beside
from enforcer.store import StoreError
from enforcer.store.engine import sqlite3
from enforcer.store.holding import Hold
from enforcer.store.schema import APPLICATION_ID, not_a_store
from enforcer.store.waiting import Patience, code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.rules.store_address import Identity

MARK = ".corrupt-"
"""What follows the name of a store that was set aside, before the time in UTC."""

_TIME = "%Y%m%dT%H%M%S"
_MAGIC = b"SQLite format 3\0"
_APPLICATION = slice(68, 72)
_COMPANIONS = ("-shm", "-wal")


def is_damage(error: BaseException) -> bool:
    """Tell whether SQLite says that a file is damaged, or none of its own."""
    return code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_ours(path: str) -> bool:
    """Tell by its first bytes whether a file was a store.

    To close a file gives up all locks of this process on it.
    """
    try:
        file, _ = open_regular(path)
    except OSError:
        return False
    try:
        head = os.read(file, _APPLICATION.stop)
    finally:
        os.close(file)
    mark = APPLICATION_ID.to_bytes(4, "big")
    return head.startswith(_MAGIC) and head[_APPLICATION] == mark


def set_aside(path: str, damaged: "Identity", reason: str, hold: Hold, patience: Patience) -> None:
    """Rename a damaged store and what belongs to it, if no other process did already.

    Args:
        path: the store. The connection that found the damage is still open: SQLite sees that
            the file was moved, and then leaves its log alone.
        damaged: which file was found damaged.
        reason: what SQLite said of it.
        hold: holds the folder; afterwards the store has to be opened anew.
        patience: how long to wait until nobody else uses the store.

    Raises:
        StoreError: if the file never was a store, or can't be set aside now.

    """
    try:
        if not hold.alone(patience):
            raise damaged_store(path, f"{reason}, and others still use it")
        if file_identity(path) != damaged:
            return
        if not is_ours(path):
            raise not_a_store(path, reason)
        _rename(path)
    except OSError as error:
        raise damaged_store(path, f"{reason}, and it can't be renamed: {error}") from error


def damaged_store(path: str, reason: str) -> StoreError:
    """Say that a store is damaged, and still where it was."""
    return StoreError(
        f'the store "{path}" is damaged: {reason}. The next process that writes sets it aside '
        "and begins a new one, where it may rename files (store-damaged)",
        path=path,
    )


def stores_set_aside(path: str) -> Iterator[tuple[str, int]]:
    """Give the damaged stores beside a store, the oldest first, and when they were set aside.

    The time is in nanoseconds since the epoch.
    """
    from datetime import datetime  # noqa: PLC0415 - see enforcer.store.engine

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
    for companion in (*_COMPANIONS, ""):
        if os.path.exists(f"{path}{companion}"):
            os.rename(f"{path}{companion}", f"{aside}{companion}")
