"""Open a SQLite store for maintenance: migrated, and not renamed meanwhile; others may write."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from enforcer.rules.store_address import is_there
from enforcer.store import StoreError
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.opening import no_store, not_read
from enforcer.store.sqlite.writer import Store

PATIENCE: Final = 30.0
"""How long to wait for other writers, in seconds."""


@contextmanager
def open_to_change(path: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection to an existing store, migrated to the current schema.

    Raises:
        StoreError: if there is no store, or it can't be used.

    """
    if not is_there(path):
        raise no_store(path)
    # Migrates an old store, and sets a damaged one aside.
    Store(path, Patience(PATIENCE)).close()
    hold = Hold(path)
    try:
        if not hold.together(Patience(PATIENCE)):
            message = f'the store "{path}" is being set aside; try again (store-not-written)'
            raise StoreError(message)
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise not_read(path, error) from error
    finally:
        hold.release()
