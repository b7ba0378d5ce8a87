"""Read files whole, in bounded time and memory, digest them, and check who may have written them.

Every file that the enforcer reads in the watched program is opened here. Opening a named pipe would
block the thread for ever, a device may never end, and a file that is being written is read only
once: the same bytes are parsed and digested. In a folder that everybody may write to, such as
``/tmp``, another user may have created a file under the name that the enforcer looks for.
"""

import os
import stat
from _imp import source_hash

# Bound by name, because tests of the watched program replace os.open, os.read or builtins.open by
# mocks.
from os import O_RDONLY, close, fstat, lstat
from os import open as open_file
from os import read as read_file

MOST_BYTES = 1 << 24
"""The maximum size of a file; a map of 10,000 rules has some 2 MB."""

# "hashlib" would load OpenSSL, which is heavy (and crashes CPython 3.12.1 at exit if a
# subinterpreter loaded it), and each "_sha…" module takes half a millisecond of a process's start.
# Two arbitrary keys, of which each yields 64 bits. source_hash is SipHash with a key
# (_Py_KeyedHash, Python/pyhash.c), made for hash-based .pyc files (PEP 552).
_KEYS = (0x656E666F, 0x72636572)

DIGITS = 16 * len(_KEYS)
"""How many hexadecimal digits a digest has."""

CHECK_BYTES = 8
"""How many bytes a check sum has."""

HAS_OWNERS = hasattr(os, "geteuid")
"""Whether files have owners as in POSIX; not on Windows."""

# O_NONBLOCK: without it, opening a named pipe would wait for a writer.
# O_BINARY: without it, Windows would translate the ends of lines.
_FLAGS = (
    O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link"),
)


def read_regular(path: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file of any owner.

    Args:
        path: its path; symlinks are followed.
        most: how many bytes it may have.

    Raises:
        OSError: if it can't be read, is no regular file, or is longer; ``strerror`` says which.

    """
    descriptor, _ = open_regular(path)
    try:
        return read_open(descriptor, path, most)
    finally:
        close(descriptor)


def read_trusted(path: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file that decides what a program does.

    Args:
        path: its path; symlinks are followed.
        most: how many bytes it may have.

    Raises:
        OSError: as :func:`read_regular`, and if another user may have put it there.

    """
    descriptor, status = open_regular(path)
    try:
        require_trusted(path, status)
        return read_open(descriptor, path, most)
    finally:
        close(descriptor)


def open_regular(path: str, *, follows: bool = True) -> "tuple[int, os.stat_result]":
    """Open a regular file for reading; return its descriptor and its status.

    Args:
        path: its path.
        follows: whether it may be a symlink.

    Raises:
        OSError: if it can't be opened, or is no regular file.

    """
    try:
        descriptor = open_file(path, _FLAGS | (0 if follows else _NO_LINK))
    except OSError as error:
        if _is_socket(path):  # the system says "No such device or address"
            error.strerror = "it is a socket, no file"
        raise
    status = fstat(descriptor)
    kind = kind_of(status)
    if kind:
        close(descriptor)
        raise OSError(0, f"it is {kind}, no file", path)
    return descriptor, status


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def read_open(descriptor: int, path: str, most: int = MOST_BYTES) -> bytes:
    """Return the content of an open file.

    Raises:
        OSError: if it can't be read, or is longer.

    """
    data = b""
    while len(data) <= most:
        part = read_file(descriptor, min(_AT_ONCE, most + 1 - len(data)))
        if not part:
            return data
        data += part
    size = f"{most >> 20} MiB" if most >> 20 else f"{most} bytes"
    raise OSError(0, f"it is longer than {size}", path)


def kind_of(status: os.stat_result) -> str:
    """Describe a file that is not regular; empty for one that is."""
    if stat.S_ISREG(status.st_mode):
        return ""
    return next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")


def is_private(status: os.stat_result) -> bool:
    """Return whether only this user and root can have written a file, or into a folder."""
    if not HAS_OWNERS:
        return False
    others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return not others and status.st_uid in (os.geteuid(), 0)


def require_trusted(path: str, status: "os.stat_result | None" = None) -> None:
    """Raise an error for a file that another user may have put there.

    That is a file in a folder that everybody may write to, if it belongs neither to this user,
    nor to root, nor to the owner of the folder. Linux has the same rule, ``fs.protected_regular``
    and ``fs.protected_symlinks``, but only for sticky folders, and not everywhere.

    Args:
        path: the file; of a symlink, both the link and its target are checked.
        status: the status of the opened file, if it is open.

    Raises:
        OSError: if it is not trusted, or does not exist.

    """
    if not HAS_OWNERS:
        return
    own = lstat(path)
    _require_owner(path, own)
    if stat.S_ISLNK(own.st_mode):
        real = os.path.realpath(path)
        _require_owner(real, lstat(real) if status is None else status)


def _require_owner(path: str, status: os.stat_result) -> None:
    folder = os.stat(os.path.dirname(path) or os.curdir)
    is_shared = folder.st_mode & stat.S_IWOTH
    if is_shared and status.st_uid not in (os.geteuid(), 0, folder.st_uid):
        message = f"it belongs to user {status.st_uid}, in a folder that everybody may write to"
        raise OSError(0, message, path)


def is_trusted(path: str) -> bool:
    """Return whether a file exists, and no other user can have put it there."""
    try:
        require_trusted(path)
    except (OSError, ValueError):
        return False
    return True


def is_trusted_name(path: str) -> bool:
    """Return whether a name exists, as any kind of file, and no other user can have created it.

    Of a symlink the link is checked, not its target.
    """
    try:
        status = lstat(path)
        if HAS_OWNERS:
            _require_owner(path, status)
    except (OSError, ValueError):
        return False
    return True


def digest(data: bytes) -> str:
    """Return a digest of 128 bits, in hexadecimal digits.

    It detects accidental differences; it is not meant to resist an attacker.
    """
    return "".join(source_hash(key, data).hex() for key in _KEYS)


def check_sum(data: bytes) -> bytes:
    """Return half of a digest, in half of the time: whether bytes are as they were written."""
    return source_hash(_KEYS[0], data)
