"""Each variable of OpenTelemetry has the outcome that it has with the SDK alone."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._configuration import _get_exporter_names
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from enforcer.recording.process import Process
from tests.unit.telemetry.conftest import Parts
from tests.unit.telemetry.exchanges import Requests, recording
from tests.unit.telemetry.variables import ROWS, SIGNALS, Row, as_markdown

pytestmark = pytest.mark.filterwarnings("ignore:Log record attributes were dropped")

PAGE = Path(__file__).parents[3] / "docs" / "telemetry.md"
ATTRIBUTES = {f"attribute.{number}": "a long text" for number in range(8)}

VALID = [(row, value) for row in ROWS for value in row.valid]
INVALID = [row for row in ROWS if row.invalid]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Set the variables of OpenTelemetry to these, and return them."""

    def change(url: str, row: Row | None = None, value: str = "") -> dict[str, str]:
        for name in os.environ:
            if name.startswith("OTEL"):
                monkeypatch.delenv(name)
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            **{f"OTEL_{signal.upper()}_EXPORTER": "otlp" for signal in SIGNALS},
            # The SDK alone would use gRPC, which answers nothing that a test can read.
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            **((row.beside or {}) if row else {}),
        }
        if row is not None:
            variables[row.variable] = value.replace("{url}", url)
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        return variables

    return change


def sent_by_the_sdk() -> None:
    """Send a span, a log event and a metric, as an application does that has the SDK."""
    if _get_exporter_names("traces"):
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
        tracers.get_tracer("test").start_span("span", attributes=ATTRIBUTES).end()
        tracers.shutdown()
    if _get_exporter_names("logs"):
        loggers = LoggerProvider(shutdown_on_exit=False)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
        now = time.time_ns()
        record = LogRecord(timestamp=now, body="event", attributes=ATTRIBUTES)
        loggers.get_logger("test").emit(record)
        loggers.shutdown()
    if _get_exporter_names("metrics"):
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        meters = MeterProvider([reader], shutdown_on_exit=False)
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


@pytest.fixture
def send(
    environ: Callable[..., dict[str, str]], make_process: Callable[..., Process], tmp_path: Path
) -> Callable[..., tuple[Requests, list[str]]]:
    """Send by the enforcer, and return what came and what was said."""

    def run(row: Row | None = None, value: str = "") -> tuple[Requests, list[str]]:
        with recording() as requests:
            variables = environ(requests.url, row, value)
            said = sent_by_the_enforcer(variables, make_process(service="shop"), tmp_path)
        return requests, said

    return run


def looked_at(row: Row, requests: Requests) -> dict[str, Any]:
    return {signal: row.look(requests.by_signal.get(signal, [])) for signal in row.signals}


@pytest.mark.parametrize(
    ("row", "value"), VALID, ids=[f"{row.variable}={value}" for row, value in VALID]
)
def test_valid_value(
    environ: Callable[..., dict[str, str]],
    send: Callable[..., tuple[Requests, list[str]]],
    row: Row,
    value: str,
) -> None:
    with recording() as expected:
        environ(expected.url, row, value)
        sent_by_the_sdk()
    requests, said = send(row, value)

    assert said == []
    assert looked_at(row, requests) == looked_at(row, expected)
    if row.has_effect:
        assert looked_at(row, requests) != looked_at(row, send()[0])


@pytest.mark.parametrize("row", INVALID, ids=[f"{row.variable}={row.invalid}" for row in INVALID])
def test_invalid_value(send: Callable[..., tuple[Requests, list[str]]], row: Row) -> None:
    """It is one line; that variable has its default, and no other signal knows of it."""
    requests, said = send(row, row.invalid)

    assert len(said) == 1, said
    usual = send()[0]
    assert looked_at(row, requests) == looked_at(row, usual)
    assert set(requests.by_signal) == set(usual.by_signal) == set(SIGNALS)


def test_page_has_the_table() -> None:
    """docs/telemetry.md shows what these tests run."""
    text = PAGE.read_text(encoding="utf-8")
    _, _, after = text.partition("<!-- variables: tests/unit/telemetry/variables.py -->\n")

    assert after.partition("\n<!-- end -->")[0] == as_markdown()
