"""Emit telemetry every few seconds, from a thread of its own, if anybody asks for it.

The store's thread does not wait for collectors, and not for the application's providers, which
may do what they like. When this one runs, ``enforcer.reporter`` decides. Nothing of
OpenTelemetry is loaded before it is asked for, and then by this thread alone.
"""

import atexit
from time import monotonic

from enforcer.reporter import EXIT, Schedule, complain
from enforcer.rules.model import NO_LOG
from enforcer.rules.trusted_environment import trusted_environment
from enforcer.telemetry.asked import (
    OVER,
    is_asked_for,
    is_shut_down,
    is_without_end,
    may_be_loaded,
    providers,
)
from enforcer.telemetry.remains import keep, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from enforcer.flushing import Deliverer
    from enforcer.recording.notice import Notice
    from enforcer.recording.process import Process
    from enforcer.recording.recorder import Tally
    from enforcer.rules.model import MigrationMap
    from enforcer.telemetry.ledger import Ledger
    from enforcer.telemetry.signals import Signals


SHUTDOWN_SHARE = 0.5
"""How much of the time of an exit goes to the application's providers at most."""


class Emitter(Schedule):
    """Take what was recorded to OpenTelemetry."""

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
            totals: gives every tally with its uses so far.
            interval: how often to emit, in seconds.
            note: takes what the map's owner should know.
            notices: gives all that this process has to say so far.
            is_unwritten: tells whether the store could not be written the last time.

        """
        self._is_before_shutdown = False
        super().__init__(process, interval)
        self._map = migration_map
        self._totals = totals
        self._note = note
        self._notices = notices
        self._is_unwritten = is_unwritten

    def _reset(self, process: "Process", brief_until: float) -> None:
        super()._reset(process, brief_until)
        self._are_providers_over = False
        self._is_exiting = False
        self._emits: dict[str, bool] = {}
        self._without_end: list[object] = []

    def notice_providers(self) -> None:
        """Emit a last time before the application's providers end, which is at exit as a rule.

        What is registered last runs first, so it has to be called when the providers are there.
        """
        if not self._is_before_shutdown:
            self._is_before_shutdown = True
            atexit.register(self._emit_before_shutdown)

    def retire(self) -> None:
        """Start no more, and leave nothing behind for exit; what runs goes on."""
        super().retire()
        atexit.unregister(self._emit_before_shutdown)

    def _emit_before_shutdown(self) -> None:
        if self._is_stopped or not self.is_wanted:
            return
        began = monotonic()
        self._is_exiting = True
        try:
            timeout = self._exit_timeout * SHUTDOWN_SHARE
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
        from enforcer.telemetry.delivery import TelemetryDelivery
        from enforcer.telemetry.ledger import Ledger

        ledger = Ledger(self._totals)

        def make_signals() -> "Signals | None":
            asks = self._map.telemetry and is_asked_for() and may_be_loaded()
            if not asks:
                return None
            signals = self._signals(ledger)
            # To load it took its time. An exit does not wait for what it would do now.
            is_late = self._flushing.is_needed_elsewhere()
            return signals if not is_late and self._emits.setdefault("", True) else None

        return TelemetryDelivery(ledger, self._map.log, make_signals)

    def _signals(self, ledger: "Ledger") -> "Signals":
        from enforcer.telemetry.settings import Settings, SettingsError, read_settings
        from enforcer.telemetry.signals import Signals
        from enforcer.telemetry.spool import Spool, folders

        try:
            settings = read_settings()
        except SettingsError as error:
            complain(f"telemetry goes to the application's providers only: {error}")
            settings = Settings()
        return Signals(
            self.process,
            self._map,
            ledger,
            settings=settings,
            spool=Spool(folders(self._map, trusted_environment())),
            providers=self._providers,
            note=self._note,
            notices=self._notices,
            ending=lambda: EXIT if self._is_exiting else "",
            is_unwritten=self._is_unwritten,
        )

    def _providers(self, *, is_last: bool) -> "tuple[object, object, object]":
        """Give the application's providers; for those that have ended, OVER."""
        found = providers()
        if not is_last:
            if any(found):
                self.notice_providers()
            self._without_end = [each for each in found if is_without_end(each)]
        tracers, loggers, meters = (self._unless_over(each) for each in found)
        return tracers, loggers, meters

    def _unless_over(self, provider: object) -> object:
        if provider is None:
            return None
        has_lost_its_end = is_without_end(provider) and not any(
            provider is each for each in self._without_end
        )
        is_over = self._are_providers_over or is_shut_down(provider) or has_lost_its_end
        return OVER if is_over else provider

    def loss(self, timeout: float, *, is_in_time: bool) -> str:
        """Say nothing: the store has every use, and the spool what was not sent.

        What emits may not have been loaded in time, and will not be any more: then all uses are
        kept as they are.
        """
        del timeout, is_in_time
        if self._map.telemetry and is_asked_for() and not self._emits.setdefault("", False):
            keep(places(self._map, trusted_environment()), self.process, self._totals())
        return ""
