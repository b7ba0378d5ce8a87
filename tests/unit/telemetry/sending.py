"""Send under variables of the environment: by the SDK alone, and by the enforcer."""

import os
import time
from importlib import import_module
from pathlib import Path

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._configuration import _get_exporter_names
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from enforcer.recording.process import Process
from tests.unit.telemetry.conftest import Parts
from tests.unit.telemetry.exchanges import Requests
from tests.unit.telemetry.variables import SIGNALS, Row, filled

ATTRIBUTES = {f"attribute.{number}": "a long text" for number in range(8)}

# What exporters would use instead.
_OF_THE_MACHINE = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def set_variables(
    monkeypatch: pytest.MonkeyPatch,
    requests: Requests,
    row: Row,
    value: str | None = None,
    *,
    protocol: str = "http/protobuf",
) -> dict[str, str]:
    """Set the variables of OpenTelemetry to what a row needs, for what records; return them.

    Without a value the row's own variable is not set.
    """
    for name in os.environ:
        if name.startswith("OTEL") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    for name in _OF_THE_MACHINE:
        monkeypatch.delenv(name, raising=False)
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://{host}",
        **{f"OTEL_{signal.upper()}_EXPORTER": "otlp" for signal in SIGNALS},
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        **(row.beside or {}),
        **({row.variable: value} if value is not None else {}),
    }
    variables = {name: filled(text, requests) for name, text in variables.items()}
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    return variables


def sent_by_the_sdk(way: str) -> None:
    """Send a span, a log event and a metric, as an application does that has the SDK.

    Args:
        way: ``http`` or ``grpc``.

    """
    package = f"opentelemetry.exporter.otlp.proto.{way}"
    if _get_exporter_names("traces"):
        exporter = import_module(f"{package}.trace_exporter").OTLPSpanExporter()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(exporter))
        tracers.get_tracer("test").start_span("span", attributes=ATTRIBUTES).end()
        tracers.shutdown()
    if _get_exporter_names("logs"):
        exporter = import_module(f"{package}._log_exporter").OTLPLogExporter()
        loggers = LoggerProvider(shutdown_on_exit=False)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        now = time.time_ns()
        record = LogRecord(timestamp=now, body="event", attributes=ATTRIBUTES)
        loggers.get_logger("test").emit(record)
        loggers.shutdown()
    if _get_exporter_names("metrics"):
        exporter = import_module(f"{package}.metric_exporter").OTLPMetricExporter()
        meters = MeterProvider([PeriodicExportingMetricReader(exporter)], shutdown_on_exit=False)
        meter = meters.get_meter("test")
        meter.create_counter("counter").add(1)
        meter.create_up_down_counter("up_and_down").add(1)
        meters.shutdown()


def sent_by_the_enforcer(environ: dict[str, str], process: Process, folder: Path) -> list[str]:
    """Send what one use is made of; return what was said."""
    parts = Parts(folder, process)
    parts.make(environ)
    parts.use(file="a/long/path.py")
    parts.deliver()
    return parts.said
