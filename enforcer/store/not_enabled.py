"""Log beside a store of processes that name a map but could not enable the enforcer.

Such a process has no map, no thread and no telemetry: a line in ``uses.db.not-enabled`` is all that
a report can know of it. A full file is truncated and begun again.
"""

import os
from time import time_ns

from enforcer.rules.regular_files import kind_of, read_trusted, require_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = ".not-enabled"

MOST_BYTES = 1 << 16
"""Largest size of the file: some 300 lines."""

_LONGEST_TEXT = 1_000
# A stranger who guesses the name may have put a pipe there, or a link.
_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


def leave_trace(path: str, text: str) -> None:
    """Append a line that this process is not enabled; do nothing if the file can't be written.

    Args:
        path: the store, whose folder has to exist.
        text: why it is not enabled.

    """
    file = f"{path}{MARK}"
    shown = "".join(char if char.isprintable() else " " for char in text[:_LONGEST_TEXT])
    line = f"{time_ns()} {shown}\n".encode("utf-8", "backslashreplace")
    try:
        descriptor = os.open(file, _FLAGS, 0o666)
        try:
            status = os.fstat(descriptor)
            if kind_of(status) or status.st_nlink != 1:
                # A pipe, a link, or a hard link to a file of somebody else: not ours to write.
                return
            require_trusted(file, status)
            if status.st_size + len(line) > MOST_BYTES:
                os.ftruncate(descriptor, 0)
            # One write in append mode, so that lines of concurrent processes don't mix.
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError:  # the line on standard error is all that is left
        return


def traces_beside(path: str) -> "Iterator[tuple[int, str]]":
    """Yield when each process was not enabled, in nanoseconds since the epoch, and why."""
    try:
        lines = read_trusted(f"{path}{MARK}").decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        time, _, text = line.partition(" ")
        if time.isdecimal() and text:
            yield int(time), text


def reasons_beside(path: str, *, since: int = 0, until: int = 0) -> "dict[str, int]":
    """Count the processes that were not enabled, by reason.

    Args:
        path: the store.
        since: leave out what was before, in nanoseconds since the epoch; 0 for all.
        until: leave out what was then or later; 0 for all.

    """
    reasons: dict[str, int] = {}
    for time, text in traces_beside(path):
        if time >= since and not 0 < until <= time:
            reasons[text] = reasons.get(text, 0) + 1
    return reasons
