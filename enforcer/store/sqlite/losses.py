"""Markers beside a store for uses that a process could not write before it ended.

A marker is an empty file named ``uses.db.lost-RUN-PROCESS-COUNT-SEQUENCE``, with a second count and
sequence where two batches are marked: a name can be written where the store is locked and, mostly,
where the disk is full. The next process that begins to write moves the markers into the store;
reports count those that are still there.

A process whose time is over can't know whether the transaction that is under way will be committed.
The store knows: it has the sequence of the last batch of each process. A marker of a batch up to
that one is obsolete, and a batch whose marker was moved into the store is ignored when it comes.

Markers of older versions have no sequence: ``uses.db.lost-RUN-PROCESS-COUNT``.
"""

import os
from itertools import groupby
from stat import S_ISREG

from enforcer.record import Record
from enforcer.rules.own_folder import ignore
from enforcer.rules.regular_files import is_trusted
from enforcer.rules.store_address import names_beside, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from enforcer.recording.backlog import Backlog, Collector
    from enforcer.recording.process import Process

MARK = ".lost-"

UNNUMBERED = -1
"""The sequence of a loss that an older version marked."""

_LONGEST_RUN = 64
_MOST_USES = 1 << 53  # sums of such counts still fit into SQLite's integers
# A stranger who guesses the name may have put a pipe there, or a link.
_TO_MAKE = os.O_CREAT | os.O_EXCL | os.O_WRONLY


class Loss(Record):
    """One batch that is marked as lost.

    Attributes:
        file: the marker.
        run: the ``enforcer run`` that the process belongs to, or empty.
        process: the ``id`` of the process.
        count: how many uses it lost.
        sequence: the number of the batch, or :data:`UNNUMBERED`.
        time: when the marker was written, in nanoseconds since the epoch.

    """

    file: str
    run: str
    process: str
    count: int
    sequence: int
    time: int

    def take_back(self) -> None:
        """Remove the marker."""
        remove(self.file)


def leave_losses(path: str, process: "Process", backlog: "Backlog", collector: "Collector") -> None:
    """Mark what a process loses unless it is written after all.

    Args:
        path: the store; nothing is marked if it is empty.
        process: the process that loses it.
        backlog: the batches that the store has not taken yet.
        collector: the source of the uses that are in no batch yet.

    """
    if not path:
        return
    # In hex, because a run's name may contain a slash or a dash.
    run = process.run.encode("utf-8", "replace")[:_LONGEST_RUN].hex()

    def write(losses: "list[tuple[int, int]]") -> None:
        backlog.marked_beside = path
        batches = "-".join(f"{count}-{sequence}" for sequence, count in losses)
        _make_folder(os.path.dirname(path))
        try:
            os.close(os.open(f"{path}{MARK}{run}-{process.id}-{batches}", _TO_MAKE, 0o666))
        except FileExistsError:
            return

    try:
        backlog.mark(collector.collect, write)
    except OSError:  # the line on standard error is all that is left
        return


def take_back_losses(path: str, process: "Process") -> None:
    """Remove the markers of a process that has written everything."""
    for loss in losses_beside(path):
        if loss.process == process.id:
            loss.take_back()


def losses_beside(path: str) -> "list[Loss]":
    """Return what is marked beside a store, except what a stranger may have put there.

    The batches of a process come in the order of their numbers.
    """
    folder, name = os.path.split(path)
    begin = f"{name}{MARK}"
    losses = [
        loss
        for each in names_beside(path, MARK)
        for loss in _losses(os.path.join(folder, each), each[len(begin) :])
    ]
    return sorted(losses, key=lambda loss: (loss.process, loss.sequence))


def unwritten_losses(connection: "sqlite3.Connection", path: str) -> "Iterator[Loss]":
    """Return the marked batches that are not in the store.

    Args:
        connection: the store.
        path: its file.

    """
    query = "SELECT sequence FROM process WHERE id = ?"
    for process, losses in groupby(losses_beside(path), lambda loss: loss.process):
        row = connection.execute(query, (process,)).fetchone()
        taken = UNNUMBERED if row is None else int(row[0])
        for loss in losses:
            if loss.sequence == UNNUMBERED or loss.sequence > taken:
                yield loss
                taken = max(taken, loss.sequence)


def _make_folder(folder: str) -> None:
    """Create the folder of a store that nobody has written to yet."""
    if folder and not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        ignore(folder)


def _losses(file: str, words: str) -> "list[Loss]":
    try:
        run, process, *numbers = words.split("-")
        counts = [int(number) for number in numbers[::2]]
        sequences = [int(number) for number in numbers[1::2]]
        if len(numbers) == 1:
            sequences = [UNNUMBERED]
        run = bytes.fromhex(run).decode("utf-8", "replace")
        batches = list(zip(counts, sequences, strict=True))
        status = os.lstat(file)
    except (OSError, ValueError):
        return []
    is_sound = all(0 < count < _MOST_USES > sequence for count, sequence in batches)
    if not (is_sound and S_ISREG(status.st_mode) and is_trusted(file)):
        return []
    return [
        Loss(
            file,
            run=run,
            process=process,
            count=count,
            sequence=sequence,
            time=status.st_mtime_ns,
        )
        for count, sequence in batches
    ]
