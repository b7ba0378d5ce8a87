"""OpenTelemetry's variables mean here what they mean to its SDKs."""

import pytest

from enforcer.telemetry.settings import (
    GRPC,
    HTTP,
    LOGS,
    METRICS,
    TRACES,
    Settings,
    SettingsError,
    read_settings,
)

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}


def endpoints(settings: Settings) -> dict[str, str]:
    return {target.signal: target.endpoint for target in settings.targets}


def test_one_endpoint_is_for_all_signals() -> None:
    """The path of a signal is added to it, whether it ends with a slash or not."""
    for address in ("http://c:4318", "http://c:4318/"):
        assert endpoints(read_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": address})) == {
            TRACES: "http://c:4318/v1/traces",
            LOGS: "http://c:4318/v1/logs",
            METRICS: "http://c:4318/v1/metrics",
        }


def test_an_endpoint_of_a_signal_is_taken_as_it_is() -> None:
    environ = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/take"}
    assert endpoints(read_settings(environ)) == {LOGS: "http://c/take"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
        {**ENDPOINT, "OTEL_CONFIG_FILE": "otel.yaml"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"},
    ],
)
def test_nothing_goes_anywhere_unless_asked(environ: dict[str, str]) -> None:
    """A file of configuration makes all other variables void; so the specification has it."""
    assert read_settings(environ).targets == ()


def test_disabled_is_known() -> None:
    assert read_settings({"OTEL_SDK_DISABLED": "true"}).is_disabled
    assert not read_settings({"OTEL_SDK_DISABLED": "1"}).is_disabled


@pytest.mark.parametrize(
    ("named", "goes"),
    [("none", False), ("console", False), ("otlp", True), ("console,otlp", True), ("", True)],
)
def test_exporters_that_are_named(named: str, *, goes: bool) -> None:
    settings = read_settings({**ENDPOINT, "OTEL_TRACES_EXPORTER": named})
    assert (settings.target(TRACES) is not None) is goes
    assert settings.target(LOGS) is not None


def test_what_is_said_of_a_signal_wins() -> None:
    environ = {
        **ENDPOINT,
        "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=a%20b, x=1,broken",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "api-key=c",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "0.5",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
    }
    traces, logs, metrics = read_settings(environ).targets
    assert traces.headers == (("api-key", "a b"), ("x", "1"))
    assert logs.headers == (("api-key", "c"),)
    assert (traces.timeout, metrics.timeout) == (3.0, 0.5)
    assert (traces.is_compressed, logs.is_compressed) == (False, True)
    assert logs.certificate == "/ca.pem"


def test_protocols() -> None:
    """gRPC's endpoint has no path."""
    settings = read_settings(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
        }
    )
    traces, logs, _ = settings.targets
    assert (traces.protocol, traces.endpoint) == (GRPC, "http://c:4317")
    assert (logs.protocol, logs.endpoint) == (HTTP, "http://c:4317/v1/logs")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            (
                'OTEL_EXPORTER_OTLP_PROTOCOL is "http/json", which is not spoken here. '
                "Write http/protobuf or grpc (unknown-protocol)"
            ),
        ),
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"},
            'OTEL_EXPORTER_OTLP_TIMEOUT is "10s". Write a number (not-a-number)',
        ),
    ],
)
def test_what_cannot_be_followed_is_said(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    assert str(caught.value) == message


def test_metrics() -> None:
    """The interval is in milliseconds, unlike the timeout."""
    environ = {
        **ENDPOINT,
        "OTEL_METRIC_EXPORT_INTERVAL": "1500",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "DELTA",
    }
    settings = read_settings(environ)
    assert (settings.metric_interval, settings.is_delta) == (1.5, True)
    assert (read_settings(ENDPOINT).metric_interval, read_settings(ENDPOINT).is_delta) == (
        60,
        False,
    )


LOW, HIGH = 1, (1 << 128) - 1


@pytest.mark.parametrize(
    ("sampler", "argument", "parent", "trace", "is_sampled"),
    [
        ("", "", None, HIGH, True),
        ("", "", False, HIGH, False),
        ("always_on", "", False, HIGH, True),
        ("always_off", "", True, LOW, False),
        ("parentbased_always_off", "", True, LOW, True),
        ("parentbased_always_off", "", None, LOW, False),
        ("traceidratio", "0.5", None, LOW, True),
        ("traceidratio", "0.5", None, HIGH, False),
        ("traceidratio", "0", None, LOW, False),
        ("traceidratio", "1", None, HIGH, True),
        ("traceidratio", "0.5", True, HIGH, False),
        ("parentbased_traceidratio", "0.5", True, HIGH, True),
    ],
)
def test_samplers(
    sampler: str,
    argument: str,
    *,
    parent: bool | None,
    trace: int,
    is_sampled: bool,
) -> None:
    settings = read_settings(
        {**ENDPOINT, "OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    )
    assert settings.samples(trace, parent_is_sampled=parent) is is_sampled
