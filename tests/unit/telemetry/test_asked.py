"""Nobody is asked for anything, and nothing is made by asking."""

import subprocess
import sys
from textwrap import dedent

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from enforcer.runtime.telemetry.asked import is_asked_for, is_shut_down, is_without_end
from tests.patience import PATIENCE


def run(code: str, environ: dict[str, str], **variables: str) -> str:
    kept = {key: value for key, value in environ.items() if not key.startswith("OTEL")}
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.process
def test_a_provider_is_known_once_it_is_set(environ: dict[str, str]) -> None:
    """No getter is called: where the environment names a provider, that would make it."""
    code = """
        from enforcer.runtime.telemetry.asked import is_asked_for, providers
        import sys
        assert not is_asked_for()
        assert not any(name.startswith("opentelemetry") for name in sys.modules)
        from opentelemetry import _logs, metrics, trace
        assert not is_asked_for()
        trace.set_tracer_provider(trace.NoOpTracerProvider())
        assert not is_asked_for()
        assert "opentelemetry.sdk" not in sys.modules
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk.metrics import MeterProvider
        loggers, meters = LoggerProvider(), MeterProvider()
        _logs.set_logger_provider(loggers)
        assert providers() == (None, loggers, None), providers()
        metrics.set_meter_provider(meters)
        assert providers() == (None, loggers, meters), providers()
        assert is_asked_for()
    """
    run(code, environ, OTEL_PYTHON_TRACER_PROVIDER="sdk_tracer_provider")


@pytest.mark.process
def test_a_tracer_provider_is_known(environ: dict[str, str]) -> None:
    code = """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from enforcer.runtime.telemetry.asked import providers
        tracers = TracerProvider()
        trace.set_tracer_provider(tracers)
        assert providers() == (tracers, None, None)
    """
    run(code, environ)


def test_an_endpoint_asks() -> None:
    assert is_asked_for({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"})
    assert not is_asked_for({"OTEL_EXPORTER_OTLP_HEADERS": "a=b"})
    assert not is_asked_for(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": " True"}
    )


def test_a_provider_that_was_shut_down_is_known() -> None:
    """OpenTelemetry's own forget what they had registered for exit."""
    for kind in (TracerProvider, LoggerProvider, MeterProvider):
        provider = kind()
        assert not is_without_end(provider)
        provider.shutdown()
        assert is_without_end(provider)
    assert not is_without_end(trace.ProxyTracerProvider())
    meters = MeterProvider(shutdown_on_exit=False)
    assert not is_shut_down(meters)
    meters.shutdown()
    assert is_shut_down(meters)
