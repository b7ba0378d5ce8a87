"""Delivery of one process's uses to its store, exactly once.

A batch that could not be written is queued, and written later under the same sequence number, so
that the store counts it once. Imported by the reporter's thread at its first write.
"""

from time import monotonic

from enforcer.errors import EnforcerError
from enforcer.recording.distributions import distribution_of
from enforcer.recording.notice import Notice
from enforcer.recording.process import heartbeat
from enforcer.recording.use import THIRD_PARTY
from enforcer.store import ReplacedError
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.losses import leave_losses, take_back_losses
from enforcer.store.sqlite.schema import EXIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    from enforcer.recording.backlog import Backlog, Collector
    from enforcer.recording.process import Process
    from enforcer.recording.use import Use
    from enforcer.rules.model import Rule
    from enforcer.store.emission import Remainder, Row

    class OpenStore(Protocol):
        """An open store that accepts batches; such as ``enforcer.store.sqlite.writer.Store``."""

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

        def note_emission(
            self, process: str, rows: Iterable[Row], *, is_complete: bool = False
        ) -> dict[str, Row] | None:
            """Record how far a process was emitted as telemetry."""

        def claim_emission(self, own: str) -> Remainder | None:
            """Claim what a process that is gone left to be emitted."""

        def end_claim(self, remainder: Remainder, *, is_emitted: bool) -> None:
            """Record what became of it."""

        def close(self) -> None:
            """Close the store until the next visit."""

    class Ledger(Protocol):
        """Record of what was emitted; implemented by ``enforcer.runtime.telemetry.ledger.Ledger``.

        Attributes:
            is_closed: whether the last uses of this process were written, or can't be.
            is_ending: whether the emitter was asked to deliver a last time.
            is_finished: whether it has.

        """

        is_closed: bool
        is_ending: bool
        is_finished: bool

        def for_parent(self) -> "Ledger":
            """Return what marks that a process is emitted whose child writes for it."""

        def offer(self) -> None:
            """Look how many uses there are; no more are offered with the next visit."""

        def has_news(self) -> bool:
            """Return whether there is anything to record in the store."""

        def begin(self, store: OpenStore, process: str) -> None:
            """Mark in the store that the process is emitted, before its uses are there."""

        def visit(self, store: OpenStore, process: str) -> None:
            """Record what is new in the store, and offer what the store now has."""

        def fail(self, *, is_cut: bool) -> None:
            """Learn that the store was not written."""


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
        backlog: "Backlog",
        collector: "Collector",
        notices: "Callable[[], Sequence[Notice]]",
        open_store: "Callable[[Patience], OpenStore]",
        brief_until: float,
        ledger: "Callable[[], Ledger | None]" = lambda: None,
    ) -> None:
        """Connect the parts; nothing is written yet.

        Args:
            process: the process to write as.
            rules: the rules that are watched.
            interval: how often :meth:`deliver` will be called, in seconds.
            backlog: the batches that are not in the store yet.
            collector: the source of uses.
            notices: returns all notices of this process so far.
            open_store: opens the store for one visit.
            brief_until: until when a process with nothing to report leaves no trace, by
                the monotonic clock.
            ledger: returns what knows of telemetry, where the process emits any.

        """
        self.backlog = backlog
        self._ledger_by = ledger
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
        ledger = self._ledger_by()
        if ledger is not None:
            ledger.offer()  # before uses are collected: the store has all that is offered
        self.backlog.take(self._collector.collect)
        # Uses are collected first, so that they are in the backlog even if the store can't be
        # opened.
        has_news = self.backlog or self._new_notices() or self._is_due(ending)
        if not (has_news or (ledger is not None and ledger.has_news())):
            return
        patience = Patience(seconds, is_needed)
        try:
            try:
                self._visit(patience, ending, ledger)
            # The damaged store was set aside: write the same batches into a new one.
            except ReplacedError:
                self._visit(patience, ending, ledger)
        except Exception as error:
            if ledger is not None:
                ledger.fail(is_cut=is_needed())
            if ending:
                self.mark_losses(getattr(error, "path", ""))
            raise
        # An earlier attempt to end failed, and its uses are written now: withdraw the marker.
        if self.backlog.marked_beside:
            take_back_losses(self.backlog.marked_beside, self._process)
            self.backlog.marked_beside = ""

    def mark_losses(self, path: str) -> None:
        """Mark what is lost beside a store, unless it is written after all.

        Args:
            path: the store; nothing is marked if it is empty.

        """
        leave_losses(path, self._process, self.backlog, self._collector)

    def settle(self, seconds: float, is_needed: "Callable[[], bool]") -> None:
        """Record what was emitted since the last write, and leave all else as it is.

        Args:
            seconds: how long to wait for others who write.
            is_needed: tells whether the program wants to go on, so that this has to end.

        Raises:
            Exception: whatever went wrong.

        """
        ledger = self._ledger_by()
        notices = self._new_notices() if self._is_known else []  # of what was refused, for instance
        if not notices and (ledger is None or not ledger.has_news()):
            return
        store = self._open_store(Patience(seconds, is_needed))
        try:
            self._note(store, notices)
            if ledger is not None:
                ledger.visit(store, self._process.id)
        finally:
            store.close()

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

    def _new_notices(self) -> "list[Notice]":
        try:
            said = self._notices()
        except Exception as error:  # noqa: BLE001 - uses are written whatever notices do
            said = [Notice("blind", "enforcer", f"What is blind here can't be told: {error!r}")]
        return [each for each in said if (each.kind, each.subject) not in self._noted]

    def _note(self, store: "OpenStore", notices: "list[Notice]") -> None:
        if notices:
            store.note(self._process, notices)
            self._noted.update((each.kind, each.subject) for each in notices)

    def _visit(self, patience: Patience, ending: str, ledger: "Ledger | None") -> None:
        store = self._open_store(patience)
        try:
            if not store.knows(self._process):
                # The first visit, or somebody deleted the store: all notices are written again.
                self._noted.clear()
                store.watch(self._process, self._rules, self._interval)
            elif not self.backlog:
                store.watch(self._process, self._rules, self._interval)
            self._is_known = True
            self._note(store, self._new_notices())
            if ledger is not None:
                # First: a process killed between the two would be in the store, and nobody would
                # look for what it has not sent.
                ledger.begin(store, self._process.id)
            while self.backlog:
                batch = self.backlog.oldest()
                _find_distributions(batch.uses)
                store.write(self._process, batch.sequence, batch.uses, batch.dropped)
                # Only after the commit. If this process fails in between, the batch is written
                # again under the same number, which the store ignores.
                self.backlog.remove(batch)
            if ledger is not None:
                ledger.visit(store, self._process.id)
            if ending:
                store.leave(self._process, ending)
        finally:
            store.close()
        self._written = monotonic()


def _find_distributions(uses: "Iterable[Use]") -> None:
    for use in uses:
        site = use.site
        if site.relation == THIRD_PARTY and not site.distribution:
            site.distribution = distribution_of(site.file)


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
            try:
                self._parent.deliver(seconds, is_needed, EXIT)
            except Exception as error:
                if ending:
                    self._child.mark_losses(getattr(error, "path", ""))
                raise
            self._parent = None
        self._child.deliver(seconds, is_needed, ending)

    def settle(self, seconds: float, is_needed: "Callable[[], bool]") -> None:
        """Record what the child emitted; see :class:`Delivery`."""
        self._child.settle(seconds, is_needed)

    def loss(self, error: Exception) -> str:
        """Return what is lost if the process ends now, and why; empty if nothing is."""
        return self._child.loss(error)
