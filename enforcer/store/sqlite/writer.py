"""The SQLite writer: processes, heartbeats, uses and notices, written by many processes at once.

The watched program is somebody else's: it may fork, or close every file descriptor. So a store is
opened for one visit and closed again, and this module imports nothing that starts threads. Files
come and go while the program runs. A missing store is created anew; a damaged one is set aside
first; and what was written to a file that is no longer there at the commit is reported as not
written.
"""

import os
from time import time_ns

from enforcer.recording.process import INTERVAL, Process
from enforcer.rules.model import KEEP_DAYS
from enforcer.rules.own_folder import ignore
from enforcer.rules.store_address import file_identity
from enforcer.store import ReplacedError, StoreError, emission
from enforcer.store.notes import allow_no_notes, allow_notes, notes_beside
from enforcer.store.sqlite.busy import Patience, patiently
from enforcer.store.sqlite.damage import is_damage, set_aside
from enforcer.store.sqlite.engine import sqlite3
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.guard import require_own
from enforcer.store.sqlite.lock_support import no_locks, require_locks
from enforcer.store.sqlite.losses import UNNUMBERED, Loss, losses_beside
from enforcer.store.sqlite.retention import sweep
from enforcer.store.sqlite.rows import Rows
from enforcer.store.sqlite.schema import DAY, LOST, SCHEMA_VERSION, bring_up_to_date, schema_version
from enforcer.store.sqlite.tallies import Known, Tallies
from enforcer.store.sqlite.write_errors import not_written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    from enforcer.recording.notes import Note
    from enforcer.recording.notice import Notice
    from enforcer.recording.use import Use
    from enforcer.rules.model import Rule

    T = TypeVar("T")

# SQLite could not lock, or share memory, though no other process has a lock.
_LOCK_FAILURES = (
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_PROTOCOL,
)


_FOR_SWEEPING = 0.1
"""The share of a visit's time that may be spent on deleting what is too old."""

_visitors: "list[int]" = []
"""The process id of each visit in progress; a forked child inherits those of its parent."""


class Store:
    """One SQLite file open for writing."""

    def __init__(
        self,
        path: str,
        patience: Patience | None = None,
        known: Known | None = None,
        clock: "Callable[[], int] | None" = None,
    ) -> None:
        """Open the file; create it, and its folder, if it does not exist.

        Args:
            path: the file.
            patience: how long to wait for other writers.
            known: the cache of keys from earlier visits.
            clock: returns the time in nanoseconds since the epoch, instead of the system's.

        Raises:
            ReplacedError: if the file was damaged; it is set aside, and can be opened again.
            StoreError: if that fails, or the file is something else, or too new.

        """
        self.path = path
        # SQLite's list of the locks that a process holds is copied by a fork, and its mutexes are
        # too: a child would wait for ever (sqlite.org/howtocorrupt.html, 2.6).
        if any(visitor != os.getpid() for visitor in _visitors):
            raise _not_written(path, "this process was forked while its parent wrote to it")
        self._patience = patience or Patience()
        self._clock = clock
        folder = os.path.dirname(path) or os.curdir
        is_made = not os.path.isdir(folder)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise _not_written(path, error) from error
        if is_made:
            ignore(folder)
        self._hold = Hold(path)
        if not self._hold.together(self._patience):
            self._hold.release()
            raise _not_written(path, "another process is setting it aside")
        # Before SQLite opens the file: if another file takes its place in between, the identities
        # differ at the commit, and the write counts as failed.
        self._file = file_identity(path)
        try:
            require_own(path)
            # Only the path: keyword arguments of connect() crash CPython 3.12.1 when a
            # subinterpreter ends, and further positional ones are deprecated from 3.13 on.
            self._connection = sqlite3.connect(path)
            self._visitor = os.getpid()
            _visitors.append(self._visitor)
        except sqlite3.Error as error:
            self._hold.release()
            raise _not_written(path, error) from error
        except StoreError:
            self._hold.release()
            raise
        # Autocommit: the module would otherwise begin transactions by itself, without IMMEDIATE.
        self._connection.isolation_level = None
        self._rows = Rows(self._connection, clock)
        self._known = known or Known()
        self._tallies = Tallies(self._connection, self._rows, self._known)
        try:
            self._prepare()
        except sqlite3.Error as error:
            failure = self._failure(error)
            self.close()
            raise failure from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        # A checkpoint that fails now is made by the next process that closes the file.
        try:
            self._connection.close()
        except sqlite3.Error:
            return
        finally:
            if self._visitor:
                _visitors.remove(self._visitor)
                self._visitor = 0
            self._hold.release()

    def knows(self, process: Process) -> bool:
        """Return whether this file knows a process."""
        try:
            return self._patiently(lambda: self._rows.process(process)) is not None
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def watch(self, process: Process, rules: "Iterable[Rule]", interval: float = INTERVAL) -> None:
        """Record that a process watches these rules, and that it was alive just now.

        A process's first call also adds the notes and markers that other processes left beside the
        store.

        Args:
            process: the process that watches.
            rules: what it watches.
            interval: how often it writes, in seconds.

        Raises:
            StoreError: if it could not be written; then nothing was.

        """
        # Only a process's first visit looks for notes: it would list the folder each time.
        notes = [] if self.knows(process) else list(notes_beside(self.path))
        added: list[Loss | Note] = []
        source = ""

        def change() -> None:
            nonlocal source
            added.clear()
            source = self._rows.source()
            if self._rows.process(process) is None:
                added.extend(self._add_noted(notes, source, rules))
                for loss in losses_beside(self.path):
                    if loss.process != process.id:  # it is about to write what it gave up before
                        self._add_loss(loss)
                        added.append(loss)
            key = self._rows.introduce(process, rules, interval)
            self._rows.beat(key)
            self._rows.compare_clocks(key)

        self._commit(change)
        # Only after the commit: if that failed, the files are all that is left.
        for each in added:
            each.take_back()
        watched = getattr(rules, "identity", "")
        if watched:
            allow_notes(self.path, source, watched)
        # The name of all services last: whatever else names it, it is theirs.
        of = dict(getattr(rules, "keep_days_of", ()))
        self._sweep({**of, "": getattr(rules, "keep_days", KEEP_DAYS)})

    def note(self, process: Process, notices: "Iterable[Notice]") -> None:
        """Record a process's notices, each once.

        Args:
            process: the process; :meth:`watch` was called for it.
            notices: its notices.

        Raises:
            StoreError: if they could not be written; then none was.

        """
        self._commit(lambda: self._rows.add_notices(self._rows.process(process), notices))

    def write(
        self, process: Process, sequence: int, uses: "Sequence[Use]", dropped: int = 0
    ) -> None:
        """Add a batch of uses, or do nothing if it was added before.

        Args:
            process: the process whose uses they are.
            sequence: the number of the batch; each one of a process is higher than the last.
            uses: what was recorded since the batch before.
            dropped: how many uses were lost since the batch before.

        Raises:
            StoreError: if it could not be written; then nothing of it was.

        """

        def change() -> None:
            rules = {use.rule.legacy: use.rule for use in uses}
            key = self._rows.introduce(process, list(rules.values()), INTERVAL)
            self._rows.beat(key)
            if self._rows.is_new(key, sequence):
                self._add_uses(key, uses)
                self._rows.add_dropped(key, dropped, self._now())

        self._prepare_uses(uses)
        self._commit(change)
        self._known.keep()

    def leave(self, process: Process, ending: str) -> None:
        """Record that a process has written everything, and watches no longer.

        Args:
            process: the process; :meth:`watch` was called for it.
            ending: how it ends.

        Raises:
            StoreError: if it could not be written.

        """

        def change() -> None:
            key = self._rows.introduce(process, [], INTERVAL)
            self._rows.beat(key)
            self._rows.end(key, ending, self._now())

        self._commit(change)

    def note_emission(
        self, process: str, rows: "Iterable[emission.Row]", *, is_complete: bool = False
    ) -> "dict[str, emission.Row] | None":
        """Record how far a process was emitted; see :func:`enforcer.store.emission.note`.

        Raises:
            StoreError: if it could not be written; then nothing of it was.

        """
        return self._in_transaction(
            lambda: emission.note(self._connection, process, rows, is_complete=is_complete)
        )

    def claim_emission(
        self, own: str = "", lease: int = emission.LEASE
    ) -> "emission.Remainder | None":
        """Claim what a process left; see :func:`enforcer.store.emission.claim`.

        Raises:
            StoreError: if it could not be written.

        """
        return self._in_transaction(
            lambda: emission.claim(self._connection, own, self._now(), lease)
        )

    def end_claim(self, remainder: "emission.Remainder", *, is_emitted: bool) -> None:
        """Record that a remainder was emitted, or leave it to others.

        Raises:
            StoreError: if it could not be written.

        """
        if is_emitted:
            self._commit(lambda: emission.acknowledge(self._connection, remainder))
        else:
            self._commit(lambda: emission.release(self._connection, remainder.process.id))

    def _in_transaction(self, call: "Callable[[], T]") -> "T":
        results: list[T] = []
        self._commit(lambda: results.append(call()))
        return results[-1]

    def _sweep(self, keep_days: "dict[str, int]") -> None:
        """Delete what is too old, in a part of the time that this visit may take."""
        patience = self._patience.within(self._patience.left() * _FOR_SWEEPING)
        try:
            if sweep(self._connection, self._now() // DAY, keep_days, lambda: not patience.lasts()):
                # A map may be deleted that a note would need.
                allow_no_notes(self.path)
        except sqlite3.Error as error:
            if is_damage(error):
                raise self._failure(error) from error
            # Another process writes, or there is no more time: the next visit goes on.

    def _prepare_uses(self, uses: "Sequence[Use]") -> None:
        try:
            self._tallies.prepare(uses, self._check_patience)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _add_uses(self, process: int, uses: "Sequence[Use]") -> None:
        deployment = self._rows.deployment(process)
        self._tallies.add(
            process, deployment, uses, file=self._file, before_each=self._check_patience
        )

    def _now(self) -> int:
        return time_ns() if self._clock is None else self._clock()

    def _add_loss(self, loss: Loss) -> None:
        process = Process(id=loss.process, run=loss.run, started=loss.time)
        key = self._rows.introduce(process, [], INTERVAL)
        is_end = self._rows.end(key, LOST, loss.time)
        is_numbered = loss.sequence != UNNUMBERED
        if self._rows.is_new(key, loss.sequence) if is_numbered else is_end:
            self._rows.add_dropped(key, loss.count, loss.time)

    def _add_noted(
        self, notes: "Iterable[Note]", source: str, rules: "Iterable[Rule]"
    ) -> "Iterator[Note]":
        """Insert notes, and yield those whose files are needed no more."""
        for note in notes:
            self._check_patience()
            # A note for an older store of this name is worthless, and removed as well.
            if note.store != source or self._rows.add_noted(note, rules):
                yield note

    def _prepare(self) -> None:
        # SQLite would wait by itself, inside one call that nothing can interrupt; _patiently()
        # polls instead.
        self._connection.execute("PRAGMA busy_timeout = 0")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        # In WAL mode NORMAL syncs at checkpoints only: a power failure may lose the last commits,
        # and never damages the file. FULL would sync the disk at each visit.
        self._patiently(lambda: self._connection.execute("PRAGMA synchronous = NORMAL"))
        version = self._patiently(lambda: schema_version(self._connection, self.path))
        if not version:
            # Once in the life of a store, because the probe creates a file.
            require_locks(self.path)
            # Write-ahead log: readers don't block the writer, nor the writer readers. Fetched,
            # because CPython 3.15 prints an error when a cursor with unread rows is cleared.
            self._patiently(
                lambda: self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
            )
            allow_no_notes(self.path)
        if version < SCHEMA_VERSION:
            self._patiently(lambda: bring_up_to_date(self._connection))
        if self._file is None:
            self._file = file_identity(self.path)

    def _commit(self, change: "Callable[[], None]") -> None:
        try:
            self._patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"))
            try:
                change()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._failure(error) from error
        if file_identity(self.path) != self._file:
            # The rows went into a file without a name, or one that has another name by now: the
            # caller opens the store again and writes the batch once more.
            message = f'"{self.path}" was removed or replaced while it was written (store-replaced)'
            raise ReplacedError(message, path=self.path)

    def _patiently(self, call: "Callable[[], T]") -> "T":
        return patiently(call, self._patience)

    def _check_patience(self) -> None:
        # Many rows take long: stop between steps as soon as the program wants to fork.
        if self._patience.is_needed():
            message = f'the store "{self.path}" was not written in time (store-not-written)'
            raise StoreError(message, path=self.path)

    def _failure(self, error: sqlite3.Error) -> StoreError:
        if not is_damage(error):
            return _not_written(self.path, error)
        try:
            set_aside(self.path, self._file, str(error), self._hold, self._patience)
        except StoreError as failure:
            return failure
        finally:
            self.close()
        message = f'"{self.path}" was damaged ({error}), and was set aside (store-replaced)'
        return ReplacedError(message, path=self.path)


def _not_written(path: str, error: "Exception | str") -> StoreError:
    if getattr(error, "sqlite_errorcode", 0) in _LOCK_FAILURES:
        return no_locks(path, str(error))
    return not_written(path, error)
