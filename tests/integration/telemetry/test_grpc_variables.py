"""Variables of OpenTelemetry have the outcome over gRPC that they have with the SDK alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from enforcer.recording.process import current
from enforcer.rules.model import MigrationMap
from tests.unit.telemetry.exchanges import Requests, make_certificate
from tests.unit.telemetry.sending import sent_by_the_enforcer, sent_by_the_sdk, set_variables
from tests.unit.telemetry.variables import GRPC_ROWS, SIGNALS, Row, looked_at

try:
    import grpc
except ImportError:  # the mark says so
    grpc = None

pytestmark = pytest.mark.component("opentelemetry.exporter.otlp.proto.grpc")

GRPC = "grpc"
PATHS = {"LogsService": "/v1/logs", "TraceService": "/v1/traces", "MetricsService": "/v1/metrics"}
VALID = [(row, value) for row in GRPC_ROWS for value in row.valid]
INVALID = [row for row in GRPC_ROWS if row.invalid]


class Recorder:
    """Record each request, with TLS where the row asks for it.

    Attributes:
        requests: what came.

    """

    def __init__(self, certificate: Path, row: Row) -> None:
        self.requests = Requests(certificate)
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=(self._handler(),))
        if any(value.startswith("https") for value in (row.beside or {}).values()):
            pair = [certificate.with_name(f"{name}.pem").read_bytes() for name in _PAIR]
            credentials = grpc.ssl_server_credentials([tuple(pair)])
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        else:
            port = self._server.add_insecure_port("127.0.0.1:0")
        self.requests.host = f"127.0.0.1:{port}"
        self._server.start()

    def __enter__(self) -> Requests:
        return self.requests

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()

    def _handler(self) -> object:
        requests = self.requests

        class Handler(grpc.GenericRpcHandler):
            def service(self, details: Any) -> object:  # noqa: ANN401 - of gRPC
                service = details.method.split("/")[1].rpartition(".")[2]
                metadata = {each.key: each.value for each in details.invocation_metadata}

                def take(request: bytes, _: object) -> bytes:
                    requests.add(PATHS[service], metadata, request)
                    return b""

                return grpc.unary_unary_rpc_method_handler(take)

        return Handler()


_PAIR = ("key", "certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def send(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Requests, list[str]]]:
    """Send by the enforcer, and return what came and what was said."""

    def run(row: Row, value: str | None = None) -> tuple[Requests, list[str]]:
        with Recorder(certificate, row) as requests:
            variables = set_variables(monkeypatch, requests, row, value, protocol=GRPC)
            if value is None and row.beside:  # nothing is to arrive, and the SDK tries for long
                monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
            said = sent_by_the_enforcer(variables, current(MigrationMap([])), tmp_path)
        return requests, said

    return run


@pytest.mark.parametrize(
    ("row", "value"), VALID, ids=[f"{row.variable}={value}" for row, value in VALID]
)
def test_valid_value(
    send: Callable[..., tuple[Requests, list[str]]],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    row: Row,
    value: str,
) -> None:
    with Recorder(certificate, row) as expected:
        set_variables(monkeypatch, expected, row, value, protocol=GRPC)
        sent_by_the_sdk(GRPC)
    requests, said = send(row, value)

    assert said == []
    assert looked_at(row, requests) == looked_at(row, expected)
    assert set(requests.by_signal) == set(SIGNALS)
    if row.has_effect:
        assert looked_at(row, requests) != looked_at(row, send(row)[0])


@pytest.mark.parametrize("row", INVALID, ids=[f"{row.variable}={row.invalid}" for row in INVALID])
def test_invalid_value(send: Callable[..., tuple[Requests, list[str]]], row: Row) -> None:
    """It is one line; that variable has its default, and every signal is sent."""
    requests, said = send(row, row.invalid)

    assert len(said) == 1, said
    assert looked_at(row, requests) == looked_at(row, send(row)[0])
    assert set(requests.by_signal) == set(SIGNALS)
