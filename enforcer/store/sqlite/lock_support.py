"""Probe for the file locks that SQLite needs, on the file system of a store."""

import errno
import os

from enforcer.store import StoreError

try:
    import fcntl
except ImportError:  # Windows, where SQLite locks by other means, which need no trial
    _HAS_FCNTL = False
else:
    _HAS_FCNTL = True

_MISSING = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)


def require_locks(path: str) -> None:
    """Raise an error if files beside a store can't be locked as SQLite locks them.

    Raises:
        StoreError: if so.

    """
    if not _HAS_FCNTL:
        return
    # A random name, and O_EXCL: a stranger may have put a link to some other file there.
    probe = f"{path}.lock-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        file = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    except OSError:  # not writable: the error is raised where the store is opened
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _MISSING:
            raise no_locks(path, str(error)) from error
    finally:
        os.close(file)
        os.unlink(probe)


def no_locks(path: str, reason: str) -> StoreError:
    """Return the error for a store on a file system without locks."""
    return StoreError(
        f'the store "{path}" is on a file system without locks ({reason}): processes that write '
        "at the same time would damage it. Name a file on a local disk in ENFORCER_STORE, one "
        "for each machine (store-without-locks)",
        path=path,
    )
