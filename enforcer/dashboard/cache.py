"""Caches of report totals and of all rules' verdicts, valid until the store's files change.

Sorting, searching and paging need the same totals again and again. A SQLite store's files show
whether it was written: every transaction changes the write-ahead log or the file itself, and each
note beside the store is a file of its own. Nothing is cached of a store whose state can't be
observed, such as one on a server.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter, time_ns
from typing import Final, NamedTuple

from enforcer.dashboard.judgement import Judgement
from enforcer.recording.notes import MARK
from enforcer.report.model import RuleReport
from enforcer.rules.store_address import names_beside
from enforcer.store import StoreError
from enforcer.store.queries import Span

_MOST: Final = 8
_LOG: Final = "-wal"
_JUST_NOW: Final = 100_000_000
"""Age in nanoseconds below which a file has no fingerprint; file systems round times to some ms."""

_FRESH: Final = 30_000_000_000
_STALE: Final = 300_000_000_000
_QUICK: Final = 0.05
"""Seconds within which verdicts are judged anew for each change of the store."""

State = tuple[tuple[int, int, int] | str, ...]


class KeptSums:
    """Cache of the totals of a few spans of one store; thread-safe."""

    def __init__(self, store: str) -> None:
        """Create an empty cache.

        Args:
            store: the file, or the address of a server.

        """
        self._file = Path(store.removeprefix("sqlite://"))
        self._log = Path(f"{self._file}{_LOG}")
        self._sums: OrderedDict[Span, tuple[State, list[RuleReport]]] = OrderedDict()
        self._lock = Lock()

    def state(self) -> State:
        """Return a fingerprint of the store's files; empty if there is none.

        Call it before the store is opened: what is read afterwards is of this state, or newer. File
        systems round times, so a write just after another one might not change the fingerprint: a
        file that was written a moment ago has none.
        """
        try:
            found = [self._file.stat()]
        except (OSError, ValueError):
            return ()
        with suppress(OSError):
            found.append(self._log.stat())
        if time_ns() - max(each.st_mtime_ns for each in found) < _JUST_NOW:
            return ()
        # The inode shows that another file took the place of the store.
        states = [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]
        return (*states, *sorted(names_beside(str(self._file), MARK)))

    def get(
        self, state: State, span: Span, read: Callable[[], list[RuleReport]]
    ) -> list[RuleReport]:
        """Return the totals of a span, cached or freshly read; the list must not be changed.

        Args:
            state: the store's fingerprint before it was opened.
            span: the span of the totals.
            read: reads them.

        """
        with self._lock:
            kept = self._sums.get(span)
            if kept is not None and state and kept[0] == state:
                self._sums.move_to_end(span)
                return kept[1]
        # Not under the lock: a slow query must not block pages that are cached. At worst two
        # threads read the same.
        sums = read()
        if state:
            with self._lock:
                self._sums[span] = state, sums
                self._sums.move_to_end(span)
                while len(self._sums) > _MOST:
                    self._sums.popitem(last=False)
        return sums


class KeptJudgement:
    """Cache of the verdicts on all rules of one store; thread-safe.

    Small stores are judged anew at each change. To judge hundreds of rules takes a second, and a
    verdict is about days: then a page shows the verdicts that there are, and says how old they are,
    while a thread judges anew.
    """

    def __init__(self, judge_again: Callable[[], Judgement]) -> None:
        """Create an empty cache.

        Args:
            judge_again: reads the store by itself and judges; called in a thread.

        """
        self._judge_again = judge_again
        self._kept: _Kept | None = None
        self._lock = Lock()
        self._renewing = Lock()

    def get(self, state: State, now: int, read: Callable[[], Judgement]) -> Judgement:
        """Return the verdicts, cached or freshly read.

        Args:
            state: the store's fingerprint before it was opened.
            now: the time.
            read: judges at once, from the snapshot of the caller.

        """
        kept = self._kept
        age = now - kept.judgement.at if kept else -1
        if kept is not None and 0 <= age < _FRESH:
            if kept.seconds >= _QUICK or (state and kept.state == state):
                return kept.judgement
        elif kept is not None and kept.seconds >= _QUICK and 0 <= age < _STALE:
            # One thread judges anew, and no page waits for it.
            if self._renewing.acquire(blocking=False):
                Thread(target=self._read_again, args=(state,), daemon=True).start()
            return kept.judgement
        # Under the lock, so that several pages at once judge once.
        with self._lock:
            if self._kept is kept or self._kept is None:
                self._kept = _timed(state, read)
            return self._kept.judgement

    def _read_again(self, state: State) -> None:
        try:
            # A store that can't be read now leaves the verdicts that there are.
            with suppress(StoreError):
                self._kept = _timed(state, self._judge_again)
        finally:
            self._renewing.release()


class _Kept(NamedTuple):
    state: State
    judgement: Judgement
    seconds: float


def _timed(state: State, judge: Callable[[], Judgement]) -> _Kept:
    began = perf_counter()
    return _Kept(state, judge(), perf_counter() - began)
