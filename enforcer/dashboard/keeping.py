"""Keep the sums that were read last, for as long as nobody has written to the store since.

Whoever sorts, searches and turns pages asks for the same sums again and again. A SQLite store
tells by its files whether it was written: every transaction changes the log or the file itself,
and what a process notes beside it is a file of its own.
Nothing is kept of a store that can't tell, such as one on a server.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import time_ns
from typing import Final

from enforcer.recording.notes import MARK
from enforcer.report.model import RuleReport
from enforcer.rules.store_address import names_beside
from enforcer.store.queries import Span

_MOST: Final = 8
_LOG: Final = "-wal"
_JUST_NOW: Final = 100_000_000
"""In nanoseconds; file systems round times to some milliseconds."""

State = tuple[tuple[int, int, int] | str, ...]


class KeptSums:
    """Keep the sums of a few spans of one store; used by many threads."""

    def __init__(self, store: str) -> None:
        """Keep nothing yet.

        Args:
            store: the file, or the address of a server.

        """
        self._file = Path(store.removeprefix("sqlite://"))
        self._log = Path(f"{self._file}{_LOG}")
        self._sums: OrderedDict[Span, tuple[State, list[RuleReport]]] = OrderedDict()
        self._lock = Lock()

    def state(self) -> State:
        """Say in which state the store is; empty if it can't be told.

        To be asked before the store is opened: what is read then is of this state, or newer.
        File systems round times, so of a file that was written just now a later write might leave
        no trace.
        """
        try:
            found = [self._file.stat()]
        except (OSError, ValueError):
            return ()
        with suppress(OSError):
            found.append(self._log.stat())
        if time_ns() - max(each.st_mtime_ns for each in found) < _JUST_NOW:
            return ()
        states = [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]
        return (*states, *sorted(names_beside(str(self._file), MARK)))

    def get(
        self, state: State, span: Span, read: Callable[[], list[RuleReport]]
    ) -> list[RuleReport]:
        """Give the sums of a span, from here or freshly read; nobody may change the list.

        Args:
            state: the state that the store was in before it was opened.
            span: what is summed up.
            read: reads it.

        """
        with self._lock:
            kept = self._sums.get(span)
            if kept is not None and state and kept[0] == state:
                self._sums.move_to_end(span)
                return kept[1]
        sums = read()
        if state:
            with self._lock:
                self._sums[span] = state, sums
                self._sums.move_to_end(span)
                while len(self._sums) > _MOST:
                    self._sums.popitem(last=False)
        return sums
