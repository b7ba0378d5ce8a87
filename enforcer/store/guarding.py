"""Refuse files that are no store, or a stranger's, before SQLite opens them.

SQLite opens whatever lies under a name, and replays the log that lies beside it. A store that
another user put into ``/tmp`` would get what this program does; its log could say anything.
"""

import os
from stat import S_IWGRP, S_IWOTH

from enforcer.rules.regular import kind_of, require_trusted
from enforcer.store import StoreError
from enforcer.store.schema import not_a_store

_COMPANIONS = ("-wal", "-shm", "-journal")


def require_files(path: str) -> None:
    """Raise an error where a store to read, or what belongs to it, is no regular file.

    Raises:
        StoreError: if so; that nothing is there is no error.

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
    """Raise an error where a store to write is none, or one that a stranger may have put there.

    Raises:
        StoreError: if so; that nothing is there is no error.

    """
    require_files(path)
    is_shared = False
    for suffix in ("", *_COMPANIONS):
        file = path + suffix
        try:
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
