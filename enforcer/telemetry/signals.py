"""Emit spans, log events and metrics, each of them where it goes.

That is the application's provider if it has one by now, else where the environment says. A
signal that goes nowhere yet waits without costing anything; see ``enforcer.telemetry.ledger``.
"""

from time import monotonic, strftime
from typing import TYPE_CHECKING, Final

from enforcer.recording.notice import BLIND_KINDS, Notice
from enforcer.telemetry import names
from enforcer.telemetry import providers as through
from enforcer.telemetry.asked import OVER
from enforcer.telemetry.breathing import breathing
from enforcer.telemetry.encoding import Encoder
from enforcer.telemetry.events import events_of, events_of_notices, goodbye_of
from enforcer.telemetry.ledger import MANY
from enforcer.telemetry.outbox import Outbox
from enforcer.telemetry.records import Point, Span, attributes_of, points_of
from enforcer.telemetry.reviving import SLICE, revive
from enforcer.telemetry.scrubbing import Scrub
from enforcer.telemetry.settings import LOGS, METRICS, TRACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Protocol

    from enforcer.recording.process import Process
    from enforcer.rules.model import MigrationMap
    from enforcer.store.waiting import Patience
    from enforcer.telemetry.events import Event
    from enforcer.telemetry.ledger import Ledger, Seen
    from enforcer.telemetry.settings import Settings
    from enforcer.telemetry.spool import Spool

    class GiveProviders(Protocol):
        """Give what the application has to emit through."""

        def __call__(self, *, is_last: bool) -> tuple[object, object, object]:
            """Give its providers of tracers, loggers and meters: None where it has none."""


HELD_BACK: Final = "scrub"
"""Why records were dropped that the function ``scrub`` of a map held back."""


class Signals:
    """Emit what is new in a ledger, each time it is asked.

    Attributes:
        outbox: what leaves this process where no provider takes it.

    """

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        migration_map: "MigrationMap",
        ledger: "Ledger",
        *,
        settings: "Settings",
        spool: "Spool",
        providers: "GiveProviders",
        note: "Callable[[Notice], object]",
        notices: "Callable[[], Iterable[Notice]]",
        ending: "Callable[[], str]",
        is_unwritten: "Callable[[], bool]" = bool,
    ) -> None:
        """Take the parts; nothing is emitted.

        Args:
            process: what to emit as.
            migration_map: the map in force.
            ledger: knows what was emitted.
            settings: where each signal goes.
            spool: where requests wait that could not be sent.
            providers: gives the application's providers of tracers, loggers and meters.
            note: takes what the map's owner should know.
            notices: gives all that this process has to say so far.
            ending: tells how the process ends, if it does by now.
            is_unwritten: tells whether the store could not be written the last time.

        """
        self.outbox = Outbox(settings, spool, process.id)
        self._give_providers = providers
        self._note = note
        self._notices = notices
        self._noticed: set[tuple[str, str]] = set()
        self._ending = ending
        self._is_unwritten = is_unwritten
        self._has_said_goodbye = False
        self._process = process
        self._map = migration_map
        self._settings = settings
        self._ledger = ledger
        self._encoder = Encoder(process, is_delta=settings.is_delta)
        self._instruments: through.Instruments | None = None
        self._scrub = Scrub(migration_map.scrub)
        self._had_provider: set[str] = set()
        self._has_revived = False
        self._spool = spool
        self._sequence = 0
        self._metrics_due = 0.0
        self._told: tuple[object, ...] = ()

    def emit(self, patience: "Patience", ending: str = "") -> None:
        """Emit everything that is new.

        Args:
            patience: how long all of it may take.
            ending: how the process ends, if this is its last time.

        """
        tracers, loggers, meters = self._providers(is_last=bool(ending))
        # Who asks a collector first that does not answer has the others wait: what counts, counts
        # most.
        if loggers is not None or ending or not self.outbox.rests(LOGS):
            self._emit_notices(loggers, patience)
            self._emit_events(loggers, patience)
            self._say_goodbye(loggers, ending or self._ending(), patience)
        self._emit_metrics(meters, patience, is_last=bool(ending))
        if tracers is not None or ending or not self.outbox.rests(TRACES):
            self._emit_spans(tracers, patience)
        self._forget_parents(tracers, loggers)
        if ending:
            for provider in (tracers, loggers, meters):
                through.flush(provider, patience.left())
        else:
            self._revive(patience)
            self.outbox.send_waiting(patience)
        for kind in self._dropped():
            text = f"Telemetry lost something that the store has, by {kind}."
            self._note(Notice("dropped", f"telemetry/{kind}", text))

    def _providers(self, *, is_last: bool) -> tuple[object, object, object]:
        if self._settings.is_disabled:
            return None, None, None
        found = self._give_providers(is_last=is_last)
        named = zip((TRACES, LOGS, METRICS), found, strict=True)
        self._had_provider.update(signal for signal, provider in named if provider is not None)
        tracers, loggers, meters = (None if each is OVER else each for each in found)
        return tracers, loggers, meters

    def _goes_out(self, signal: str, provider: object) -> bool:
        """Tell whether a signal goes anywhere, or waits in the spool for where it went."""
        return provider is not None or signal in self._had_provider or self._has_target(signal)

    def _has_target(self, signal: str) -> bool:
        return self._settings.target(signal) is not None

    def _forget_parents(self, tracers: object, loggers: object) -> None:
        # Those that gave way to a fork go out the next time, and are to be children still.
        traces, logs = self._goes_out(TRACES, tracers), self._goes_out(LOGS, loggers)
        self._ledger.parents = {
            seen: parent
            for seen, parent in self._ledger.parents.items()
            if (traces and not seen.is_traced) or (logs and not seen.emitted)
        }

    # Log events.

    def _emit_notices(self, provider: object, patience: "Patience") -> None:
        new = [
            each
            for each in self._notices()
            # What was dropped is a metric.
            if (each.kind, each.subject) not in self._noticed and each.kind != "dropped"
        ]
        if not new or not self._goes_out(LOGS, provider):
            return
        self._tell(
            provider,
            events_of_notices(new, self._process.id, self._map.root, self._scrub),
            patience,
        )
        self._noticed.update((each.kind, each.subject) for each in new)

    def _say_goodbye(self, provider: object, ending: str, patience: "Patience") -> None:
        # Where only a provider took anything, nobody may ever come for what is in the spool.
        goes_out = provider is not None or self._has_target(LOGS)
        if ending and goes_out and not self._has_said_goodbye:
            self._has_said_goodbye = True
            self._tell(provider, iter([goodbye_of(self._process.id, ending)]), patience)

    def _tell(self, provider: object, events: "Iterator[Event]", patience: "Patience") -> None:
        if provider is None:
            self._put(LOGS, *self._encoder.events(events), patience)
        else:
            through.emit_events(provider, breathing(events))  # type: ignore[arg-type]

    def _emit_events(self, provider: object, patience: "Patience") -> None:
        changed = self._ledger.unemitted()
        if not changed or not self._goes_out(LOGS, provider):
            return
        sequence, row = self._sequence, 0
        self._sequence += 1
        for part in _slices(changed):
            if row and not patience.lasts():
                return
            events = (
                event
                for index, seen in enumerate(part, row)
                for event in self._events(seen, f"{self._process.id}-{sequence}-{index}")
            )
            row += len(part)
            self._tell(provider, events, patience)
            if provider is not None and row < len(changed):
                through.flush(provider, 1.0)
            for seen in part:
                seen.emitted = seen.total

    def _events(self, seen: "Seen", identity: str) -> "Iterator[Event]":
        parent = self._ledger.parents.get(seen)
        for event in events_of(
            seen.use(), self._process.id, identity, self._scrub, self._map.allow
        ):
            event.parent, parent = parent, None  # of the first
            yield event

    def _revive(self, patience: "Patience") -> None:
        if not self._has_revived and self._has_target(LOGS) and patience.lasts():
            self._has_revived = True
            revive(self._spool, self._map, self._scrub)

    # Spans.

    def _emit_spans(self, provider: object, patience: "Patience") -> None:
        if not self._goes_out(TRACES, provider):
            return
        for part in _slices(self._ledger.untraced()):
            if not patience.lasts():
                return
            spans = (span for seen in part if (span := self._span(seen)) is not None)
            if provider is None:
                sampled = (span for span in spans if self._is_sampled(span))
                self._put(TRACES, *self._encoder.spans(sampled), patience)
            else:
                through.emit_spans(provider, breathing(spans))  # type: ignore[arg-type]
            for seen in part:
                seen.is_traced = True

    def _span(self, seen: "Seen") -> Span | None:
        attributes = self._scrub(attributes_of(seen.use(), self._process.id))
        if attributes is None:
            return None
        return Span(attributes, seen.tally.first_seen, self._ledger.parents.get(seen))

    def _put(self, signal: str, data: bytes, records: int, patience: "Patience") -> None:
        if records:
            self.outbox.put(signal, data, records, patience)

    def _is_sampled(self, span: Span) -> bool:
        parent = span.parent
        return self._settings.samples(
            int.from_bytes(span.trace_id, "big"),
            parent_is_sampled=parent.trace_flags.sampled if parent is not None else None,
        )

    # Metrics.

    def _emit_metrics(self, provider: object, patience: "Patience", *, is_last: bool) -> None:
        if provider is not None:
            if self._instruments is None or self._instruments.provider is not provider:
                self._instruments = through.Instruments(provider)  # type: ignore[arg-type]
                self._told = ()
            lost = sum(self._dropped().values())
            today = strftime("%Y-%m-%d")  # rules expire by day
            state = (self._ledger.changes, lost, today, *self._states().values())
            if state != self._told:
                self._told = state
                self._instruments.tell(self._points())
            return
        if not self._goes_out(METRICS, provider) or not (
            is_last or monotonic() >= self._metrics_due
        ):
            return
        self._metrics_due = monotonic() + self._settings.metric_interval
        self._put(METRICS, *self._encoder.points(self._points()), patience)

    def _points(self) -> "Iterator[Point]":
        uses = (seen.all_uses() for seen in breathing(self._ledger, MANY) if seen.total)
        return points_of(self._map, uses, self._dropped(), self._process.id, self._states())

    def _states(self) -> dict[str, bool]:
        has_rules = bool(self._map.outline.heads)
        return {
            names.WATCHING: has_rules,
            names.NO_RULES: not has_rules,
            names.NOT_WRITTEN: self._is_unwritten(),
            names.BLIND: any(notice.kind in BLIND_KINDS for notice in self._notices()),
        }

    def _dropped(self) -> dict[str, int]:
        dropped = {**self.outbox.dropped, HELD_BACK: self._scrub.held_back}
        return {kind: count for kind, count in dropped.items() if count}


def _slices(seen: "Sequence[Seen]") -> "Iterator[Sequence[Seen]]":
    for start in range(0, len(seen), SLICE):
        yield seen[start : start + SLICE]
