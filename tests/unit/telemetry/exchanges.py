"""Record the requests of exporters, whatever address they are sent to."""

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
    """All requests that came, by signal.

    Attributes:
        certificate: what :func:`make_certificate` made for the server.
        host: the address and port that they came to.

    """

    certificate: Path
    host: str = ""
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


def make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1; both are beside it as well."""
    certificate, key, both = (folder / f"{name}.pem" for name in ("certificate", "key", "both"))
    subprocess.run(
        [shutil.which("openssl") or "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def as_server(certificate: Path) -> ssl.SSLContext:
    """Return what a server with this certificate needs; it accepts it from clients as well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate.with_name("certificate.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


@contextmanager
def recording(certificate: Path) -> Iterator[Requests]:
    """Listen on loopback with TLS and without, also as a proxy, and record each request."""
    requests = Requests(certificate)
    lock = threading.Lock()
    context = as_server(certificate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            if self.request.recv(1, socket.MSG_PEEK) == b"\x16":  # the first byte of a handshake
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()  # the server closes the socket that this one may be made of

        def do_CONNECT(self) -> None:
            """Be both the proxy and the collector behind it."""
            self.send_response(200)
            self.end_headers()
            self.setup()
            self.close_connection = False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if isinstance(self.connection, ssl.SSLSocket):
                headers["client"] = "known" if self.connection.getpeercert() else "unknown"
            with lock:
                requests.add(self.path, headers, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Write nothing: a client that does not trust this server closes."""

    server = Server(("127.0.0.1", 0), Handler)
    requests.host = f"127.0.0.1:{server.server_port}"
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
