"""Emit what a process recorded, signal by signal, where each of them goes.

Loaded by the thread of ``enforcer.telemetry.emitter`` with its first delivery. Each signal goes
to the application's provider if it has one by now, else where the environment says. One
that goes nowhere yet waits without costing anything; see ``enforcer.telemetry.ledger``.
"""

from functools import partial
from time import monotonic, strftime
from typing import TYPE_CHECKING, Final

from enforcer.recording.use import Use
from enforcer.rules.model import NO_LOG
from enforcer.store.waiting import Patience
from enforcer.telemetry import providers as through
from enforcer.telemetry.asked import choice
from enforcer.telemetry.encoding import Encoder
from enforcer.telemetry.ledger import Ledger
from enforcer.telemetry.names import EXEMPTION_EXPIRED
from enforcer.telemetry.outbox import Outbox
from enforcer.telemetry.records import (
    Point,
    Span,
    attributes_of,
    event_of,
    met_expired_exemption,
    points_of,
)
from enforcer.telemetry.scrubbing import Scrub
from enforcer.telemetry.settings import LOGS, METRICS, TRACES
from enforcer.telemetry.structured_log import StructuredLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Protocol

    from opentelemetry.trace import SpanContext

    from enforcer.recording.process import Process
    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import MigrationMap
    from enforcer.telemetry.ledger import Seen
    from enforcer.telemetry.records import Event
    from enforcer.telemetry.settings import Settings
    from enforcer.telemetry.spool import Spool

if TYPE_CHECKING:

    class GiveProviders(Protocol):
        """Give what the application has to emit through."""

        def __call__(self, *, is_last: bool) -> tuple[object, object, object]:
            """Give its providers of tracers, loggers and meters; None where it has none."""


HELD_BACK: Final = "scrub"
"""Why records were dropped that the function ``scrub`` of a map held back."""

SLICE: Final = 500
"""How many call sites go into one request, or to a provider at once."""


class TelemetryDelivery:
    """Emit what is new, each time it is called."""

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        migration_map: "MigrationMap",
        totals: "Callable[[], Iterable[tuple[Tally, int]]]",
        *,
        settings: "Settings",
        spool: "Spool",
        providers: "GiveProviders",
    ) -> None:
        """Take the parts; nothing is emitted.

        Args:
            process: what to emit as.
            migration_map: the map in force.
            totals: gives every tally with its uses so far.
            settings: where each signal goes.
            spool: where requests wait that could not be sent.
            providers: gives the application's providers of tracers, loggers and meters.

        """
        self._give_providers = providers
        self.outbox = Outbox(settings, spool, process.id)
        self._process = process
        self._map = migration_map
        self._settings = settings
        self._ledger = Ledger(totals)
        self._encoder = Encoder(process, is_delta=settings.is_delta)
        self._parents: dict[Seen, SpanContext] = {}
        self._instruments: through.Instruments | None = None
        self._log = StructuredLog(migration_map.log) if migration_map.log != NO_LOG else None
        self._scrub = Scrub(migration_map.scrub)
        self._had_provider: set[str] = set()
        self._sequence = 0
        self._metrics_due = 0.0
        self._told = (-1, 0, "")

    def deliver(self, seconds: float, is_needed: "Callable[[], bool]", ending: str = "") -> None:
        """Emit everything that is new.

        Args:
            seconds: how long all of it may take.
            is_needed: tells whether the program wants to go on, so that this has to end.
            ending: how the process ends, if this is its last time.

        """
        if choice.is_off:
            return
        patience = Patience(seconds, is_needed)
        tracers, loggers, meters = self._providers(is_last=bool(ending))
        for seen in self._ledger.look():
            self._meet(seen)
        if self._log is not None:
            self._log.sum_up(is_last=bool(ending))
        self._emit_spans(tracers, patience)
        self._emit_events(loggers, patience)
        self._emit_metrics(meters, patience, is_last=bool(ending))
        self._parents.clear()
        if ending:
            for provider in (tracers, loggers, meters):
                through.flush(provider, seconds)
        else:
            self.outbox.send_waiting(patience)

    def _providers(self, *, is_last: bool) -> tuple[object, object, object]:
        if self._settings.is_disabled:
            return None, None, None
        found = self._give_providers(is_last=is_last)
        for signal, provider in zip((TRACES, LOGS, METRICS), found, strict=True):
            if provider is not None:
                self._had_provider.add(signal)
        return found

    def _goes_out(self, signal: str, provider: object) -> bool:
        """Tell whether a signal goes anywhere, or waits in the spool for where it went."""
        return provider is not None or signal in self._had_provider or self._has_target(signal)

    def _has_target(self, signal: str) -> bool:
        return self._settings.target(signal) is not None

    def loss(self, _error: Exception) -> str:
        """Say nothing: the store has every use."""
        return ""

    def _meet(self, seen: "Seen") -> None:
        context, seen.tally.context = seen.tally.context, None
        parent = through.span_in(context) if context is not None else None
        if parent is not None:
            self._parents[seen] = parent
        if self._log is not None:
            trace = (parent.trace_id, parent.span_id) if parent is not None else (0, 0)
            say = partial(self._log.say, _all_uses(seen), *trace)
            context.run(say) if context is not None else say()

    # Log events.

    def _emit_events(self, provider: object, patience: Patience) -> None:
        changed = self._ledger.unemitted()
        if not changed or not self._goes_out(LOGS, provider):
            return
        sequence, row = self._sequence, 0
        self._sequence += 1
        for part in _slices(changed):
            if row and not patience.lasts():
                return
            events = [
                event
                for index, seen in enumerate(part, row)
                for event in self._events(seen, f"{self._process.id}-{sequence}-{index}")
            ]
            row += len(part)
            if provider is None:
                self.outbox.put(LOGS, self._encoder.events(events), len(events), patience)
            else:
                through.emit_events(provider, events)  # type: ignore[arg-type]
                if row < len(changed):
                    through.flush(provider, 1.0)
            for seen in part:
                seen.emitted = seen.total

    def _events(self, seen: "Seen", identity: str) -> "Iterator[Event]":
        use = seen.use()
        attributes = self._scrub(attributes_of(use, self._process.id))
        if attributes is None:
            return
        event = event_of(use, attributes, identity)
        event.parent = self._parents.get(seen)
        yield event
        if met_expired_exemption(use, self._map.allow):
            yield event_of(use, attributes.copy(), f"{identity}-expired", EXEMPTION_EXPIRED)

    # Spans.

    def _emit_spans(self, provider: object, patience: Patience) -> None:
        if not self._goes_out(TRACES, provider):
            return
        for part in _slices(self._ledger.untraced()):
            if not patience.lasts():
                return
            spans = [span for seen in part if (span := self._span(seen)) is not None]
            if provider is None:
                self._send_spans(spans, patience)
            else:
                through.emit_spans(provider, spans)  # type: ignore[arg-type]
            for seen in part:
                seen.is_traced = True

    def _span(self, seen: "Seen") -> Span | None:
        attributes = self._scrub(attributes_of(seen.use(), self._process.id))
        if attributes is None:
            return None
        return Span(attributes, seen.tally.first_seen, self._parents.get(seen))

    def _send_spans(self, spans: list[Span], patience: Patience) -> None:
        sampled = [span for span in spans if self._is_sampled(span)]
        if sampled:
            self.outbox.put(TRACES, self._encoder.spans(sampled), len(sampled), patience)

    def _is_sampled(self, span: Span) -> bool:
        parent = span.parent
        return self._settings.samples(
            int.from_bytes(span.trace_id, "big"),
            parent_is_sampled=parent.trace_flags.sampled if parent is not None else None,
        )

    # Metrics.

    def _emit_metrics(self, provider: object, patience: Patience, *, is_last: bool) -> None:
        if provider is not None:
            if self._instruments is None or self._instruments.provider is not provider:
                self._instruments = through.Instruments(provider)  # type: ignore[arg-type]
                self._told = (-1, 0, "")
            lost = sum(self.outbox.dropped.values())
            state = (self._ledger.changes, lost, strftime("%Y-%m-%d"))  # rules expire by day
            if state != self._told:
                self._told = state
                self._instruments.tell(self._points())
            return
        if not self._goes_out(METRICS, provider) or not (
            is_last or monotonic() >= self._metrics_due
        ):
            return
        self._metrics_due = monotonic() + self._settings.metric_interval
        points = self._points()
        self.outbox.put(METRICS, self._encoder.points(points), len(points), patience)

    def _points(self) -> list[Point]:
        uses = [_all_uses(seen) for seen in self._ledger if seen.total]
        dropped = {**self.outbox.dropped, HELD_BACK: self._scrub.held_back}
        lost = {kind: count for kind, count in dropped.items() if count}
        return points_of(self._map, uses, lost, self._process.id)


def _all_uses(seen: "Seen") -> Use:
    tally = seen.tally
    return Use(
        tally.rule,
        stage=tally.rule.stage,
        outcome=tally.outcome,
        site=tally.site,
        count=seen.total,
        first_seen=tally.first_seen,
        last_seen=seen.last_seen,
    )


def _slices(seen: "Sequence[Seen]") -> "Iterator[Sequence[Seen]]":
    for start in range(0, len(seen), SLICE):
        yield seen[start : start + SLICE]
