"""Queue of batches that the store has not taken yet, of limited size."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.recording.use import Use

MAX_ROWS = 20_000
"""How many rows to keep; the oldest batches are dropped first, and their uses counted."""


class Batch:
    """The uses between two collections from the recorder.

    Attributes:
        sequence: its number; each batch of a process has a higher one than the last.
        uses: the uses.
        dropped: how many uses were lost, in this batch or before it.

    """

    __slots__ = ("dropped", "sequence", "uses")

    def __init__(self, sequence: int, uses: "list[Use]", dropped: int) -> None:
        self.sequence = sequence
        self.uses = uses
        self.dropped = dropped

    def total(self) -> int:
        """Count its uses, including lost ones."""
        return sum(use.count for use in self.uses) + self.dropped


class Backlog:
    """Numbers batches and keeps them in order, the oldest first."""

    __slots__ = ("_batches", "_next", "limit")

    def __init__(self, limit: int = MAX_ROWS) -> None:
        """Create an empty backlog.

        Args:
            limit: how many rows to keep; one batch is kept however large it is.

        """
        self.limit = limit
        self._batches: list[Batch] = []
        self._next = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, uses: "list[Use]", dropped: int) -> None:
        """Append a batch; drop the oldest ones if there are too many rows.

        The new batch reports the dropped uses. The older ones may have been written, although the
        answer was lost, so they must not change any more.
        """
        rows = len(uses) + sum(len(batch.uses) for batch in self._batches)
        while self._batches and rows > self.limit:
            oldest = self._batches.pop(0)
            rows -= len(oldest.uses)
            dropped += oldest.total()
        self._batches.append(Batch(self._next, uses, dropped))
        self._next += 1

    def oldest(self) -> Batch:
        """Return the batch to write next."""
        return self._batches[0]

    def remove_oldest(self) -> None:
        """Remove the batch that was written."""
        del self._batches[0]

    def total(self) -> int:
        """Count all its uses, including lost ones."""
        return sum(batch.total() for batch in self._batches)
