"""Markers beside a store for uses that a process could not write before it ended.

A marker is an empty file named ``uses.db.lost-RUN-PROCESS-COUNT``: a name can be written where the
store is locked and, mostly, where the disk is full. The next process that begins to write moves the
markers into the store; reports count those that are still there.
"""

import os
from stat import S_ISREG

from enforcer.rules.regular import is_trusted
from enforcer.rules.store_address import names_beside, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.recording.process import Process

MARK = ".lost-"

_PARTS = 3
_LONGEST_RUN = 64
_MOST_USES = 1 << 53  # sums of such counts still fit into SQLite's integers
# A stranger who guesses the name may have put a pipe there, or a link.
_TO_MAKE = os.O_CREAT | os.O_EXCL | os.O_WRONLY


class Loss:
    """One marker of lost uses.

    Attributes:
        file: the file whose name it is.
        run: the ``enforcer run`` that the process belongs to, or empty.
        process: the ``id`` of the process.
        count: how many uses it lost.
        time: when the marker was written, in nanoseconds since the epoch.

    """

    __slots__ = ("count", "file", "process", "run", "time")

    def __init__(self, file: str, *, run: str, process: str, count: int, time: int) -> None:
        self.file = file
        self.run = run
        self.process = process
        self.count = count
        self.time = time

    def take_back(self) -> None:
        """Remove the marker."""
        remove(self.file)


def leave_loss(path: str, process: "Process", count: int) -> None:
    """Write a marker of how many uses a process lost, in place of its earlier one.

    Args:
        path: the store.
        process: the process that lost them.
        count: how many; 0 only removes the earlier marker.

    """
    for loss in losses_beside(path):
        if loss.process == process.id:
            loss.take_back()
    if not count:
        return
    # In hex, because a run's name may contain a slash or a dash.
    run = process.run.encode("utf-8", "replace")[:_LONGEST_RUN].hex()
    try:
        os.close(os.open(f"{path}{MARK}{run}-{process.id}-{count}", _TO_MAKE, 0o666))
    except OSError:  # the line on standard error is all that is left
        return


def losses_beside(path: str) -> "Iterator[Loss]":
    """Yield the markers beside a store, except any that a stranger may have put there."""
    folder, name = os.path.split(path)
    begin = f"{name}{MARK}"
    for each in names_beside(path, MARK):
        loss = _loss(os.path.join(folder, each), each[len(begin) :])
        if loss is not None:
            yield loss


def _loss(file: str, words: str) -> Loss | None:
    parts = words.split("-")
    if len(parts) != _PARTS:
        return None
    try:
        run = bytes.fromhex(parts[0]).decode("utf-8", "replace")
        count = int(parts[2])
        status = os.lstat(file)
        if not S_ISREG(status.st_mode) or not is_trusted(file):
            return None
        if not 0 < count < _MOST_USES:
            return None
        return Loss(file, run=run, process=parts[1], count=count, time=status.st_mtime_ns)
    except (OSError, ValueError):
        return None
