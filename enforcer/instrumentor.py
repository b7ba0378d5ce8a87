"""Instrumentor for ``opentelemetry-instrument``, which attaches telemetry.

It runs when hundreds of modules are loaded, so it can't alias or watch anything: a migration map in
``ENFORCER_MAP`` does that earlier. The enforcer finds the application's providers by itself, so
little is left to do here: use the given providers instead, begin at once, and end before they do.

OpenTelemetry loads it through the entry point ``opentelemetry_instrumentor``.
"""

import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined] # untyped
    BaseInstrumentor,
)
from opentelemetry.metrics import get_meter_provider

from enforcer.runtime.process.schedule import FLUSH_PATIENCE
from enforcer.runtime.telemetry.asked import choice
from enforcer.runtime.wiring import emitter_of
from enforcer.startup import MAP_KEY, active

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

    from enforcer.runtime.telemetry.emitter import Emitter


class EnforcerInstrumentor(BaseInstrumentor):  # type: ignore[misc] # untyped
    """Emits uses of legacy paths; may be called any number of times."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the packages that have to be installed: none."""
        return ()

    def instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Attach, or change what was attached; see :meth:`_instrument`.

        If ``OTEL_CONFIG_FILE`` is set, OpenTelemetry calls it twice, the second time with the
        settings in that file.
        """
        if self.is_instrumented_by_opentelemetry:
            self._instrument(**kwargs)
        else:
            super().instrument(**kwargs)

    def _instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Attach.

        Args:
            kwargs: ``tracer_provider``, ``logger_provider`` and ``meter_provider`` replace the
                global ones; others are ignored.

        """
        choice.is_off = False
        for name in choice.given:
            choice.given[name] = kwargs.get(name, choice.given[name])
        emitter = _emitter()
        if emitter is not None:
            emitter.notice_providers()
        elif active() is None and os.environ.get(MAP_KEY, "").strip():
            _tell_that_nothing_is_enabled(kwargs.get("meter_provider"))

    def _uninstrument(self, **_: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Emit what is new, and stop emitting."""
        emitter = _emitter()
        if emitter is not None and emitter.is_wanted:
            emitter.flush_store(FLUSH_PATIENCE)
            emitter.flush()
        choice.is_off = True
        choice.given.update(dict.fromkeys(choice.given))


def _tell_that_nothing_is_enabled(provider: "MeterProvider | None") -> None:
    """Count this process as one with a map in its environment that is not enabled.

    There is no other way to report it: such a process has no thread and no store.
    """
    from enforcer.runtime.telemetry import names  # noqa: PLC0415 - most processes are enabled
    from enforcer.runtime.telemetry.providers import Instruments  # noqa: PLC0415 - as above
    from enforcer.runtime.telemetry.records import points_of_process  # noqa: PLC0415 - as above

    instruments = Instruments(provider or get_meter_provider())
    instruments.tell(points_of_process({names.NOT_ENABLED: True}, os.urandom(16).hex()))


def _emitter() -> "Emitter | None":
    enforcement = active()
    return emitter_of(enforcement) if enforcement is not None else None
