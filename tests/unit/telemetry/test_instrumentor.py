"""``opentelemetry-instrument`` attaches telemetry, as often as it likes."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import enforcer
from enforcer.instrumentor import EnforcerInstrumentor
from enforcer.rules.model import MigrationMap, Rule
from enforcer.runtime.telemetry.asked import choice, is_asked_for, providers


@pytest.fixture
def instrumentor() -> Iterator[EnforcerInstrumentor]:
    instrumentor = EnforcerInstrumentor()
    yield instrumentor
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    choice.is_off = False


@pytest.fixture
def exporter() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()


@pytest.fixture
def provider(exporter: InMemoryLogRecordExporter) -> LoggerProvider:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    return provider


@pytest.fixture
def enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enable a map with one rule."""
    (tmp_path / "instrumented_new.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    rule = Rule("instrumented_old", "instrumented_new")
    store = str(tmp_path / "uses.db")
    enforcer.enable(MigrationMap([rule], root=str(tmp_path), store=store))
    yield
    enforcer.disable()


def counts(exporter: InMemoryLogRecordExporter) -> list[int]:
    return [
        record.log_record.attributes["deprecated_import.count"]
        for record in exporter.get_finished_logs()
    ]


def test_entry_point() -> None:
    (found,) = entry_points(group="opentelemetry_instrumentor", name="enforcer")
    assert found.load() is EnforcerInstrumentor


def test_providers_that_are_handed_over(
    instrumentor: EnforcerInstrumentor,
    provider: LoggerProvider,
    exporter: InMemoryLogRecordExporter,
    enabled: None,  # noqa: ARG001 - it need only be there
) -> None:
    """They are used, and no longer when it is detached; what comes then waits."""
    instrumentor.instrument(skip_dep_check=True, logger_provider=provider)
    __import__("instrumented_old")
    __import__("instrumented_old")
    instrumentor.uninstrument()
    __import__("instrumented_old")
    enforcer.flush()
    assert sum(counts(exporter)) == 2
    assert providers()[1] is not provider
    instrumentor.instrument(skip_dep_check=True, logger_provider=provider)
    enforcer.flush()

    assert sum(counts(exporter)) == 3


def test_asked_twice(
    instrumentor: EnforcerInstrumentor,
    provider: LoggerProvider,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As with a file of configuration, whose words come the second time."""
    instrumentor.instrument(skip_dep_check=True, logger_provider=provider)
    instrumentor.instrument(skip_dep_check=True, other="word")

    assert providers()[1] is provider
    assert caplog.records == []


def test_detached_is_off(
    instrumentor: EnforcerInstrumentor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    instrumentor.instrument(skip_dep_check=True)
    assert is_asked_for()
    instrumentor.uninstrument()

    assert not is_asked_for()


@pytest.mark.parametrize("named", ["enforcer.toml", ""])
def test_a_process_that_is_not_enabled_is_counted(
    instrumentor: EnforcerInstrumentor, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Where a map is named: it has no telemetry of its own, and an alert has to know it."""
    monkeypatch.setenv("ENFORCER_MAP", named)
    reader = InMemoryMetricReader()
    instrumentor.instrument(skip_dep_check=True, meter_provider=MeterProvider([reader]))

    data = reader.get_metrics_data()
    points = [
        (metric.name, point.attributes["deprecated_import.process.state"], point.value)
        for resource in (data.resource_metrics if data is not None else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]
    expected = [("deprecated_import.processes", "not_enabled", 1)] if named else []
    assert points == expected
