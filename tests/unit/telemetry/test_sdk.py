"""What is private in OpenTelemetry is there, and works without; see ``telemetry/sdk.py``."""

import logging
import os
import subprocess
import sys

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader

from enforcer.runtime.telemetry.sdk import listening, preferences, status_of
from tests.patience import PATIENCE, environment_without


def test_exporters_know_what_the_environment_prefers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the names shows here, before counters are sent as sums."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    found = preferences(OTLPMetricExporter())

    assert found["preferred_temporality"][Counter] is AggregationTemporality.DELTA
    assert set(found) == {"preferred_temporality", "preferred_aggregation"}
    InMemoryMetricReader(**found)


def test_without_them_it_is_the_default() -> None:
    assert preferences(object()) == {}


BAD_LIMIT = """
import os
from enforcer.runtime.telemetry.loading import load_spans
load_spans()
from opentelemetry.sdk.trace import SpanLimits
assert os.environ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"] == "three"
try:
    SpanLimits()
except ValueError as error:
    print(error)
"""


@pytest.mark.process
def test_a_limit_that_the_sdk_reads_while_it_is_loaded() -> None:
    """The error comes where limits are read; a change of ``os.environ`` in CPython shows here."""
    environ = {**os.environ, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "three"}
    done = subprocess.run(
        [sys.executable, "-c", BAD_LIMIT],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be")


GLOBALS = """
import os
from enforcer.recording.process import current
from enforcer.rules.model import MigrationMap
from enforcer.runtime.telemetry import loading
loading.load((*loading.API, *loading.SDK, *loading.HTTP), lambda: False)
loading.load_logs()
from enforcer.runtime.telemetry.private import Private
private = Private(current(MigrationMap([])), os.environ, print)
from enforcer.runtime.telemetry.asked import providers
print(sorted(private.outlets), any(providers()))
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_PYTHON_METER_PROVIDER", "sdk_meter_provider", ""),
        ("OTEL_PYTHON_METER_PROVIDER", "none_such", ""),
        ("OTEL_PYTHON_TRACER_PROVIDER", "sdk_tracer_provider", ""),
        ("OTEL_PYTHON_CONTEXT", "none_such", "enforcer: telemetry: Failed to load context: "),
    ],
)
def test_variables_that_make_the_api_create_something(variable: str, value: str, said: str) -> None:
    """Newer providers measure themselves, by the global provider of meters; it is not created."""
    done = subprocess.run(
        [sys.executable, "-c", GLOBALS],
        env={
            **environment_without("OTEL"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            variable: value,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "['logs', 'metrics', 'traces'] False\n"
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == bool(said)


def test_status_is_read_from_what_is_logged() -> None:
    messages = ["Transient error StatusCode.UNAVAILABLE", "error code: StatusCode.NOT_FOUND, no"]
    assert status_of(messages) == "NOT_FOUND"
    assert status_of(["no code"]) == ""


def test_what_is_logged_in_between_is_heard_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The program's own use of OpenTelemetry is logged as ever."""
    logger = logging.getLogger("opentelemetry.exporter.test")
    with listening() as messages:
        logger.warning("heard %s", "here")
    logger.warning("shown")

    assert messages == ["heard here"]
    assert [record.getMessage() for record in caplog.records] == ["shown"]


def test_it_is_heard_before_duplicates_are_left_out() -> None:
    """The SDK's own filter lets no message pass twice within a minute."""
    logger = logging.getLogger("opentelemetry.exporter.test_duplicates")
    logger.addFilter(lambda _: False)
    with listening() as messages:
        logger.warning("heard")

    assert messages == ["heard"]
