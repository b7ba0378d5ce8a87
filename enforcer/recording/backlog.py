"""Keep the batches of uses that the store has not taken yet, within bounds."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.recording.use import Use

MAX_ROWS = 20_000
"""How many rows to keep; the oldest batches are dropped first, and counted."""


class Batch:
    """Hold the uses between two looks at the recorder.

    Attributes:
        sequence: its number; each batch of a process has a higher one than the last.
        uses: what was recorded.
        dropped: how many uses were lost, here or before it.

    """

    __slots__ = ("dropped", "sequence", "uses")

    def __init__(self, sequence: int, uses: "list[Use]", dropped: int) -> None:
        """Take the fields as they are."""
        self.sequence = sequence
        self.uses = uses
        self.dropped = dropped

    def total(self) -> int:
        """Count its uses, the lost ones too."""
        return sum(use.count for use in self.uses) + self.dropped


class Backlog:
    """Number batches and keep them in order, from the oldest."""

    __slots__ = ("_batches", "_next", "limit")

    def __init__(self, limit: int = MAX_ROWS) -> None:
        """Start empty.

        Args:
            limit: how many rows to keep; one batch is kept however large it is.

        """
        self.limit = limit
        self._batches: list[Batch] = []
        self._next = 0

    def __bool__(self) -> bool:
        """Tell whether there is something to write."""
        return bool(self._batches)

    def add(self, uses: "list[Use]", dropped: int) -> None:
        """Append a batch, and drop the oldest ones where there are too many rows.

        A batch that was dropped may have been tried: only the new one, which was not, can
        still say so.
        """
        rows = len(uses) + sum(len(batch.uses) for batch in self._batches)
        while self._batches and rows > self.limit:
            oldest = self._batches.pop(0)
            rows -= len(oldest.uses)
            dropped += oldest.total()
        self._batches.append(Batch(self._next, uses, dropped))
        self._next += 1

    def oldest(self) -> Batch:
        """Give the batch to write next."""
        return self._batches[0]

    def remove_oldest(self) -> None:
        """Forget the batch that was written."""
        del self._batches[0]

    def total(self) -> int:
        """Count all its uses, the lost ones too."""
        return sum(batch.total() for batch in self._batches)
