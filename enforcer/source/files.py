"""Bounded reading of source files, and short reasons why one can't be read or parsed."""

import os
from pathlib import Path
from typing import Final

from enforcer.rules.regular_files import read_regular

_MOST_BYTES: Final = 1 << 26
"""Largest size of a source file: the largest generated ones have some 10 MB."""


def read_source(file: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: if it can't be read, is not a regular file, or is longer than 64 MiB.

    """
    return read_regular(str(file), _MOST_BYTES)


def reason_of(error: BaseException) -> str:
    """Return why a file could not be read or parsed, without the file's name."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} on line {error.lineno}" if error.lineno else error.msg
    if isinstance(error, OSError):
        return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return str(error) or type(error).__name__
