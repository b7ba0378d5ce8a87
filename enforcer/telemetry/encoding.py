"""Encode records as requests of OTLP, where the enforcer sends them itself.

Straight into OpenTelemetry's own message classes: through its SDK, 10,000 log events take a
second of a thread that runs beside the program.
"""

import os
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from enforcer.recording.process import resource_attributes
from enforcer.telemetry import names
from enforcer.telemetry.breathing import breathing
from enforcer.telemetry.settings import LOGS, METRICS, TRACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from enforcer.recording.process import Process
    from enforcer.telemetry.events import Event
    from enforcer.telemetry.records import Point, Span

    Message = dict[str, Any]

_INTERNAL: Final = 1
_DELTA: Final = 1
_CUMULATIVE: Final = 2
_SAMPLED: Final = 1


_REQUESTS: Final[dict[str, tuple[Any, str, str, str]]] = {
    LOGS: (ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    METRICS: (ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"),
    TRACES: (ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
}
_ANSWERS: Final[dict[str, Any]] = {
    LOGS: ExportLogsServiceResponse,
    METRICS: ExportMetricsServiceResponse,
    TRACES: ExportTraceServiceResponse,
}
_REJECTED: Final = {
    LOGS: "rejected_log_records",
    METRICS: "rejected_data_points",
    TRACES: "rejected_spans",
}


def rejected(signal: str, answer: bytes) -> int:
    """Give how many records of a request the other side did not take, though it said yes."""
    try:
        success = _ANSWERS[signal].FromString(answer).partial_success
        return int(getattr(success, _REJECTED[signal]))
    except Exception:  # noqa: BLE001 - protobuf's own error, whose place depends on its version
        return 0


class Encoder:
    """Encode what one process emits."""

    def __init__(self, process: "Process", *, is_delta: bool = False) -> None:
        """Describe the process once.

        Args:
            process: whose records they are.
            is_delta: whether counters are encoded as differences to the last time.

        """
        self._resource = {"attributes": _attributes(_resource(process))}
        self._scope = {"name": names.SCOPE, "version": names.VERSION}
        self._started = process.started
        self._is_delta = is_delta
        self._last: dict[tuple[object, ...], int] = {}
        self._last_time = process.started

    # Records are taken one by one, and none is held: what many objects live through makes
    # Python look for garbage among all of the program's, and hold the GIL meanwhile.

    def events(self, events: "Iterable[Event]") -> tuple[bytes, int]:
        """Encode log events, and tell how many there were."""
        now = time_ns()
        return self._request(LOGS, (_log_record(event, now) for event in events))

    def spans(self, spans: "Iterable[Span]") -> tuple[bytes, int]:
        """Encode spans, each with a new identity, and tell how many there were."""
        return self._request(TRACES, (_span(span) for span in spans))

    def points(self, points: "Iterable[Point]") -> tuple[bytes, int]:
        """Encode all metrics as they are now, and tell how many points they have."""
        now = time_ns()
        request, metrics = self._begin(METRICS)
        series: dict[str, Any] = {}
        for point in breathing(points):
            added = series.get(point.name)
            if added is None:
                added = metrics.add(**self._metric(point.name)).sum.data_points
                series[point.name] = added
            added.add(**self._data_point(point, now))
        self._last_time = now
        return bytes(request.SerializeToString()), sum(map(len, series.values()))

    def _request(self, signal: str, messages: "Iterable[Message]") -> tuple[bytes, int]:
        request, added = self._begin(signal)
        # One by one: many at once would be one long call that holds the GIL.
        for message in breathing(messages):
            added.add(**message)
        return bytes(request.SerializeToString()), len(added)

    def _begin(self, signal: str) -> "tuple[Any, Any]":
        """Give an empty request, and where its records are added."""
        kind, resources, scopes, records = _REQUESTS[signal]
        request = kind()
        part = getattr(request, resources).add(resource=self._resource, schema_url=names.SCHEMA_URL)
        scope = getattr(part, scopes).add(scope=self._scope, schema_url=names.SCHEMA_URL)
        return request, getattr(scope, records)

    def _data_point(self, point: "Point", now: int) -> "Message":
        value, since = point.value, self._started
        if self._is_delta and point.name in names.COUNTERS:
            value -= self._last.get(point.key, 0)
            since = self._last_time
            self._last[point.key] = point.value
        return {
            "attributes": _attributes(point.attributes),
            "start_time_unix_nano": since,
            "time_unix_nano": now,
            "as_int": value,
        }

    def _metric(self, name: str) -> "Message":
        is_counter = name in names.COUNTERS
        return {
            "name": name,
            "description": names.DESCRIPTIONS[name],
            "unit": names.COUNTERS[name] if is_counter else names.UP_DOWN[name],
            "sum": {
                "is_monotonic": is_counter,
                "aggregation_temporality": _DELTA if self._is_delta and is_counter else _CUMULATIVE,
            },
        }


def _attributes(attributes: "Mapping[str, str | int]") -> "list[Message]":
    return [
        {
            "key": key,
            "value": {"int_value": value} if isinstance(value, int) else {"string_value": value},
        }
        for key, value in attributes.items()
    ]


def _resource(process: "Process") -> "dict[str, str | int]":
    known: dict[str, str | int] = {
        names.SERVICE_NAME: process.service or "unknown_service:python",
        names.SERVICE_VERSION: process.service_version,
        names.SERVICE_INSTANCE_ID: process.id,
        names.DEPLOYMENT_ENVIRONMENT_NAME: process.environment,
        names.HOST_NAME: process.host,
        names.PROCESS_PID: process.pid,
        names.PROCESS_RUNTIME_VERSION: process.python,
    }
    return {key: value for key, value in {**known, **resource_attributes()}.items() if value}


def _log_record(event: "Event", now: int) -> "Message":
    message: Message = {
        "time_unix_nano": event.time,
        "observed_time_unix_nano": now,
        "severity_number": event.severity,
        "event_name": event.name,
        "attributes": _attributes(event.attributes),
    }
    if event.parent is not None:
        message["trace_id"] = event.parent.trace_id.to_bytes(16, "big")
        message["span_id"] = event.parent.span_id.to_bytes(8, "big")
        message["flags"] = int(event.parent.trace_flags)
    return message


def _span(span: "Span") -> "Message":
    message: Message = {
        "trace_id": span.trace_id,
        "span_id": os.urandom(8),
        "name": names.SPAN,
        "kind": _INTERNAL,
        "start_time_unix_nano": span.time,
        "end_time_unix_nano": span.time,
        "flags": _SAMPLED,
        "attributes": _attributes(span.attributes),
    }
    if span.parent is not None:
        message["parent_span_id"] = span.parent.span_id.to_bytes(8, "big")
    return message
