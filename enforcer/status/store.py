"""Look at a store: what it has, and whether it can be written, without writing to it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from time import time_ns
from typing import Final

from enforcer.recording.notice import BLIND_KINDS
from enforcer.rules.store_address import is_there
from enforcer.status.model import StoreFound
from enforcer.store import StoreError
from enforcer.store.not_enabled import reasons_beside
from enforcer.store.queries import NoticeOf, Span
from enforcer.store.sqlite.reader import Reader

LATELY: Final = 24 * 3_600_000_000_000
"""How far back a process may have written to count as one of today, in nanoseconds."""


def look_at_store(path: str) -> StoreFound:
    """Return the state of a store: its processes, and whether it can be written."""
    lately = Span(since=time_ns() - LATELY)
    not_enabled = tuple(
        NoticeOf("not-enabled", path, text, processes)
        for text, processes in reasons_beside(path, since=lately.since).items()
    )
    if not is_there(path):
        return StoreFound(path, error=_folder_error(Path(path).parent), blind=not_enabled)
    try:
        with Reader(path) as reader:
            processes = reader.processes(Span())
            last_written = reader.last_written(Span())
            notices = reader.notices(lately)
            blind = tuple(notice for notice in notices if notice.kind in BLIND_KINDS)
    except StoreError as error:
        return StoreFound(path, exists=True, error=str(error), blind=not_enabled)
    return StoreFound(
        path,
        exists=True,
        error=_write_error(path),
        processes=processes,
        last_written=last_written,
        blind=(*blind, *not_enabled),
    )


def _folder_error(folder: Path) -> str:
    """Return why a store can't be created in a folder, which may not exist; empty if it can."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        return f'the store can\'t be made: "{folder}" is no folder. {_NAME_ANOTHER}'
    if not os.access(folder, os.W_OK | os.X_OK):
        return f'the store can\'t be made: "{folder}" may not be written. {_NAME_ANOTHER}'
    return ""


_NAME_ANOTHER = (
    "Make its folder writable, or name another store in ENFORCER_STORE (store-not-written)"
)


def _write_error(path: str) -> str:
    """Return why a store can't be written; empty if it can, or if another process is writing."""
    if not os.access(Path(path).parent, os.W_OK | os.X_OK):
        return f"the store can't be written: its folder may not be. {_NAME_ANOTHER}"
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            return ""
        return f"the store can't be written: {error}. {_NAME_ANOTHER}"
    return ""
