"""Emission of verdicts as OpenTelemetry metrics, once, to where the environment says.

Only the command does this: a watched program knows nothing of verdicts.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from enforcer.errors import EnforcerError
from enforcer.recording.process import current
from enforcer.rules.model import MigrationMap
from enforcer.runtime.telemetry import asked
from enforcer.runtime.telemetry.asked import METRICS
from enforcer.runtime.telemetry.names import SCHEMA_URL, SCOPE, VERSION
from enforcer.runtime.telemetry.outlet import shown
from enforcer.runtime.telemetry.private import Private
from enforcer.store.sqlite.busy import Patience
from enforcer.verdict.metrics import gauges
from enforcer.verdict.model import Verdict

_SECONDS: Final = 30.0


def emit_verdicts(
    verdicts: Iterable[Verdict],
    migration_map: MigrationMap,
    environ: Mapping[str, str],
    say: Callable[[str], object],
) -> None:
    """Send the metrics of verdicts, and wait until they are accepted.

    Args:
        verdicts: the verdicts.
        migration_map: the map, which may name the service.
        environ: the environment, with the ``OTEL_*`` variables.
        say: gets what is wrong in these variables, as text.

    Raises:
        EnforcerError: if no endpoint is named, or the collector did not accept them.

    """
    place = asked.endpoint(METRICS, environ)
    if not place or asked.is_disabled(environ):
        message = (
            "--emit: nothing says where metrics go. Set OTEL_EXPORTER_OTLP_ENDPOINT, to "
            "http://localhost:4318 for instance (no-endpoint)"
        )
        raise EnforcerError(message)
    private = Private(current(migration_map), environ, say)
    try:
        if not private.has(METRICS):
            # What is missing was said: the extra for the protocol, mostly.
            message = f"--emit: {shown(place)} can't be set up (collector-not-reached)"
            raise EnforcerError(message)
        meter = private.providers[METRICS].get_meter(SCOPE, VERSION, SCHEMA_URL)
        for gauge in gauges(verdicts):
            instrument = meter.create_gauge(gauge.name, gauge.unit, gauge.description)
            for attributes, value in gauge.points:
                instrument.set(value, {key: text for key, text in attributes.items() if text})
        if not private.export(METRICS, Patience(_SECONDS)):
            reason = private.outlets[METRICS].error or "no answer"
            message = f"--emit: {shown(place)}: {reason} (collector-not-reached)"
            raise EnforcerError(message)
    finally:
        private.close()
