"""Delivery of one process's uses to its store, exactly once.

A batch that could not be written is queued, and written later under the same sequence number, so
that the store counts it once. Imported by the reporter's thread at its first write.
"""

from time import monotonic

from enforcer.errors import EnforcerError
from enforcer.recording.backlog import Backlog
from enforcer.recording.distributions import distribution_of
from enforcer.recording.notice import Notice
from enforcer.recording.process import heartbeat
from enforcer.recording.use import THIRD_PARTY
from enforcer.store import ReplacedError
from enforcer.store.losses import leave_loss
from enforcer.store.schema import EXIT
from enforcer.store.waiting import Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    from enforcer.recording.process import Process
    from enforcer.recording.use import Use
    from enforcer.rules.model import Rule

    class Collector(Protocol):
        """Source of recorded uses; implemented by ``enforcer.recording.recorder.Recorder``."""

        def collect(self) -> tuple[list[Use], int]:
            """Return the uses since the last call, and how many were lost since."""

    class OpenStore(Protocol):
        """An open store that accepts batches; implemented by ``enforcer.store.sqlite.Store``."""

        def knows(self, process: Process) -> bool:
            """Return whether a process was added to the store."""

        def watch(self, process: Process, rules: Iterable[Rule], interval: float) -> None:
            """Record that a process watches these rules, and that it is still alive."""

        def note(self, process: Process, notices: Iterable[Notice]) -> None:
            """Record a process's notices."""

        def write(self, process: Process, sequence: int, uses: Sequence[Use], dropped: int) -> None:
            """Add a batch of uses, or do nothing if it was added before."""

        def leave(self, process: Process, ending: str) -> None:
            """Record that a process has written everything, and watches no longer."""

        def close(self) -> None:
            """Close the store until the next visit."""


class Delivery:
    """Queue of what one process has to write; a batch leaves it once the store has it.

    Attributes:
        backlog: the batches that are not in the store yet.

    """

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        rules: "Iterable[Rule]",
        interval: float,
        *,
        collector: "Collector",
        notices: "Callable[[], Sequence[Notice]]",
        open_store: "Callable[[Patience], OpenStore]",
        brief_until: float,
    ) -> None:
        """Connect the parts; nothing is written yet.

        Args:
            process: the process to write as.
            rules: the rules that are watched.
            interval: how often :meth:`deliver` will be called, in seconds.
            collector: the source of uses.
            notices: returns all notices of this process so far.
            open_store: opens the store for one visit.
            brief_until: until when a process with nothing to report leaves no trace, by
                the monotonic clock.

        """
        self.backlog = Backlog()
        self._process = process
        self._rules = rules
        self._interval = interval
        self._collector = collector
        self._notices = notices
        self._open_store = open_store
        self._brief_until = brief_until
        self._is_known = False
        self._written = 0.0
        self._noted: set[tuple[str, str]] = set()
        self._noted_loss = ""

    def deliver(self, seconds: float, is_needed: "Callable[[], bool]", ending: str = "") -> None:
        """Write everything that is new.

        Args:
            seconds: how long to wait for other writers.
            is_needed: returns True once the program waits to fork or to exit, so that this
                has to stop.
            ending: how the process ends, if this is its last write.

        Raises:
            Exception: whatever went wrong; what was not written stays queued.

        """
        self._take()
        # Uses are collected first, so that they are in the backlog even if the store can't be
        # opened.
        if not (self.backlog or self._new_notices() or self._is_due(ending)):
            return
        patience = Patience(seconds, is_needed)
        try:
            try:
                self._visit(patience, ending)
            # The damaged store was set aside: write the same batches into a new one.
            except ReplacedError:
                self._visit(patience, ending)
        except Exception as error:
            if ending:
                self._note_loss(getattr(error, "path", ""), self.backlog.total())
            raise
        # An earlier attempt to end failed, and its uses are written now: withdraw the marker.
        if self._noted_loss:
            self._note_loss(self._noted_loss, 0)

    def loss(self, error: Exception) -> str:
        """Return what is lost if the process ends now, and why; empty if nothing is."""
        reason = error if isinstance(error, EnforcerError) else f"{error!r} (not-kept)"
        uses = self.backlog.total()
        if uses:
            return f"{uses} use{'' if uses == 1 else 's'} could not be kept: {reason}"
        return "" if self._is_known else f"nothing could be kept: {reason}"

    def _is_due(self, ending: str) -> bool:
        now = monotonic()
        if self._is_known:
            return bool(ending) or now - self._written >= heartbeat(self._interval)
        # Many programs fork for a moment. A child is recorded only if it stayed for a while or has
        # something to report.
        return now >= self._brief_until

    def _take(self) -> None:
        uses, dropped = self._collector.collect()
        if not (uses or dropped):
            return
        for use in uses:
            site = use.site
            if site.relation == THIRD_PARTY and not site.distribution:
                site.distribution = distribution_of(site.file)
        self.backlog.add(uses, dropped)

    def _new_notices(self) -> "list[Notice]":
        try:
            said = self._notices()
        except Exception as error:  # noqa: BLE001 - uses are written whatever notices do
            said = [Notice("blind", "enforcer", f"What is blind here can't be told: {error!r}")]
        return [each for each in said if (each.kind, each.subject) not in self._noted]

    def _visit(self, patience: Patience, ending: str) -> None:
        store = self._open_store(patience)
        try:
            if not store.knows(self._process):
                # The first visit, or somebody deleted the store: all notices are written again.
                self._noted.clear()
                store.watch(self._process, self._rules, self._interval)
            elif not self.backlog:
                store.watch(self._process, self._rules, self._interval)
            self._is_known = True
            notices = self._new_notices()
            if notices:
                store.note(self._process, notices)
                self._noted.update((each.kind, each.subject) for each in notices)
            while self.backlog:
                batch = self.backlog.oldest()
                store.write(self._process, batch.sequence, batch.uses, batch.dropped)
                # Only after the commit. If this process fails in between, the batch is written
                # again under the same number, which the store ignores.
                self.backlog.remove_oldest()
            if ending:
                store.leave(self._process, ending)
        finally:
            store.close()
        self._written = monotonic()

    def _note_loss(self, path: str, count: int) -> None:
        if path:
            leave_loss(path, self._process, count)
            self._noted_loss = path if count else ""


class Estate:
    """Uses that a parent had recorded and not written when it was forked; collected once."""

    __slots__ = ("_lost", "_uses")

    def __init__(self, uses: "list[Use]", lost: int) -> None:
        self._uses = uses
        self._lost = lost

    def collect(self) -> "tuple[list[Use], int]":
        """Return the uses the first time, and nothing afterwards."""
        collected = self._uses, self._lost
        self._uses, self._lost = [], 0
        return collected


class Succession:
    """Delivery that writes a parent's last batch in the parent's name first, then the child's own.

    Every child of that parent does so. The batch has the number that the parent's own first one
    would have, so the store counts it once.
    """

    __slots__ = ("_child", "_parent")

    def __init__(self, parent: Delivery, child: Delivery) -> None:
        self._parent: Delivery | None = parent
        self._child = child

    def deliver(self, seconds: float, is_needed: "Callable[[], bool]", ending: str = "") -> None:
        """Write everything that is new; see :class:`Delivery`."""
        if self._parent is not None:
            self._parent.deliver(seconds, is_needed, EXIT)
            self._parent = None
        self._child.deliver(seconds, is_needed, ending)

    def loss(self, error: Exception) -> str:
        """Return what is lost if the process ends now, and why; empty if nothing is."""
        return self._child.loss(error)
