"""Checks before SQLite opens a file: that it is a regular file, and that no stranger put it there.

SQLite opens whatever has the name, and replays the write-ahead log beside it. A store that another
user put into ``/tmp`` would receive this program's data, and its log could contain anything.
"""

import os
from stat import S_IWGRP, S_IWOTH

from enforcer.rules.regular_files import kind_of, require_trusted
from enforcer.store import StoreError
from enforcer.store.sqlite.schema import not_a_store

_COMPANIONS = ("-wal", "-shm", "-journal")


def require_files(path: str) -> None:
    """Raise an error if a store to read, or one of its companions, is not a regular file.

    Raises:
        StoreError: if so; a missing file is no error.

    """
    for suffix in ("", *_COMPANIONS):
        # The store itself may be a link; SQLite's companions are none.
        look = os.lstat if suffix else os.stat
        try:
            kind = kind_of(look(path + suffix))
        except (OSError, ValueError):
            continue
        if kind:
            raise not_a_store(path + suffix, f"it is {kind}, no file")


def require_own(path: str) -> None:
    """Raise an error if a store to write is not a regular file, or may be a stranger's.

    Raises:
        StoreError: if so; a missing file is no error.

    """
    require_files(path)
    is_shared = False
    for suffix in ("", *_COMPANIONS):
        file = path + suffix
        try:
            # A store that others may write is shared on purpose, and its companions belong to
            # whoever wrote last.
            if not is_shared:
                require_trusted(file)
            is_shared = is_shared or bool(os.stat(path).st_mode & (S_IWGRP | S_IWOTH))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        except OSError as error:
            message = (
                f'the store "{path}" is not used: "{file}" may be forged, {error.strerror}. '
                "Name a store in a folder of your own in ENFORCER_STORE (store-of-stranger)"
            )
            raise StoreError(message, path=path) from error
