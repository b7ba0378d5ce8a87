"""Attach telemetry where ``opentelemetry-instrument`` sets OpenTelemetry up.

By then hundreds of modules are loaded, so it can't alias or watch anything: a migration map in
``ENFORCER_MAP`` does that, before. What is left for it to do is little, because the enforcer
finds the application's providers by itself: it uses those that it is handed instead, begins
at once, and ends before they do.

Loaded by OpenTelemetry, through the entry point ``opentelemetry_instrumentor``.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined] # untyped
    BaseInstrumentor,
)

from enforcer.startup import active, emitter_of
from enforcer.telemetry.asked import choice

if TYPE_CHECKING:
    from enforcer.telemetry.emitter import Emitter


class EnforcerInstrumentor(BaseInstrumentor):  # type: ignore[misc] # untyped
    """Have uses of legacy paths emitted; may be asked any number of times."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name what has to be installed besides: nothing."""
        return ()

    def instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Attach, or change what was attached; see :meth:`_instrument`.

        OpenTelemetry asks twice where ``OTEL_CONFIG_FILE`` is set, and the second time with
        what stands in that file.
        """
        if self.is_instrumented_by_opentelemetry:
            self._instrument(**kwargs)
        else:
            super().instrument(**kwargs)

    def _instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Attach.

        Args:
            kwargs: ``tracer_provider``, ``logger_provider`` and ``meter_provider`` are used
                instead of the global ones; others are left alone.

        """
        choice.is_off = False
        for name in choice.given:
            choice.given[name] = kwargs.get(name, choice.given[name])
        emitter = _emitter()
        if emitter is not None:
            emitter.notice_providers()

    def _uninstrument(self, **_: Any) -> None:  # noqa: ANN401 - as it is in the base class
        """Emit what is new, and nothing any more."""
        emitter = _emitter()
        if emitter is not None and emitter.is_wanted:
            emitter.flush()
        choice.is_off = True
        choice.given.update(dict.fromkeys(choice.given))


def _emitter() -> "Emitter | None":
    enforcement = active()
    return emitter_of(enforcement) if enforcement is not None else None
