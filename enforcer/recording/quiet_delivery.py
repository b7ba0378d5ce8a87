"""Deliver the presence of a process that used nothing legacy, without SQLite.

It writes a note beside the store (``enforcer.recording.notes``). Only processes with uses load
the code that writes into the store. While the program runs, nothing is loaded for a note.
"""

from time import monotonic, time_ns

from enforcer.recording.notes import Note, file_of_note, store_for_note
from enforcer.recording.process import heartbeat, longest_silence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.rules.model import MigrationMap

_SECOND = 1_000_000_000


class QuietDelivery:
    """Keeps the note of one process up to date."""

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        migration_map: "MigrationMap",
        interval: float,
        *,
        is_quiet: "Callable[[], bool]",
        notices: "Callable[[], Sequence[Notice]]",
        brief_until: float,
    ) -> None:
        """Prepare; nothing is written yet.

        Args:
            process: the process.
            migration_map: the map that it watches; it names the store.
            interval: how often :meth:`deliver` is called, in seconds.
            is_quiet: returns whether the process has used nothing so far.
            notices: returns its notices so far.
            brief_until: until when a process without notices writes nothing, by the monotonic
                clock: it may end at once.

        """
        self._process = process
        self._map = migration_map
        self._interval = interval
        self._is_quiet = is_quiet
        self._notices = notices
        self._brief_until = brief_until
        self._note: Note | None = None
        self._number = 0
        self._written = 0.0

    def deliver(self, ending: str, *, is_beat: bool) -> bool:
        """Write the note; return whether the store needs no more than that.

        Args:
            ending: how the process ends, if this is its last note.
            is_beat: whether this is only a heartbeat, for which nothing may be loaded: if the note
                can't be written, a later one may be.

        """
        if not self._is_quiet():
            return False
        notices = self._notices()
        try:
            return not self._is_due(notices, ending) or self._leave(notices, ending) or is_beat
        except OSError:
            return is_beat

    def announce(self) -> bool:
        """Write a note at the first use; return whether there was a use.

        The store does not know the process yet: killed before its first write, it would leave no
        trace. Called on the importing thread.
        """
        if self._is_quiet():
            return False
        if self._note is None:
            try:
                self._leave((), "")
            except OSError:  # the reporter's thread gets the same error, and reports it
                return True
        return True

    def _is_due(self, notices: "Sequence[Notice]", ending: str) -> bool:
        now = monotonic()
        if self._note is None:
            return bool(notices) or now >= self._brief_until
        has_news = ending != self._note.ending or len(notices) > len(self._note.notices)
        return has_news or now - self._written >= heartbeat(self._interval)

    def _leave(self, notices: "Sequence[Notice]", ending: str) -> bool:
        store = store_for_note(self._map.store, self._map.identity)
        if not store:
            return False
        last = self._note
        # The wall clock may be set back; a span must not end before it began.
        now = max(time_ns(), self._process.started if last is None else last.till)
        note = Note(
            file_of_note(self._map.store, self._process, self._number),
            store=store,
            identity=self._map.identity,
            process=self._process,
            interval=self._interval,
            since=self._since(store, now),
            till=now,
            ending=ending,
            notices=tuple(notices),  # the program's go on growing
        )
        if last is not None and not note.says_as_much_as(last):
            self._number += 1
            note.file = file_of_note(self._map.store, self._process, self._number)
        note.write()
        if last is not None and last.file != note.file and last.since == note.since:
            last.take_back()
        self._note = note
        self._written = monotonic()
        return True

    def _since(self, store: str, now: int) -> int:
        """Return the beginning of this process's unbroken span beside this store."""
        last = self._note
        if last is None:
            since = till = self._process.started
        elif last.store != store:
            return now
        else:
            since, till = last.since, last.till
        return since if now - till <= longest_silence(self._interval) * _SECOND else now
