"""Receive OTLP over HTTP, decode it, and keep every record; or be a collector that misbehaves."""

import gzip
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.patience import PATIENCE

Attributes = dict[str, Any]
Site = tuple[str, str, int, str]
"""A rule, the caller's file and line, and the outcome."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log record as it came over the wire."""

    event: str
    attributes: Attributes
    resource: Attributes
    scope: tuple[str, str]
    time: int
    observed: int
    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it came over the wire."""

    name: str
    kind: int
    attributes: Attributes
    resource: Attributes
    scope: tuple[str, str]
    start: int
    end: int
    trace_id: str
    span_id: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a sum or a gauge, as it came over the wire."""

    metric: str
    unit: str
    value: float
    is_monotonic: bool
    is_cumulative: bool
    attributes: Attributes
    resource: Attributes
    scope: tuple[str, str]
    time: int


@dataclass(slots=True)
class Received:
    """Hold all that came."""

    logs: list[Log] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def __str__(self) -> str:
        """Say how much came."""
        uses = f"{self.uses().total()} uses in {len(self.logs)} log records"
        return f"{uses}, {len(self.spans)} spans, {len(self.points)} points"

    def add(self, path: str, body: bytes) -> None:
        """Take one request apart.

        Raises:
            KeyError: if there is no such path.

        """
        request, take = {
            "/v1/logs": (ExportLogsServiceRequest(), self._add_logs),
            "/v1/traces": (ExportTraceServiceRequest(), self._add_spans),
            "/v1/metrics": (ExportMetricsServiceRequest(), self._add_points),
        }[path]
        request.ParseFromString(body)
        take(request)

    def events(self, name: str = "deprecated_import.used") -> list[Log]:
        """Give the log events of one name, each id once, in the order they came."""
        found: dict[str, Log] = {}
        for log in self.logs:
            if log.event == name:
                known = found.setdefault(log.attributes["deprecated_import.id"], log)
                assert known.attributes == log.attributes  # sent again is sent unchanged
        return list(found.values())

    def uses(self) -> Counter[Site]:
        """Count the uses of each call site, each event once, as a reader has to."""
        counted: Counter[Site] = Counter()
        for log in (*self.events(), *self.events("deprecated_import.blocked")):
            of = log.attributes
            if of["deprecated_import.mechanism"] != "probe":
                site = (of["code.file.path"], of.get("code.line.number", 0))
                key = (of["deprecated_import.rule"], *site, of["deprecated_import.outcome"])
                counted[key] += of["deprecated_import.count"]
        return counted

    def latest(self, metric: str) -> dict[tuple[tuple[str, Any], ...], float]:
        """Give the last value of each cumulative series of a metric, over all processes."""
        found: dict[tuple[tuple[str, Any], ...], Point] = {}
        for point in self.points:
            if point.metric == metric:
                assert point.is_cumulative
                series = {**point.attributes, **point.resource}
                key = tuple(sorted((name, str(value)) for name, value in series.items()))
                if key not in found or found[key].time <= point.time:
                    found[key] = point
        return {key: point.value for key, point in found.items()}

    def _add_logs(self, request: ExportLogsServiceRequest) -> None:
        for resource, scope, log in _records(request.resource_logs, "scope_logs", "log_records"):
            attributes = _attributes(log.attributes)
            self.logs.append(
                Log(
                    # An agent that does not know the field yet leaves the attribute.
                    event=log.event_name or attributes.get("event.name", ""),
                    attributes=attributes,
                    resource=resource,
                    scope=scope,
                    time=log.time_unix_nano,
                    observed=log.observed_time_unix_nano,
                    trace_id=log.trace_id.hex(),
                    span_id=log.span_id.hex(),
                )
            )

    def _add_spans(self, request: ExportTraceServiceRequest) -> None:
        for resource, scope, span in _records(request.resource_spans, "scope_spans", "spans"):
            self.spans.append(
                Span(
                    name=span.name,
                    kind=span.kind,
                    attributes=_attributes(span.attributes),
                    resource=resource,
                    scope=scope,
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                )
            )

    def _add_points(self, request: ExportMetricsServiceRequest) -> None:
        metrics = _records(request.resource_metrics, "scope_metrics", "metrics")
        for resource, scope, metric in metrics:
            kind = metric.WhichOneof("data")
            if kind not in ("sum", "gauge"):
                continue
            data = getattr(metric, kind)
            for point in data.data_points:
                self.points.append(
                    Point(
                        metric=metric.name,
                        unit=metric.unit,
                        value=getattr(point, point.WhichOneof("value")),
                        is_monotonic=getattr(data, "is_monotonic", False),
                        is_cumulative=getattr(data, "aggregation_temporality", 0) == 2,
                        attributes=_attributes(point.attributes),
                        resource=resource,
                        scope=scope,
                        time=point.time_unix_nano,
                    )
                )


def _records(
    groups: Iterable[Any], scopes: str, records: str
) -> Iterator[tuple[Attributes, tuple[str, str], Any]]:
    for group in groups:
        resource = _attributes(group.resource.attributes)
        for scoped in getattr(group, scopes):
            scope = (scoped.scope.name, scoped.scope.version)
            for record in getattr(scoped, records):
                yield resource, scope, record


def _attributes(pairs: Iterable[Any]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:  # noqa: ANN401 - any of OTLP's kinds of values
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(each) for each in value.array_value.values)
    return getattr(value, kind) if kind else None


class Receiver:
    """Be an OTLP/HTTP receiver on loopback, from its creation to :meth:`close`.

    Attributes:
        received: all that came.
        delay: how long to wait before an answer, in seconds.
        answer: what to answer, status and body; nothing is kept unless the status is 200.
        requests: how many requests came, also those that were not kept.

    """

    def __init__(self, port: int = 0) -> None:
        """Begin to listen; a port of one's own choice, or any."""
        self.received = Received()
        self.delay = 0.0
        self.answer = (200, b"")
        self.requests = 0
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` has to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self._server.server_port

    def close(self) -> None:
        """Listen no more; what came stays."""
        if not self._is_closed.is_set():
            self._is_closed.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def wait_for(self, condition: Callable[[Received], object]) -> None:
        """Wait until what came fulfils a condition."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._lock:
                if condition(self.received):
                    return
            assert time.monotonic() < until, str(self.received)
            time.sleep(0.02)

    def take(self, path: str, body: bytes, encoding: str) -> tuple[int, bytes]:
        """Take a request, and give its answer."""
        self._is_closed.wait(self.delay)
        with self._lock:
            self.requests += 1
            if self.answer[0] == 200 and not self.answer[1]:
                self.received.add(path, gzip.decompress(body) if encoding == "gzip" else body)
        return self.answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                encoding = self.headers.get("Content-Encoding", "")
                status, answer = receiver.take(self.path, body, encoding)
                with suppress(OSError):  # who asked may be gone
                    self.send_response(status)
                    self.send_header("Content-Type", "application/x-protobuf")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class Silent:
    """Take connections on loopback and never answer, until :meth:`close`."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` has to be."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def connections(self) -> int:
        """How many came."""
        return len(self._taken)

    def close(self) -> None:
        """Let all go."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._thread.join()
        self._socket.close()
        for taken in self._taken:
            taken.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._taken.append(self._socket.accept()[0])


def free_port() -> int:
    """Find a port that nobody listens at, for those who can't say which one they took."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])
