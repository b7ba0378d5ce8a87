"""Deliver what a process has to say that used nothing legacy, without SQLite.

It leaves a note beside the store (``enforcer.recording.notes``), and the store's own writing, with
all that it loads, is for the others. While the program runs, nothing is loaded for it.
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
    """Keep the note of one process."""

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
        """Take the parts; nothing was noted yet.

        Args:
            process: whose note it is.
            migration_map: what it watches, and where its store is.
            interval: how often it will be called, in seconds.
            is_quiet: tells whether the process has used nothing so far.
            notices: gives all that it has to say so far.
            brief_until: until when a process that has nothing to tell leaves no trace, by
                the monotonic clock.

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
        """Note that the process is there, and tell whether the store needs no more.

        Args:
            ending: how the process ends, if this is its last note.
            is_beat: whether this is only a heartbeat, for which nothing may be loaded: where it
                can't be noted, the next one may be.

        """
        if not self._is_quiet():
            return False
        notices = self._notices()
        try:
            return not self._is_due(notices, ending) or self._leave(notices, ending) or is_beat
        except OSError:
            return is_beat

    def announce(self) -> bool:
        """Note at the first use that the process is there, and return whether there was one.

        The store knows nothing of it yet: killed before it writes, it would leave no trace.
        Called on the importing thread.
        """
        if self._is_quiet():
            return False
        if self._note is None:
            try:
                self._leave((), "")
            except OSError:  # the thread meets the same, and reports it
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
        # A clock may be set back.
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
            notices=notices,
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
        """Return since when it has watched beside this store without too long a silence."""
        last = self._note
        if last is None:
            since = till = self._process.started
        elif last.store != store:
            return now
        else:
            since, till = last.since, last.till
        return since if now - till <= longest_silence(self._interval) * _SECOND else now
