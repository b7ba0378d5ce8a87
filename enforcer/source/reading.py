"""Read source files, and nothing that would never come to an end."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_source(file: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: if it can't be read, or is no regular file.

    """
    require_regular(file)
    return file.read_bytes()


def require_regular(file: Path) -> None:
    """Raise an error for what is no regular file, and must not be opened.

    To open a named pipe waits until somebody writes to it, and a device such as ``/dev/zero``
    never ends.

    Raises:
        OSError: if there is no such file, or it is no regular one.

    """
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, no file", str(file))


def reason_of(error: BaseException) -> str:
    """Return why a file could not be read or parsed, without the file's name."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} on line {error.lineno}" if error.lineno else error.msg
    if isinstance(error, OSError):
        return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return str(error) or type(error).__name__
