"""What was recorded goes over gRPC as well, where the environment asks for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from enforcer.store.waiting import Patience
from enforcer.telemetry.sending import SendingError
from enforcer.telemetry.sending_grpc import call
from enforcer.telemetry.settings import GRPC, LOGS, Target
from tests.integration.telemetry.receiving import Received, free_port
from tests.integration.telemetry.recorded import Project, send_the_spool, stored
from tests.patience import PATIENCE, wait_until

try:
    import grpc
except ImportError:  # the mark says so
    grpc = None

pytestmark = pytest.mark.component("grpc")

PATHS = {"LogsService": "/v1/logs", "TraceService": "/v1/traces", "MetricsService": "/v1/metrics"}


class Server:
    """Be an OTLP/gRPC receiver on loopback.

    Attributes:
        received: all that came.
        metadata: what came along with the last request.
        status: what to answer instead, or None.

    """

    def __init__(self) -> None:
        self.received = Received()
        self.metadata: dict[str, str] = {}
        self.status: object = None
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=(self._handler(),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()

    def _handler(self) -> object:
        server = self

        class Handler(grpc.GenericRpcHandler):
            def service(self, details: object) -> object:
                service = details.method.split("/")[1].rpartition(".")[2]
                server.metadata = {each.key: each.value for each in details.invocation_metadata}

                def take(request: bytes, context: object) -> bytes:
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
    send_the_spool(project.folder / "enforcer.toml", project.environ(**variables))
    received = server.received
    assert error == ""
    assert received.uses() == stored(project.store)
    assert [span.name for span in received.spans] == ["resolve deprecated_import"]
    assert received.latest("deprecated_import.uses") != {}
    assert server.metadata["api-key"] == "secret"


@pytest.mark.parametrize(
    ("status", "is_final"), [("UNAVAILABLE", False), ("INVALID_ARGUMENT", True)]
)
def test_answers(server: Server, status: str, *, is_final: bool) -> None:
    server.status = grpc.StatusCode[status]
    target = Target(LOGS, f"http://127.0.0.1:{server.port}", protocol=GRPC)
    with pytest.raises(SendingError) as caught:
        call(target, b"", Patience(10))
    assert (caught.value.kind, caught.value.is_final) == (status, is_final)


def test_nobody_listens() -> None:
    target = Target(LOGS, f"http://127.0.0.1:{free_port()}", protocol=GRPC)
    with pytest.raises(SendingError, match="UNAVAILABLE"):
        call(target, b"", Patience(10))


def test_waiting_ends_when_it_is_needed(server: Server) -> None:
    """The program wants to fork."""
    target = Target(LOGS, f"http://127.0.0.1:{server.port}", protocol=GRPC)
    with pytest.raises(SendingError) as caught:
        call(target, b"", Patience(10, lambda: True))
    assert caught.value.kind == "timeout"
    assert server.received.logs == []
