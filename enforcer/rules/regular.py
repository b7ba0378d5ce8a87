"""Read a file whole, in bounded time and memory, whatever stands under its name.

A pipe would block the start of the interpreter for ever, a device may never end, and a file that
is being written is read once: what was read is what is parsed and digested.
"""

import os
import stat

MOST_BYTES = 1 << 24
"""How long a file may be: a map of 10,000 rules has some 2 MB."""

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)  # on Windows, where a text's ends of lines would change
_AT_ONCE = 1 << 20


def read_regular(path: str) -> bytes:
    """Return what a regular file has.

    Args:
        path: its path; symlinks are followed.

    Raises:
        OSError: if it can't be read, is no regular file, or is longer than :data:`MOST_BYTES`;
            ``strerror`` says which.

    """
    # O_NONBLOCK: to open a pipe that nobody writes to would wait for a writer.
    descriptor = os.open(path, _FLAGS | _BINARY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise OSError(0, f"it is {kind}", path)
        data = b""
        while len(data) <= MOST_BYTES:
            part = os.read(descriptor, _AT_ONCE)
            if not part:
                return data
            data += part
        raise OSError(0, f"it is longer than {MOST_BYTES >> 20} MiB", path)
    finally:
        os.close(descriptor)
