"""Emit telemetry every few seconds, from a thread of its own, if it is asked for.

The store's thread waits neither for collectors nor for the application's providers, which may do
anything. ``enforcer.runtime.process.schedule`` decides when this thread runs. Nothing of
OpenTelemetry is loaded before it is asked for, and then by this thread alone.
"""

import atexit
from time import monotonic

from enforcer.rules.environment import trusted_environment
from enforcer.rules.model import NO_LOG
from enforcer.runtime.process.flush import Flushing
from enforcer.runtime.process.schedule import EXIT, Schedule, complain
from enforcer.runtime.telemetry.asked import (
    HTTP,
    OVER,
    SIGNALS,
    is_asked_for,
    is_shut_down,
    is_without_end,
    logs_go_out,
    may_be_loaded,
    names_an_endpoint,
    protocol,
    providers,
)
from enforcer.runtime.telemetry.ledger import Ledger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.process.flush import Deliverer
    from enforcer.runtime.process.thread import Guest
    from enforcer.runtime.telemetry.private import Private
    from enforcer.runtime.telemetry.signals import Signals


SHUTDOWN_SHARE = 0.5
"""How much of the time of an exit goes to the application's providers at most."""

_FORK_PATIENCE = 0.05
"""How long a fork waits for a request that was cut; then it leaves the thread behind."""


class Emitter(Schedule):
    """Emits what was recorded to OpenTelemetry.

    Attributes:
        ledger: what was emitted so far.
        flush_store: makes the reporter write what is new; called before the providers end.

    """

    def __init__(  # noqa: PLR0913 - what it takes from, what it gives to
        self,
        process: "Process",
        migration_map: "MigrationMap",
        totals: "Callable[[], Iterable[tuple[Tally, int]]]",
        interval: float,
        *,
        note: "Callable[[Notice], object]",
        notices: "Callable[[], Iterable[Notice]]",
        is_unwritten: "Callable[[], bool]" = bool,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            process: what to report as.
            migration_map: the map in force.
            totals: returns every tally with its uses so far.
            interval: how often to emit, in seconds.
            note: called with each notice for the map's owner.
            notices: returns all notices of this process so far.
            is_unwritten: returns whether the last write to the store failed.

        """
        self._is_before_shutdown = False
        self.flush_store: Callable[[float], object] = bool
        self._map = migration_map
        self._totals = totals
        super().__init__(process, interval)
        self._note = note
        self._notices = notices
        self._is_unwritten = is_unwritten

    def _reset(self, process: "Process", brief_until: float) -> None:
        super()._reset(process, brief_until)
        self._are_providers_over = False
        self._is_exiting = False
        self._with_end: list[object] = []
        self._without_end: list[object] = []
        self._signals: Signals | None = None
        has_store = bool(self._map.store)
        self.ledger = Ledger(self._totals, self._goes_out, has_store=has_store)

    def _make_flushing(self) -> Flushing:
        return Flushing(self._make_delivery, fork_patience=_FORK_PATIENCE)

    def _goes_out(self) -> bool:
        return self._map.telemetry and logs_go_out()

    # The end, and a fork: a request that hangs holds up neither.

    def cut(self) -> None:
        """End requests under way, from any thread."""
        if self._signals is not None:
            self._signals.cut()

    def before_fork(self) -> None:
        """End the thread; where it does not end at once, the child has a copy of no use to it."""
        self.cut()
        super().before_fork()

    def ask_to_finish(self, timeout: float, ending: str) -> None:
        """Begin to deliver a last time; for the leader of several schedules."""
        # Before the thread may be over, and not where there can be none.
        self.ledger.is_ending = bool(ending)
        super().ask_to_finish(timeout, ending)
        self.ledger.is_ending = self.ledger.is_ending and self._last is not None
        self._flushing.end_by(self._send_until)

    def has_finished(self, seconds: float) -> bool:
        """Wait until that is over, and return whether it was within some seconds."""
        last = self._last
        if last is not None:
            # The thread that ends the program cuts it itself: the reporter's may have no time to.
            last.ends_for(min(seconds, max(self._send_until - monotonic(), 0)))
            self.cut()
        return super().has_finished(seconds)

    def _run(self, thread: "Guest") -> None:
        try:
            super()._run(thread)
        finally:
            self.ledger.is_finished = self.ledger.is_ending

    def notice_providers(self) -> None:
        """Emit a last time before the application's providers end, which is at exit as a rule.

        atexit runs the callback that was registered last first, so this has to be registered after
        the providers' own.
        """
        # Once in a process, and never in the children of a fork, which inherit the registration.
        if not self._is_before_shutdown:
            self._is_before_shutdown = True
            atexit.register(self._emit_before_shutdown)

    def retire(self) -> None:
        """Start no more threads, and unregister from exit; what runs goes on."""
        super().retire()
        atexit.unregister(self._emit_before_shutdown)

    def _emit_before_shutdown(self) -> None:
        if self._is_stopped or not self.is_wanted:
            return
        began = monotonic()
        self._is_exiting = True
        try:
            timeout = self._exit_timeout * SHUTDOWN_SHARE
            self.flush_store(timeout)
            timeout = max(timeout - (monotonic() - began), 0)
            self.ask_to_finish(timeout, "")
            self.has_finished(timeout)
        finally:
            self._are_providers_over = True
            self.spent = monotonic() - began

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to emit to by now."""
        asks = self._map.log != NO_LOG or (self._map.telemetry and is_asked_for())
        return self._has_lived or (asks and may_be_loaded())

    def _make_delivery(self) -> "Deliverer":
        from enforcer.runtime.telemetry.delivery import TelemetryDelivery

        return TelemetryDelivery(self.ledger, self._map.log, self._make_signals)

    def _make_signals(self, is_needed: "Callable[[], bool]") -> "Signals | None":
        if not (self._map.telemetry and is_asked_for() and may_be_loaded()):
            return None
        from enforcer.runtime.telemetry import loading

        loading.load(loading.API, is_needed)
        from enforcer.runtime.telemetry.signals import Signals

        self._signals = Signals(
            self.process,
            self._map,
            self.ledger,
            make_private=self._make_private,
            providers=self._providers,
            note=self._note,
            notices=self._notices,
            ending=lambda: EXIT if self._is_exiting else "",
            is_unwritten=self._is_unwritten,
        )
        return self._signals

    def _make_private(self, is_needed: "Callable[[], bool]") -> "Private | None":
        environ = trusted_environment()
        if not names_an_endpoint(environ):
            return None
        from enforcer.runtime.telemetry import loading

        has_http = any(protocol(signal, environ) == HTTP for signal in SIGNALS)
        loading.load((*loading.SDK, *(loading.HTTP if has_http else ())), is_needed)
        loading.load_logs()
        from enforcer.runtime.telemetry.private import Private

        return Private(self.process, environ, complain)

    def _providers(self, *, is_last: bool) -> "tuple[object, object, object]":
        """Return the application's providers; OVER for those that have ended."""
        found = providers()
        if not is_last:
            if any(found):
                self.notice_providers()
            new = (each for each in found if not _is_among(self._with_end, each))
            self._with_end += [each for each in new if not is_without_end(each)]
            # Providers that the application ends by itself, or has ended before they were met.
            self._without_end = [each for each in found if not _is_among(self._with_end, each)]
        tracers, loggers, meters = (self._unless_over(each) for each in found)
        return tracers, loggers, meters

    def _unless_over(self, provider: object) -> object:
        if provider is None:
            return None
        has_lost_its_end = is_without_end(provider) and not _is_among(self._without_end, provider)
        is_over = self._are_providers_over or is_shut_down(provider) or has_lost_its_end
        return OVER if is_over else provider

    def loss(self, timeout: float, *, is_in_time: bool) -> str:
        """Return an empty string: the store has every use, and the rest is sent later."""
        del timeout, is_in_time
        return ""


def _is_among(providers: "list[object]", provider: object) -> bool:
    return any(provider is each for each in providers)
