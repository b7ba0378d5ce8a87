"""Emit spans, log events and metrics of this process, and what a process that is gone left.

That is the application's provider if it has one by now, else where the environment says
(``enforcer.runtime.telemetry.private``), by the same calls. Log events are of uses that the ledger
offers, and only what was taken is acknowledged there. A signal that goes nowhere yet waits without
costing anything.
"""

from time import monotonic, sleep, strftime
from typing import TYPE_CHECKING, Final

from enforcer.recording.notice import BLIND_KINDS, Notice
from enforcer.runtime.telemetry import names
from enforcer.runtime.telemetry import providers as through
from enforcer.runtime.telemetry.asked import LOGS, METRICS, OVER, TRACES
from enforcer.runtime.telemetry.breathing import breathing
from enforcer.runtime.telemetry.events import events_of, events_of_notices, goodbye_of
from enforcer.runtime.telemetry.ledger import MANY
from enforcer.runtime.telemetry.records import Point, Span, attributes_of, points_of
from enforcer.runtime.telemetry.scrubbing import Scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Protocol, TypeVar

    from opentelemetry._logs import LogRecord

    from enforcer.recording.process import Process
    from enforcer.recording.use import Use
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.telemetry.ledger import Ledger, Seen
    from enforcer.runtime.telemetry.private import Private
    from enforcer.store.emission import Remainder
    from enforcer.store.sqlite.busy import Patience

    T = TypeVar("T")

    class GetProviders(Protocol):
        """Return what the application has to emit through."""

        def __call__(self, *, is_last: bool) -> tuple[object, object, object]:
            """Return its providers of tracers, loggers and meters: None where it has none."""


SLICE: Final = 500
"""How many call sites go into one request, or to a provider at once."""

HELD_BACK: Final = "scrub"
"""Why records were dropped that the function ``scrub`` of a map held back."""

_PAUSE: Final = 0.002


class Signals:
    """Emit what is new, each time it is asked."""

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        migration_map: "MigrationMap",
        ledger: "Ledger",
        *,
        make_private: "Callable[[Callable[[], bool]], Private | None]",
        providers: "GetProviders",
        note: "Callable[[Notice], object]",
        notices: "Callable[[], Iterable[Notice]]",
        ending: "Callable[[], str]",
        is_unwritten: "Callable[[], bool]" = bool,
    ) -> None:
        """Prepare; nothing is emitted.

        Args:
            process: what to emit as.
            migration_map: the map in force.
            ledger: knows what was emitted.
            make_private: makes providers of the enforcer's own; None where the environment
                does not say where to send. It is passed what returns whether the program waits.
            providers: returns the application's providers of tracers, loggers and meters.
            note: takes what the map's owner should know.
            notices: returns all that this process has to say so far.
            ending: returns how the process ends, if it does by now.
            is_unwritten: returns whether the store could not be written the last time.

        """
        self._make_private = make_private
        self._private: Private | None = None
        self._has_private = False
        self._get_providers = providers
        self._note = note
        self._notices = notices
        self._noticed: set[tuple[str, str]] = set()
        self._ending = ending
        self._is_unwritten = is_unwritten
        self._has_said_goodbye = False
        self._process = process
        self._map = migration_map
        self._ledger = ledger
        self._instruments: through.Instruments | None = None
        self._scrub = Scrub(migration_map.scrub)
        self._had_provider: set[str] = set()
        self._metrics_due = 0.0
        self._told: tuple[object, ...] = ()

    def emit(self, patience: "Patience", ending: str = "") -> None:
        """Emit everything that is new.

        Args:
            patience: how long all of it may take.
            ending: how the process ends, if this is its last time.

        """
        tracers, loggers, meters = self._providers(is_last=bool(ending))
        if not self._has_private and not all((tracers, loggers, meters)):
            self._private = self._make_private(patience.is_needed)
            self._has_private = True
        private = self._private
        if private is not None:
            # A fork or an exit that gave up has cut it; the connection is made anew.
            private.mend()
        while ending and self._ledger.has_store and not self._ledger.is_closed and patience.lasts():
            sleep(_PAUSE)  # the reporter is about to offer the last uses
        # Who asks a collector first that does not answer has the others wait: what counts, counts
        # most.
        self._ledger.has_said_all = self._emit_notices(loggers, patience)
        self._emit_events(loggers, patience)
        self._ledger.has_said_all &= self._say_goodbye(loggers, ending or self._ending(), patience)
        self._emit_metrics(meters, patience, is_last=bool(ending))
        self._emit_spans(tracers, patience)
        self._forget_parents(tracers, loggers)
        if ending:
            for provider in (tracers, loggers, meters):
                through.flush(provider, patience.left())
        else:
            self._emit_remainder(patience)
        # A connection that stays open would be inherited by children, and lost by programs that
        # close all files when they become daemons.
        if private is not None:
            private.close()
        for kind in self._dropped():
            text = f"Telemetry lost something that the store has, by {kind}."
            self._note(Notice("dropped", f"telemetry/{kind}", text))

    def cut(self) -> None:
        """End requests under way, from any thread."""
        if self._private is not None:
            self._private.cut()

    def _providers(self, *, is_last: bool) -> tuple[object, object, object]:
        found = self._get_providers(is_last=is_last)
        named = zip((TRACES, LOGS, METRICS), found, strict=True)
        self._had_provider.update(signal for signal, provider in named if provider is not None)
        tracers, loggers, meters = (None if each is OVER else each for each in found)
        return tracers, loggers, meters

    def _own(self, signal: str) -> "Private | None":
        """Return our own providers if a signal is sent by them, and may be now."""
        private = self._private
        if private is None or not private.has(signal) or private.rests(signal):
            return None
        return private

    def _goes_out(self, signal: str, provider: object) -> bool:
        has_own = self._private is not None and self._private.has(signal)
        return provider is not None or has_own or signal in self._had_provider

    def _forget_parents(self, tracers: object, loggers: object) -> None:
        # Those that gave way to a fork go out the next time, and are to be children still.
        traces, logs = self._goes_out(TRACES, tracers), self._goes_out(LOGS, loggers)
        self._ledger.parents = {
            seen: parent
            for seen, parent in self._ledger.parents.items()
            if (traces and not seen.is_traced) or (logs and not seen.emitted)
        }

    # Log events.

    def _emit_notices(self, provider: object, patience: "Patience") -> bool:
        new = [
            notice
            for notice in self._notices()
            # What was dropped is a metric.
            if (notice.kind, notice.subject) not in self._noticed and notice.kind != "dropped"
        ]
        events = events_of_notices(new, self._process.id, self._map.root, self._scrub)
        if new and not self._send(provider, events, patience):
            return False
        self._noticed.update((notice.kind, notice.subject) for notice in new)
        return True

    def _say_goodbye(self, provider: object, ending: str, patience: "Patience") -> bool:
        if ending and not self._has_said_goodbye:
            event = goodbye_of(self._process.id, ending)
            self._has_said_goodbye = self._send(provider, iter([event]), patience)
        return self._has_said_goodbye

    def _emit_events(self, provider: object, patience: "Patience") -> None:
        offered = self._ledger.offered()
        for number, part in enumerate(_slices(offered)):
            # A provider of the application gets the first part in any case, at the end as well.
            if (number or provider is None) and not patience.lasts():
                return
            if number:
                through.flush(provider, 1.0)  # its queue is short
            # Before anything is sent: the reporter adopts what another process sent of this one,
            # and then what was sent here must be acknowledged neither twice nor in part.
            offers = [(seen, seen.emitted, seen.offer()) for seen in part]
            events = (event for offer in offers for event in self._events(*offer))
            if not self._send(provider, events, patience):
                return
            for seen, since, use in offers:
                if seen.emitted == since:
                    seen.emitted = since + use.count

    def _events(self, seen: "Seen", since: int, use: "Use") -> "Iterator[LogRecord]":
        parent = self._ledger.parents.get(seen)
        process = self._process.id
        identity = f"{process}-{seen.site}-{since}"
        return events_of(use, process, identity, self._scrub, self._map.allow, parent=parent)

    def _send(self, provider: object, events: "Iterator[LogRecord]", patience: "Patience") -> bool:
        """Emit log events, and return whether they were taken."""
        if provider is not None:
            # The application may shut it down at any moment. It would log a warning for each event
            # then, and drop it: what was handed over meanwhile does not count as taken.
            if self._is_over(provider):
                return False
            through.emit_events(provider, breathing(events))  # type: ignore[arg-type]
            return not self._is_over(provider)
        private = self._own(LOGS)
        if private is None:
            return False
        private.emit_events(events)
        return private.export(LOGS, patience)

    def _is_over(self, provider: object) -> bool:
        return not any(each is provider for each in self._get_providers(is_last=False))

    def _emit_remainder(self, patience: "Patience") -> None:
        """Send what the reporter has claimed of another process."""
        private = self._own(LOGS)
        self._ledger.wants_remainder = private is not None
        remainder = self._ledger.remainder
        if private is not None and remainder is not None:
            is_emitted = emit_remainder(private, remainder, self._map, self._scrub, patience)
            self._ledger.end_remainder(is_emitted=is_emitted)

    # Spans.

    def _emit_spans(self, provider: object, patience: "Patience") -> None:
        private = self._own(TRACES)
        if provider is None and private is None:
            return
        for part in _slices(self._ledger.untraced()):
            if not patience.lasts():
                return
            spans = (span for seen in part if (span := self._span(seen)) is not None)
            if provider is not None:
                through.emit_spans(provider, breathing(spans))  # type: ignore[arg-type]
            elif private is not None:
                private.emit_spans(spans)
                if not private.export(TRACES, patience):
                    return
            for seen in part:
                seen.is_traced = True

    def _span(self, seen: "Seen") -> Span | None:
        attributes = self._scrub(attributes_of(seen.all_uses(), self._process.id))
        if attributes is None:
            return None
        return Span(attributes, seen.tally.first_seen, self._ledger.parents.get(seen))

    # Metrics.

    def _emit_metrics(self, provider: object, patience: "Patience", *, is_last: bool) -> None:
        private = self._own(METRICS) if provider is None else None
        is_due = is_last or monotonic() >= self._metrics_due
        if provider is None and (private is None or not is_due or not patience.lasts()):
            return  # what is told once it is due is the same
        into = provider or private.providers[METRICS]  # type: ignore[union-attr]
        if self._instruments is None or self._instruments.provider is not into:
            self._instruments = through.Instruments(into)  # type: ignore[arg-type]
            self._told = ()
        lost = sum(self._dropped().values())
        today = strftime("%Y-%m-%d")  # rules expire by day
        state = (self._ledger.changes, lost, today, *self._states().values())
        if state != self._told:
            self._told = state
            self._instruments.tell(self._points())
        if private is not None:
            self._metrics_due = monotonic() + private.interval
            private.export(METRICS, patience)

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
        dropped = self._private.dropped() if self._private is not None else {}
        dropped[HELD_BACK] = self._scrub.held_back
        return {kind: count for kind, count in dropped.items() if count}


def emit_remainder(
    private: "Private",
    remainder: "Remainder",
    migration_map: "MigrationMap",
    scrub: Scrub,
    patience: "Patience",
) -> bool:
    """Send what a process left that is gone, in its name; return whether all of it was taken.

    Its notices and its goodbye are sent too: whoever has them already knows them by their ids.
    """
    process = remainder.process
    notices = [Notice(*words) for words in remainder.notices if words[0] != "dropped"]
    events = [*events_of_notices(notices, process.id, process.root, scrub)]
    if remainder.ending:
        events.append(goodbye_of(process.id, remainder.ending))
    private.emit_events(events, process)
    if not private.export(LOGS, patience):
        return False
    for part in _slices(remainder.uses):
        events = [
            event
            for use, site, since in part
            for event in events_of(
                use, process.id, f"{process.id}-{site}-{since}", scrub, migration_map.allow
            )
        ]
        private.emit_events(events, process)
        if not private.export(LOGS, patience):
            return False
    return True


def _slices(items: "Sequence[T]") -> "Iterator[Sequence[T]]":
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
