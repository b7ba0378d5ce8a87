"""Bounded reading of source files, and short reasons why one can't be read or parsed."""

import os
from pathlib import Path
from typing import Final

from enforcer.rules.regular_files import open_regular, read_open

_MOST_BYTES: Final = 1 << 24
"""Largest size of a source file: parsing takes up to a hundred times as much memory."""

_TRIES: Final = 3
"""How often a file is read that changes meanwhile."""


def read_source(file: str | Path) -> bytes:
    """Return the content of a regular file, as it was at one time.

    Raises:
        OSError: if it can't be read, is not a regular file, is longer than 16 MiB, or changes
            while it is read.

    """
    path = os.fspath(file)
    for _ in range(_TRIES):
        descriptor, before = open_regular(path)
        try:
            content = read_open(descriptor, path, _MOST_BYTES)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return content
    raise OSError(0, "it changes while it is read", path)


def reason_of(error: BaseException) -> str:
    """Return why a file could not be read or parsed, without the file's name."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} on line {error.lineno}" if error.lineno else error.msg
    if isinstance(error, OSError):
        return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return str(error) or type(error).__name__
