"""Ledger of each call site's uses: how many were offered, and how many acknowledged.

Nothing is queued: the tallies of the recorder have the totals, and what was not emitted yet is a
difference of two numbers. So a collector that is down for a day costs no memory, and a provider
that comes late gets everything from the start.

Two threads meet here. The reporter's *offers*: it looks how many uses there are, writes them into
the store, and records beside them that they may be sent from now on
(``enforcer.store.emission``). The emitter's sends what is offered and *acknowledges*, which the
reporter's records with its next visit. Each number has one thread that changes it.
"""

from _thread import allocate_lock
from time import time_ns

from enforcer.recording.use import Use
from enforcer.runtime.process.schedule import complain
from enforcer.runtime.telemetry.breathing import breathing
from enforcer.store.emission import identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.trace import SpanContext

    from enforcer.recording.recorder import Tally
    from enforcer.store.delivery import OpenStore
    from enforcer.store.emission import Remainder, Row

MANY = 1000
"""After how many call sites to yield the GIL: that is a millisecond or two."""


class Seen:
    """What is known of one call site.

    Attributes:
        tally: what counts it.
        site: its digest, as the store's ledger has it.
        total: its uses so far.
        last_seen: when it was seen last to have more, in nanoseconds since the epoch.
        offered: how many of its uses may be sent as log events.
        offered_seen: when the last one of these was.
        emitted: how many were acknowledged.
        is_traced: whether its span went out, or was not wanted.

    """

    __slots__ = (
        "emitted",
        "is_traced",
        "last_seen",
        "offered",
        "offered_seen",
        "recorded",
        "site",
        "tally",
        "total",
    )

    def __init__(self, tally: "Tally") -> None:
        self.tally = tally
        self.site = identify(tally.rule.legacy, tally.rule.stage, tally.outcome, tally.site)
        self.total = 0
        self.last_seen = self.offered_seen = tally.first_seen
        self.offered = self.emitted = self.recorded = 0
        self.is_traced = False

    def offer(self) -> Use:
        """Return the uses that are offered and were not acknowledged."""
        return self._use(self.offered - self.emitted, self.offered_seen)

    def all_uses(self) -> Use:
        """Return the uses so far."""
        return self._use(self.total, self.last_seen)

    def _use(self, count: int, last_seen: int) -> Use:
        tally = self.tally
        return Use(
            tally.rule,
            stage=tally.rule.stage,
            outcome=tally.outcome,
            site=tally.site,
            count=count,
            first_seen=tally.first_seen,
            last_seen=last_seen,
        )


class Ledger:
    """What is known of every call site of this process.

    Attributes:
        changes: how often a call site was found to have more uses than before.
        parents: the spans that first uses were in, as long as they are needed.
        has_store: whether what is offered is recorded in a store first.
        is_closed: whether the last uses of this process were written, or can't be.
        is_ending: whether the emitter was asked to deliver a last time.
        is_finished: whether the last delivery of the emitter is over.
        has_said_all: whether the notices and the goodbye of this process went out.
        wants_remainder: whether the emitter can send what other processes left.
        remainder: what one of them left, until it is sent.

    """

    def __init__(
        self,
        totals: "Callable[[], Iterable[tuple[Tally, int]]]",
        goes_out: "Callable[[], object]" = lambda: True,
        *,
        has_store: bool = False,
    ) -> None:
        """Begin with nothing emitted.

        Args:
            totals: returns every tally with its uses so far; new ones come last.
            goes_out: returns whether log events go anywhere, by now.
            has_store: whether a reporter records what is offered.

        """
        self._totals = totals
        self._goes_out = goes_out
        self._seen: list[Seen] = []
        self._met = 0
        self._looking = allocate_lock()
        self._offers: list[tuple[Seen, int, int]] = []
        self._is_open = self._is_recorded = False
        self._sent: list[tuple[Remainder, bool]] = []
        self.changes = 0
        self.parents: dict[Seen, SpanContext] = {}
        self.has_store = has_store
        self.is_closed = self.is_ending = self.is_finished = self.has_said_all = False
        self.wants_remainder = False
        self.remainder: Remainder | None = None

    def look(self) -> None:
        """Look at every tally; any thread may."""
        with self._looking:
            now = time_ns()
            for index, (tally, total) in enumerate(breathing(self._totals(), MANY)):
                if index == len(self._seen):
                    self._seen.append(Seen(tally))
                seen = self._seen[index]
                if total != seen.total:
                    self.changes += 1
                    seen.last_seen = max(now, tally.first_seen)
                    seen.total = total

    def __iter__(self) -> "Iterator[Seen]":
        """Iterate over all that were looked at."""
        return iter(self._seen)

    # The emitter's thread.

    def meet(self) -> list[Seen]:
        """Look at every tally, and return those that are new to the emitter."""
        self.look()
        new = self._seen[self._met :]
        self._met += len(new)
        if not self.has_store:
            self.offer()
            self._commit()
        return new

    def offered(self) -> list[Seen]:
        """Return those with uses that are offered and were not acknowledged."""
        return [seen for seen in self._seen if seen.offered > seen.emitted]

    def untraced(self) -> list[Seen]:
        """Return those whose span was not emitted."""
        return [seen for seen in self._seen if not seen.is_traced and seen.total]

    def end_remainder(self, *, is_emitted: bool) -> None:
        """Record whether the rest of another process was sent."""
        if self.remainder is not None:
            self._sent.append((self.remainder, is_emitted))
            self.remainder = None

    # The reporter's thread; see enforcer.store.delivery.

    def for_parent(self) -> "Ledger":
        """Return the ledger of a process whose child writes for it, and emits nothing for it."""
        return Ledger(tuple, self._goes_out)

    def offer(self) -> None:
        """Look how many uses there are; no more are offered with the next visit."""
        self._offers = []
        if self._is_open or self._goes_out():
            self._is_open = True
            self.look()
            self._offers = [
                (seen, seen.total, seen.last_seen)
                for seen in self._seen
                if seen.total > seen.offered == seen.emitted
            ]

    def has_news(self) -> bool:
        """Return whether there is anything to record in the store."""
        return bool(self._offers or self._sent or any(self._acknowledged())) or self._is_complete

    def begin(self, store: "OpenStore", process: str) -> None:
        """Mark in the store that the process is emitted, before its uses are there."""
        if self._is_open and not self._is_recorded:
            self.has_store = True
            known = store.note_emission(process, ())
            self._is_recorded = True
            if known is not None:
                self.adopt(known)

    def visit(self, store: "OpenStore", process: str) -> None:
        """Record what is new in the store, and offer what the store now has."""
        if not self._is_open:
            return
        self.has_store = True
        # Here and below: memory follows the disk. If the transaction fails, or the process is
        # killed after it, the same is recorded once more, which changes nothing.
        while self._sent:
            remainder, is_emitted = self._sent[0]
            store.end_claim(remainder, is_emitted=is_emitted)
            del self._sent[0]
        # Read once: the emitter's thread goes on acknowledging while this is written.
        acknowledged = {seen: seen.emitted for seen in self._acknowledged()}
        rows = {
            seen: (seen.site, emitted, seen.offered, seen.offered_seen)
            for seen, emitted in acknowledged.items()
        }
        for seen, total, last_seen in self._offers:
            rows[seen] = (seen.site, seen.emitted, total, last_seen)
        is_complete = self._is_complete
        if rows or is_complete:
            known = store.note_emission(process, rows.values(), is_complete=is_complete)
            if known is not None:
                self.adopt(known)
                return
        for seen, emitted in acknowledged.items():
            seen.recorded = emitted
        # Only now may the emitter send them: a process that is killed while it sends has an offer
        # in the store, which is sent again with the same id and the same count.
        self._commit()
        if self.wants_remainder and self.remainder is None and not self.is_closed:
            self.remainder = store.claim_emission(process)

    def fail(self, *, is_cut: bool) -> None:
        """Learn that the store was not written: what it never knew goes out all the same.

        Args:
            is_cut: whether it was not written only because the program wants to go on.

        """
        if is_cut:
            return
        if self.has_store and not any(seen.offered for seen in self._seen) and self._offers:
            self.has_store = False
            complain(
                "what is not sent when this process ends is lost: no store can be written that "
                "would keep it (no-ledger)"
            )
            self._commit()

    @property
    def _is_complete(self) -> bool:
        is_over = self.is_closed and self.is_finished and self.has_said_all
        return is_over and all(seen.total == seen.emitted for seen in self._seen)

    def _acknowledged(self) -> "Iterator[Seen]":
        return (seen for seen in self._seen if seen.emitted != seen.recorded)

    def _commit(self) -> None:
        for seen, total, last_seen in self._offers:
            seen.offered_seen = last_seen
            seen.offered = total
        self._offers = []

    def adopt(self, known: "dict[str, Row]") -> None:
        """Continue after the uses that another process sent, which took this one for gone."""
        for seen in self._seen:
            _, emitted, offered, last_seen = known.get(seen.site, ("", 0, 0, 0))
            if offered > seen.offered or emitted > seen.emitted:
                seen.offered_seen = last_seen
                seen.emitted = seen.recorded = emitted
                seen.offered = offered
        self._offers = []
