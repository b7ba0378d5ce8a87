"""The real SQLite store, written quickly: many visits in one transaction, long heartbeats at once.

Each row is written by the writer's own code. Two things are different. A process would beat each
minute; here one row is written for a whole unbroken span, by the statements that take a quiet
process's note into the store. And a transaction has the visits of a day instead of one.
"""

from collections.abc import Callable

from enforcer.recording.notes import Note
from enforcer.recording.process import Process
from enforcer.rules.model import KEEP_DAYS
from enforcer.store.sqlite.writer import Store
from tests.simulation.clock import Clock


class SimulatedStore(Store):
    """One open store whose clock is the simulation's."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._is_joined = False
        super().__init__(path, clock=clock)

    def begin(self) -> None:
        """Begin a transaction for all that follows, unless one has begun."""
        if not self._is_joined:
            self._connection.execute("BEGIN IMMEDIATE")
            self._is_joined = True

    def commit(self) -> None:
        """Commit what was written since :meth:`begin`, if anything was."""
        if self._is_joined:
            self._is_joined = False
            self._connection.execute("COMMIT")

    def extend(self, process: Process, since: int, till: int) -> None:
        """Record that a process was watching without a break between two times."""
        note = Note("", "", "", process=process, interval=0, since=since, till=till)
        self._rows.add_noted(note)

    def sweep(self) -> None:
        """Delete what is too old, as the first visit of each day does."""
        super()._sweep({"": KEEP_DAYS})

    def _commit(self, change: Callable[[], None]) -> None:
        if self._is_joined:
            change()
        else:
            super()._commit(change)

    def _sweep(self, keep_days: dict[str, int]) -> None:
        # It has transactions of its own; see sweep().
        if not self._is_joined:
            super()._sweep(keep_days)
