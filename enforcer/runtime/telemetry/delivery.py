"""Deliver what a process recorded: a log line for each new call site, and OpenTelemetry's signals.

Created by the thread of ``enforcer.runtime.telemetry.emitter`` for its first delivery. The code
that emits signals is loaded once signals are asked for.
"""

import sys
from functools import partial
from typing import TYPE_CHECKING

from enforcer.rules.model import NO_LOG
from enforcer.runtime.telemetry.asked import choice
from enforcer.runtime.telemetry.structured_log import StructuredLog
from enforcer.store.sqlite.busy import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from opentelemetry.trace import SpanContext

    from enforcer.runtime.telemetry.ledger import Ledger, Seen
    from enforcer.runtime.telemetry.signals import Signals


class TelemetryDelivery:
    """Delivers what is new, each time it is called."""

    def __init__(
        self,
        ledger: "Ledger",
        log: str,
        make_signals: "Callable[[Callable[[], bool]], Signals | None]",
    ) -> None:
        """Prepare; nothing is delivered.

        Args:
            ledger: knows what was emitted of each call site.
            log: where a line for each new call site goes, as the map has it.
            make_signals: makes what emits signals; None as long as nobody asks for them. It is
                passed what returns whether the program waits.

        """
        self._ledger = ledger
        self._log = StructuredLog(log) if log != NO_LOG else None
        self._make_signals = make_signals
        self._signals: Signals | None = None

    def deliver(self, seconds: float, is_needed: "Callable[[], bool]", ending: str = "") -> None:
        """Deliver everything that is new.

        Args:
            seconds: how long all of it may take.
            is_needed: returns whether the program waits, so that this has to end.
            ending: how the process ends, if this is its last time.

        Raises:
            InterruptedError: if the program waits while what emits signals is loaded.

        """
        if choice.is_off:
            return
        for seen in self._ledger.meet():
            self._meet(seen)
        if self._log is not None:
            self._log.sum_up(is_last=bool(ending))
        if self._signals is None:
            self._signals = self._make_signals(is_needed)
        if self._signals is not None:
            self._signals.emit(Patience(seconds, is_needed), ending)
        if ending:
            self._ledger.is_finished = True

    def settle(self, seconds: float, is_needed: "Callable[[], bool]") -> None:
        """Do nothing: the store's own thread records what has to be recorded."""

    def loss(self, _error: Exception) -> str:
        """Return an empty string: the store has every use."""
        return ""

    def _meet(self, seen: "Seen") -> None:
        # Let go at once: a context keeps alive whatever the application has bound in it.
        context, seen.tally.context = seen.tally.context, None
        parent = span_in(context) if context is not None else None
        if parent is not None:
            self._ledger.parents[seen] = parent
        if self._log is not None:
            trace = (parent.trace_id, parent.span_id) if parent is not None else (0, 0)
            say = partial(self._log.say, seen.all_uses(), *trace)
            context.run(say) if context is not None else say()


def span_in(context: "Context") -> "SpanContext | None":
    """Return the span that was current in a context, or None."""
    # A context is kept for log lines as well, by a program that has no OpenTelemetry.
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry.trace import get_current_span  # loaded already

    found = context.run(get_current_span).get_span_context()
    return found if found.is_valid else None
