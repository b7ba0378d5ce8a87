"""What was recorded goes over gRPC as well, where the environment asks for it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from enforcer.runtime.telemetry.asked import GRPC, LOGS
from enforcer.runtime.telemetry.outlet import Outlet
from enforcer.store.sqlite.busy import Patience
from tests.integration.telemetry.receiving import Received
from tests.integration.telemetry.recorded import Project, send_what_waits, stored
from tests.patience import PATIENCE, wait_until

try:
    import grpc
except ImportError:  # the mark says so
    grpc = None

pytestmark = pytest.mark.component("opentelemetry.exporter.otlp.proto.grpc")

PATHS = {"LogsService": "/v1/logs", "TraceService": "/v1/traces", "MetricsService": "/v1/metrics"}


class Server:
    """Be an OTLP/gRPC receiver on loopback.

    Attributes:
        received: all that came.
        metadata: what came along with the last request.
        status: what to answer instead, or None.
        delay: how long to wait before an answer, in seconds.

    """

    def __init__(self) -> None:
        self.received = Received()
        self.metadata: dict[str, str] = {}
        self.status: object = None
        self.delay = 0.0
        self._is_over = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=(self._handler(),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._is_over.set()
        self._server.stop(0).wait()

    def _handler(self) -> object:
        server = self

        class Handler(grpc.GenericRpcHandler):
            def service(self, details: object) -> object:
                service = details.method.split("/")[1].rpartition(".")[2]
                server.metadata = {each.key: each.value for each in details.invocation_metadata}

                def take(request: bytes, context: object) -> bytes:
                    server._is_over.wait(server.delay)
                    if server.status is not None:
                        context.abort(server.status, "no")
                    server.received.add(PATHS[service], request)
                    return b""

                return grpc.unary_unary_rpc_method_handler(take)

        return Handler()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_program(project: Project, server: Server) -> None:
    """All signals, with the headers that the environment names."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=secret",
    }
    with project.start("use(5)\nsys.stdin.readline()", **variables) as process:
        wait_until(lambda: server.received.uses().total() == 5)
        _, error = process.communicate("\n", timeout=PATIENCE)
    # What was not sent in the end.
    send_what_waits(project.folder / "enforcer.toml", project.environ(**variables))
    received = server.received
    assert error == ""
    assert received.uses() == stored(project.store)
    assert [span.name for span in received.spans] == ["resolve deprecated_import"]
    assert received.latest("deprecated_import.uses") != {}
    assert server.metadata["api-key"] == "secret"


def outlet(port: int, said: list[str]) -> Outlet:
    module = pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc._log_exporter")
    endpoint = f"http://127.0.0.1:{port}"
    return Outlet(
        LOGS, GRPC, lambda **more: module.OTLPLogExporter(endpoint, **more), endpoint, said.append
    )


@pytest.mark.parametrize(
    ("status", "dropped"), [("UNAUTHENTICATED", 1), ("INVALID_ARGUMENT", 1), ("ABORTED", 0)]
)
def test_answers(server: Server, status: str, dropped: int) -> None:
    """The exporter only logs the status; what is refused for good is dropped once."""
    server.status = grpc.StatusCode[status]
    said: list[str] = []
    exporter = outlet(server.port, said)
    if not dropped:  # the exporter tries for ten seconds
        threading.Timer(1, exporter.cut).start()
    assert exporter.send([[record()]], Patience(PATIENCE)) == bool(dropped)
    assert exporter.dropped == ({status: 1} if dropped else {})
    assert len(said) == dropped


def test_a_request_is_cut(server: Server) -> None:
    """The program wants to fork; the next request goes through."""
    server.delay = PATIENCE
    exporter = outlet(server.port, [])
    threading.Timer(0.3, exporter.cut).start()
    assert not exporter.send([[record()]], Patience(PATIENCE))
    server.delay = 0.0
    assert not exporter.send([[record()]], Patience(PATIENCE))
    exporter.mend()
    assert exporter.send([[record()]], Patience(PATIENCE))
    assert len(server.received.logs) >= 1


def record() -> object:
    """Make a log record as exporters take it."""
    logs = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    provider.get_logger("test").emit(LogRecord(event_name="test"))
    return logs.get_finished_logs()[0]
