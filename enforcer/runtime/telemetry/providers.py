"""Emit through the application's own providers, which are never replaced or reconfigured.

The application decides what becomes of a record there: its sampler, its processors, its exporters.
Their queues are short, so many records are passed in parts, with a flush in between.
"""

from typing import TYPE_CHECKING, Final

from opentelemetry import trace

from enforcer.runtime.telemetry import names
from enforcer.runtime.telemetry.events import in_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry._logs import LoggerProvider, LogRecord
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from enforcer.runtime.telemetry.records import Attributes, Point, Span

_MILLISECONDS: Final = 1e3


def emit_events(provider: "LoggerProvider", events: "Iterable[LogRecord]") -> None:
    """Emit log events."""
    logger = provider.get_logger(names.SCOPE, names.VERSION, schema_url=names.SCHEMA_URL)
    for event in events:
        logger.emit(event)


def emit_spans(provider: "TracerProvider", spans: "Iterable[Span]") -> None:
    """Emit spans, each with its real time, as children of the spans they were in."""
    tracer = provider.get_tracer(names.SCOPE, names.VERSION, schema_url=names.SCHEMA_URL)
    for span in spans:
        tracer.start_span(
            names.SPAN,
            context=in_span(span.parent),
            kind=trace.SpanKind.INTERNAL,
            attributes=span.attributes,
            start_time=span.time,
        ).end(end_time=span.time)


def flush(provider: object, seconds: float) -> None:
    """Flush a provider; its errors are the application's, and ignored."""
    force_flush = getattr(provider, "force_flush", None)
    if force_flush is None:
        return
    try:
        force_flush(max(int(seconds * _MILLISECONDS), 1))
    except Exception:  # noqa: BLE001 - see above
        return


class Instruments:
    """The instruments of one provider of meters, and the values that they were given."""

    def __init__(self, provider: "MeterProvider") -> None:
        """Create the instruments."""
        self.provider = provider
        meter = provider.get_meter(names.SCOPE, names.VERSION, schema_url=names.SCHEMA_URL)
        self._add: dict[str, Callable[[int, Attributes], None]] = {}
        for name, unit in names.COUNTERS.items():
            self._add[name] = meter.create_counter(name, unit, names.DESCRIPTIONS[name]).add
        for name, unit in names.UP_DOWN.items():
            counter = meter.create_up_down_counter(name, unit, names.DESCRIPTIONS[name])
            self._add[name] = counter.add
        self._told: dict[tuple[object, ...], int] = {}

    def tell(self, points: "Iterable[Point]") -> None:
        """Bring the instruments to these values."""
        for point in points:
            difference = point.value - self._told.get(point.key, 0)
            if difference:
                self._told[point.key] = point.value
                self._add[point.name](difference, point.attributes)
