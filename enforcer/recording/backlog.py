"""Queue of batches that the store lacks, of limited size, and what a fork inherits of them."""

import _thread

from enforcer.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from enforcer.recording.use import Use

    class Collector(Protocol):
        """Source of recorded uses; implemented by ``enforcer.recording.recorder.Recorder``."""

        def collect(self) -> tuple[list[Use], int]:
            """Return the uses since the last call, and how many were lost since."""

    Loss = tuple[int, int]

MAX_ROWS = 20_000
"""How many rows to keep; the oldest batches are dropped first, and their uses counted."""

ROWS_AT_ONCE = 500
"""How many rows a batch has at most.

A batch is one transaction, of some 30 ms of processor time where all its call sites are new. What
was committed stays when the time of an exit is over, on a machine that is twenty times as slow too.
"""


class Batch(Record):
    """Uses that are written in one transaction.

    Attributes:
        sequence: its number; each batch of a process has a higher one than the last.
        uses: the uses.
        dropped: how many uses were lost, in this batch or before it.
        is_marked: whether there is a marker on the disk that it may be lost.

    """

    sequence: int
    uses: "list[Use]"
    dropped: int
    is_marked: bool = False

    def total(self) -> int:
        """Count its uses, including lost ones."""
        return sum(use.count for use in self.uses) + self.dropped


class Backlog:
    """Numbers batches and keeps them in order, the oldest first.

    The thread that delivers collects, writes and removes batches. At the end of the process the
    thread that stops waiting for it collects the rest and marks all that is left as lost.

    Attributes:
        limit: how many rows to keep; the last collection is kept however large it is.
        marked_beside: the store beside which batches are marked as lost, or empty.

    """

    __slots__ = (
        "_batches",
        "_in_marker",
        "_is_collecting",
        "_lock",
        "_next",
        "limit",
        "marked_beside",
    )

    def __init__(self, limit: int = MAX_ROWS) -> None:
        """Create an empty backlog.

        Args:
            limit: how many rows to keep; the last collection is kept however large it is.

        """
        self.limit = limit
        self.marked_beside = ""
        self._batches: list[Batch] = []
        self._next = 0
        # Held only while batches change, so that the first batch is the only one that another
        # thread may be writing. It is reentrant because a signal handler may run in the thread
        # that holds it, and a plain lock would block there for ever.
        self._lock = _thread.RLock()
        self._is_collecting = False
        self._in_marker: list[Batch] = []

    def __bool__(self) -> bool:
        return bool(self._batches)

    def take(self, collect: "Callable[[], tuple[list[Use], int]]") -> None:
        """Collect uses into new batches; drop the oldest ones if there are too many rows.

        Args:
            collect: returns the uses since the last time, and how many were lost.

        """
        with self._lock:
            uses, dropped = self._collect(collect)
            if uses or dropped:
                self.add(uses, dropped)

    def mark(
        self,
        collect: "Callable[[], tuple[list[Use], int]]",
        write: "Callable[[list[Loss]], object]",
    ) -> None:
        """Collect the rest, and mark all batches as lost that are not marked yet.

        The first batch may be in a transaction of another thread at this moment. All others are
        merged into one, so that a marker has two numbers at most. A batch that was marked before
        stays unchanged.

        Args:
            collect: returns the uses since the last time, and how many were lost.
            write: writes the marker, from the sequence and the number of uses of each batch. It
                may be called twice with the same losses. Not called if there are none.

        Raises:
            Exception: whatever ``write`` raises; then no batch counts as marked.

        """
        # The lock is held while the marker is written: the thread that delivers and the one that
        # stopped waiting for it both mark, and the second one ends the process.
        with self._lock:
            # True only in a signal handler that interrupted collect() in this thread: collect()
            # can't be entered twice, and what it holds is not known here.
            if self._is_collecting:
                return
            # Not empty only in a signal handler that interrupted write() in this thread.
            batches = self._in_marker or self._unmarked(collect)
            if not batches:
                return
            self._in_marker = batches
            try:
                write([(batch.sequence, batch.total()) for batch in batches])
            finally:
                self._in_marker = []
            for batch in batches:
                batch.is_marked = True

    def add(self, uses: "list[Use]", dropped: int) -> None:
        """Append batches; drop the oldest ones if there are too many rows.

        The first new batch reports the dropped uses. The older ones may have been written, although
        the answer was lost, so they must not change any more.
        """
        rows = len(uses) + sum(len(batch.uses) for batch in self._batches)
        while self._batches and rows > self.limit:
            oldest = self._batches.pop(0)
            rows -= len(oldest.uses)
            dropped += oldest.total()
        self._append(uses, dropped)

    def oldest(self) -> Batch:
        """Return the batch to write next."""
        with self._lock:
            return self._batches[0]

    def remove(self, batch: Batch) -> None:
        """Remove a batch that was written."""
        with self._lock:
            self._batches.remove(batch)

    def total(self) -> int:
        """Count all its uses, including lost ones."""
        return sum(batch.total() for batch in self._batches.copy())

    def _append(self, uses: "list[Use]", dropped: int) -> None:
        for start in range(0, len(uses) or 1, ROWS_AT_ONCE):
            self._batches.append(Batch(self._next, uses[start : start + ROWS_AT_ONCE], dropped))
            self._next += 1
            dropped = 0

    def _collect(self, collect: "Callable[[], tuple[list[Use], int]]") -> "tuple[list[Use], int]":
        self._is_collecting = True
        try:
            return collect()
        finally:
            self._is_collecting = False

    def _unmarked(self, collect: "Callable[[], tuple[list[Use], int]]") -> list[Batch]:
        uses, dropped = self._collect(collect)
        if uses or dropped:
            self._append(uses, dropped)
        new = [batch for batch in self._batches if not batch.is_marked]
        # The first of all keeps its number: its transaction may be under way.
        others = [batch for batch in new if batch is not self._batches[0]]
        if len(others) > 1:
            uses = [use for batch in others for use in batch.uses]
            rest = Batch(others[-1].sequence, uses, sum(batch.dropped for batch in others))
            new = [batch for batch in new if batch not in others] + [rest]
            self._batches = [batch for batch in self._batches if batch not in others] + [rest]
        return new


class Estate(Record):
    """Uses that a parent had recorded and not written when it was forked; collected once."""

    _uses: "list[Use]"
    _lost: int

    def collect(self) -> "tuple[list[Use], int]":
        """Return the uses the first time, and nothing afterwards."""
        collected = self._uses, self._lost
        self._uses, self._lost = [], 0
        return collected
