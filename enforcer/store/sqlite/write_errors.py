"""Errors for a store that can't be written, with the remedy: its path, its owner, its disk."""

import errno
import os

from enforcer.store import StoreError
from enforcer.store.sqlite.busy import code_of
from enforcer.store.sqlite.engine import sqlite3

LONGEST_PATH = 500
"""Largest length of a path in bytes: MAX_PATHNAME is 512, suffixes of the companions included."""

_LONGEST_SHOWN = 200
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "End the process that keeps it locked",
    sqlite3.SQLITE_LOCKED: "End the process that keeps it locked",
    sqlite3.SQLITE_FULL: "Make room on its disk",
    sqlite3.SQLITE_IOERR: "See whether its disk is full or broken",
}


def not_written(path: str, error: "Exception | str") -> StoreError:
    """Return the error for a store that can't be created or written.

    Args:
        path: its file.
        error: what SQLite or the system answered, or the reason as text.

    """
    length = len(os.fsencode(path))
    is_long = length > LONGEST_PATH or getattr(error, "errno", 0) == errno.ENAMETOOLONG
    # An OSError names the path once more.
    reason = getattr(error, "strerror", error) if is_long else error
    remedy = f"Its path has {length:,} bytes, and SQLite takes {LONGEST_PATH}: name a shorter one"
    if not is_long:
        remedy = _remedy(path, error)
    return StoreError(
        f'the store "{shown(path)}" can\'t be written: {reason}. {remedy}, '
        "or name another store in ENFORCER_STORE (store-not-written)",
        path=path,
    )


def shown(path: str) -> str:
    """Return a path for people; of a very long one both ends."""
    half = _LONGEST_SHOWN // 2
    return path if len(path) <= _LONGEST_SHOWN else f"{path[:half]}…{path[-half:]}"


def _remedy(path: str, error: "Exception | str") -> str:
    code = code_of(error) if isinstance(error, sqlite3.Error) else 0
    return _REMEDIES.get(code) or _whose(path) or "Make its folder writable"


def _whose(path: str) -> str:
    """Return who owns the file or folder that this process may not write; empty if it may."""
    # Windows has no numeric owners.
    user = getattr(os, "geteuid", None)
    there = path
    while not os.path.lexists(there):
        above = os.path.dirname(there)
        if above == there:
            return ""
        there = above
    mode = os.W_OK | (os.X_OK if os.path.isdir(there) else 0)
    if user is None or os.access(there, mode):
        return ""
    owner = os.stat(there).st_uid
    if owner == user():
        return ""
    return f'"{shown(there)}" belongs to user {owner}, and this process is user {user()}: chown it'
