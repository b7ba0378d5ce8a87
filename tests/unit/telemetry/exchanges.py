"""Record the requests of exporters, whatever address they are sent to."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_DECODED = {"gzip": gzip.decompress, "deflate": zlib.decompress, "": bytes}
_KINDS = {
    "traces": (ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
    "logs": (ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    "metrics": (ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        path: the path that it was sent to.
        headers: its headers, by names in lower case.
        resource: the attributes of its resource.
        attributes: those of each of its records.
        temporalities: those of its metrics.

    """

    path: str
    headers: dict[str, str]
    resource: dict[str, Any]
    attributes: list[dict[str, Any]]
    temporalities: list[int]


@dataclass(slots=True)
class Requests:
    """All requests that came, by signal."""

    url: str = ""
    by_signal: dict[str, list[Request]] = field(default_factory=dict)

    def add(self, path: str, headers: dict[str, str], body: bytes) -> None:
        signal = path.rpartition("/")[2]
        kind, resources, scopes, records = _KINDS[signal]
        message = kind.FromString(_DECODED[headers.get("content-encoding", "")](body))
        of_resource: dict[str, Any] = {}
        found: list[Any] = []
        for each in getattr(message, resources):
            of_resource |= _values(each.resource.attributes)
            found += [one for scope in getattr(each, scopes) for one in getattr(scope, records)]
        request = Request(
            path,
            headers,
            of_resource,
            [_values(one.attributes) for one in found if signal != "metrics"],
            [one.sum.aggregation_temporality for one in found if signal == "metrics"],
        )
        self.by_signal.setdefault(signal, []).append(request)


@contextmanager
def recording() -> Iterator[Requests]:
    """Listen on loopback, and record each request."""
    requests = Requests()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                requests.add(self.path, headers, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    requests.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _values(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - a repeated field of protobuf
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
