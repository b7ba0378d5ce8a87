"""Providers of the enforcer's own are made by the SDK, and are nobody else's affair."""

import atexit
import sys
import threading

import pytest
from opentelemetry import _logs, metrics, trace

from enforcer.distribution import install_command
from enforcer.runtime.telemetry.asked import providers
from tests.integration.telemetry.receiving import Receiver
from tests.unit.telemetry.conftest import Parts


def test_they_are_guests(parts: Parts, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """No global is set, no thread started, and nothing registered for exit."""
    registered: list[str] = []
    monkeypatch.setattr(atexit, "register", lambda call, *_: registered.append(call.__module__))
    started: list[object] = []
    monkeypatch.setattr(threading.Thread, "start", started.append)
    before = providers()
    parts.send_to(receiver.endpoint)
    monkeypatch.undo()

    # Certificates that come as a package are unpacked until exit.
    assert [name for name in registered if name.split(".")[0] != "certifi"] == []
    assert started == []
    assert providers() == before
    assert parts.private is not None
    found = (trace.get_tracer_provider(), _logs.get_logger_provider(), metrics.get_meter_provider())
    assert not set(map(id, found)) & set(map(id, parts.private.providers.values()))


@pytest.mark.parametrize(("protocol", "extra"), [("http/protobuf", "otlp"), ("grpc", "grpc")])
def test_an_exporter_that_is_missing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, protocol: str, extra: str
) -> None:
    """What to install is said; the other signals are sent."""
    folder = protocol.partition("/")[0]
    missing = f"opentelemetry.exporter.otlp.proto.{folder}._log_exporter"
    monkeypatch.setitem(sys.modules, missing, None)
    parts.send_to(
        "http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=protocol,
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="http://127.0.0.1:9",
    )

    assert parts.private is not None
    assert set(parts.private.providers) == {"traces", "metrics"}
    (said,) = parts.said
    assert said.endswith(f"{install_command(extra)} (no-exporter)")


def test_a_certificate_that_is_missing(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one line for all signals, though each of them is tried."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them
        monkeypatch.delenv(name, raising=False)
    missing = str(parts.folder / "none.pem")
    parts.send_to("https://127.0.0.1:9/base", OTEL_EXPORTER_OTLP_CERTIFICATE=missing)
    parts.use()
    parts.deliver()
    parts.deliver()

    (said,) = parts.said
    assert missing in said
    assert said.startswith('telemetry can\'t be sent to "https://127.0.0.1:9/base": ')
    assert said.endswith(" (telemetry-not-sent)")


def test_what_they_say_they_are(parts: Parts, receiver: Receiver) -> None:
    """What the environment says goes before what detectors find; a bad one is said."""
    parts.send_to(
        receiver.endpoint,
        OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process,nobody",
        OTEL_RESOURCE_ATTRIBUTES="team=chat,process.runtime.name=other",
    )
    parts.use(1)
    parts.deliver()

    resource = receiver.received.logs[0].resource
    assert resource["telemetry.sdk.name"] == "opentelemetry"
    assert resource["process.executable.path"] == sys.executable
    assert (resource["team"], resource["process.runtime.name"]) == ("chat", "other")
    assert resource["process.pid"] == 42


@pytest.mark.filterwarnings("ignore:Log record attributes were dropped")
def test_limits_and_samplers_of_the_environment(
    parts: Parts, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK reads them itself; that it leaves something out is not said for each record."""
    parts.send_to(
        receiver.endpoint,
        OTEL_TRACES_SAMPLER="always_off",
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT="3",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
    )
    parts.use(1)
    parts.deliver()

    assert receiver.received.spans == []
    assert {len(log.attributes) for log in receiver.received.logs} == {3}
    assert caplog.records == []


@pytest.mark.parametrize(
    "variable",
    [
        {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization: Bearer s3cret-token"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "x=1,Authorization Basic%20s3cret"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20s3cret%0aX"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:s3cret@"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "u:s3cret@localhost:1"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:s3/cret@localhost:1"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1/?api_key=s3cret"},
    ],
    ids=str,
)
def test_no_secret_is_said(
    parts: Parts, variable: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither by us nor by the SDK, where the value is not valid."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", **variable}
    parts.send_to(environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT"), **environ)
    parts.use()
    parts.deliver()
    errors = [outlet.error for outlet in parts.private.outlets.values()] if parts.private else []
    assert "cret" not in " ".join([*parts.said, *errors, *capfd.readouterr()])
