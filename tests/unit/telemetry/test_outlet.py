"""What a collector answers decides what becomes of each record."""

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from enforcer.runtime.telemetry import outlet
from enforcer.runtime.telemetry.line import _seconds
from enforcer.runtime.telemetry.outlet import shown
from tests.integration.telemetry.receiving import Receiver
from tests.unit.telemetry.conftest import Parts

LOGS_ALONE = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}


METRICS_ALONE = {"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


class NarrowForPoints(Receiver):
    """Accept at most three points at once; be busy for the second request that is small enough."""

    answers = 0

    def take(self, path: str, body: bytes, encoding: str) -> tuple[int, bytes]:
        metrics = ExportMetricsServiceRequest.FromString(body).resource_metrics[0].scope_metrics
        points = sum(len(each.sum.data_points) for scope in metrics for each in scope.metrics)
        if points > 3:
            return 413, b""
        self.answers += 1
        return super().take(path, body, encoding) if self.answers != 2 else (503, b"")


class Narrow(Receiver):
    """Take at most two records at once, and none of line 13."""

    def take(self, path: str, body: bytes, encoding: str) -> tuple[int, bytes]:
        request = ExportLogsServiceRequest.FromString(body)
        lines = [
            pair.value.int_value
            for record in request.resource_logs[0].scope_logs[0].log_records
            for pair in record.attributes
            if pair.key == "code.line.number"
        ]
        if len(lines) > 2 or 13 in lines:
            self.requests += 1
            return 413, b""
        return super().take(path, body, encoding)


@pytest.fixture
def narrow() -> Iterator[Narrow]:
    with Narrow() as receiver:
        yield receiver


def dropped(parts: Parts) -> dict[str, int]:
    assert parts.private is not None
    return parts.private.dropped()


def test_what_a_collector_rejects_of_a_batch_is_dropped(parts: Parts, receiver: Receiver) -> None:
    """The rest was taken: the batch is not sent again."""
    success = ExportLogsPartialSuccess(rejected_log_records=2)
    answer = ExportLogsServiceResponse(partial_success=success)
    receiver.answer = (200, answer.SerializeToString())
    parts.send_to(receiver.endpoint, **LOGS_ALONE)
    for line in (1, 2, 3):
        parts.use(1, line=line)
    parts.deliver()
    parts.deliver()

    assert receiver.requests == 1
    assert dropped(parts) == {"rejected": 2}
    assert parts.ledger.offered() == []
    assert [notice.subject for notice in parts.notices] == ["telemetry/rejected"] * 2


def test_a_batch_that_is_too_large_is_halved(parts: Parts, narrow: Narrow) -> None:
    """A record that is too large alone is dropped, and the others arrive."""
    parts.send_to(narrow.endpoint, **LOGS_ALONE)
    for line in range(10, 18):
        parts.use(1, line=line)
    parts.deliver()
    parts.deliver()

    arrived = {line for _, _, line, _ in narrow.received.uses()}
    assert arrived == set(range(10, 18)) - {13}
    assert dropped(parts) == {"413": 1}
    assert len(parts.said) == 1


def test_metrics_that_are_too_large_are_halved(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All points arrive, and those that were accepted before an interruption are not sent again."""
    monkeypatch.setattr(outlet, "FIRST_PAUSE", 0.0)
    with NarrowForPoints() as receiver:
        parts.send_to(
            receiver.endpoint,
            **METRICS_ALONE,
            OTEL_METRIC_EXPORT_INTERVAL="1",
            OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta",
        )
        for mechanism in ("import_statement", "call", "pickle"):
            parts.use(5, mechanism=mechanism)
        parts.deliver()
        time.sleep(0.002)  # the interval
        parts.deliver()

    uses = [each for each in receiver.received.points if each.metric == "deprecated_import.uses"]
    assert sum(each.value for each in uses) == 15
    assert len(uses) == 3
    assert dropped(parts) == {}


@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
def test_what_may_be_taken_later_stays(parts: Parts, receiver: Receiver, status: int) -> None:
    receiver.answer = (status, b"")
    parts.send_to(receiver.endpoint, **LOGS_ALONE)
    parts.use(3)
    parts.deliver()
    parts.deliver()

    assert receiver.requests == 1  # it is left alone for a while
    assert [seen.offer().count for seen in parts.ledger.offered()] == [3]
    assert (dropped(parts), parts.said) == ({}, [])


def test_how_long_a_collector_wants_to_be_left_alone() -> None:
    """Retry-After has seconds or a date."""
    assert _seconds("7") == 7
    assert 50 < _seconds(formatdate(time.time() + 60, usegmt=True)) < 61
    assert _seconds("soon") == _seconds("nan") == _seconds("") == 0


def test_no_password_is_shown() -> None:
    assert shown("https://me:a@b@c:4318/x") == "https://c:4318/x"
    assert shown("http://[::1:4318") == "http://[::1:4318"
