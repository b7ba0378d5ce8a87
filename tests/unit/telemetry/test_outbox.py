"""Requests are sent or kept, and whoever does not answer is left alone for a while."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)

from enforcer.store.waiting import Patience
from enforcer.telemetry import outbox
from enforcer.telemetry.outbox import Outbox
from enforcer.telemetry.settings import LOGS, TRACES, Settings, Target
from enforcer.telemetry.spool import Spool
from tests.integration.telemetry.receiving import Receiver, free_port


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outbox, "monotonic", clock)
    return clock


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool([tmp_path / "telemetry"])


def make(spool: Spool, endpoint: str) -> Outbox:
    targets = [
        Target(signal, f"{endpoint}/v1/{signal}", timeout=300.0) for signal in (LOGS, TRACES)
    ]
    return Outbox(Settings(targets=tuple(targets)), spool, "p")


def put(box: Outbox, records: int = 1, signal: str = LOGS) -> None:
    box.put(signal, b"", records, Patience(10))


def waiting(spool: Spool) -> list[int]:
    return [each.records for each in spool.waiting()]


def test_who_answers_gets_it(spool: Spool, receiver: Receiver) -> None:
    box = make(spool, receiver.endpoint)
    put(box)

    assert receiver.requests == 1
    assert waiting(spool) == []


def test_who_does_not_answer_is_left_alone(spool: Spool, clock: Clock) -> None:
    """Longer each time, and for all signals that go there; then it gets what waited."""
    port = free_port()
    box = make(spool, f"http://127.0.0.1:{port}")
    put(box, 1)
    assert waiting(spool) == [1]
    assert box.last_error is not None
    with Receiver(port) as receiver:
        put(box, 2, TRACES)
        box.send_waiting(Patience(10))
        clock.time += 4.9
        put(box, 3)
        assert receiver.requests == 0
        clock.time += 0.2
        put(box, 4)
        box.send_waiting(Patience(10))
        assert receiver.requests == 4
    assert waiting(spool) == []
    assert box.dropped == {}


def test_the_pause_grows(spool: Spool, clock: Clock) -> None:
    """From 5 s to 60 s."""
    box = make(spool, f"http://127.0.0.1:{free_port()}")
    pauses = []
    for _ in range(6):
        put(box)
        error, began = box.last_error, clock.time
        while box.last_error is error:
            clock.time += 1
            put(box)
        pauses.append(clock.time - began)

    assert pauses == [5, 10, 20, 40, 60, 60]


def test_who_asks_for_a_pause_gets_it(
    spool: Spool, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = make(spool, receiver.endpoint)
    receiver.answer = (503, b"")
    monkeypatch.setattr(
        outbox, "post", _raising(outbox.SendingError("busy", kind="503", pause=30.0))
    )
    put(box)
    monkeypatch.undo()
    monkeypatch.setattr(outbox, "monotonic", clock)
    clock.time += 29
    put(box)
    assert receiver.requests == 0
    clock.time += 2
    put(box)
    assert receiver.requests == 1


def _raising(error: Exception) -> object:
    def fail(*_: object) -> bytes:
        raise error

    return fail


def test_a_request_that_is_refused_waits_and_holds_up_nobody(
    spool: Spool, receiver: Receiver
) -> None:
    """It may have come to somebody who is no collector."""
    box = make(spool, receiver.endpoint)
    receiver.answer = (400, b"no")
    put(box, 1)
    receiver.answer = (200, b"")
    put(box, 2)

    assert receiver.requests == 2
    assert waiting(spool) == [1]
    receiver.answer = (400, b"no")
    box.send_waiting(Patience(10))
    box.send_waiting(Patience(10))
    assert receiver.requests == 3  # it is not asked again and again


def test_records_that_are_not_taken_are_counted(spool: Spool, receiver: Receiver) -> None:
    """A collector may say yes to a part."""
    partial = ExportLogsPartialSuccess(rejected_log_records=2, error_message="too old")
    receiver.answer = (200, ExportLogsServiceResponse(partial_success=partial).SerializeToString())
    box = make(spool, receiver.endpoint)
    put(box, 5)

    assert box.dropped == {"rejected": 2}
    assert waiting(spool) == []


def test_an_answer_that_makes_no_sense_is_no_matter(spool: Spool, receiver: Receiver) -> None:
    receiver.answer = (200, b"\xff\xff\xff")
    box = make(spool, receiver.endpoint)
    put(box, 5)

    assert box.dropped == {}


def test_what_nobody_keeps_is_counted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    box = make(Spool([tmp_path / "file"]), f"http://127.0.0.1:{free_port()}")
    put(box, 5)
    put(box, 6)

    assert box.dropped == {"not_kept": 11}


def test_what_gives_way_in_the_spool_is_counted(tmp_path: Path) -> None:
    box = make(Spool([tmp_path / "spool"], files=2), f"http://127.0.0.1:{free_port()}")
    for records in (5, 6, 7):
        put(box, records)

    assert box.dropped == {"spool_overflow": 5}


def test_a_fork_says_nothing_of_the_collector(spool: Spool, receiver: Receiver) -> None:
    """What was cut short is kept, and the next request is sent."""
    box = make(spool, receiver.endpoint)
    needed = _needed(after=2)
    box.put(LOGS, b"", 1, Patience(10, needed.__next__))
    assert waiting(spool) == [1]
    put(box, 2)
    box.send_waiting(Patience(10))

    assert waiting(spool) == []


def _needed(after: int) -> Iterator[bool]:
    yield from [False] * after
    while True:
        yield True


def test_grpc_that_is_not_installed_is_said(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    target = Target(LOGS, "http://127.0.0.1:4317", protocol="grpc")
    box = Outbox(Settings(targets=(target,)), spool, "p")
    put(box)

    assert str(box.last_error) == (
        'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and gRPC is not installed. '
        'Install "opentelemetry-exporter-otlp-proto-grpc", or write http/protobuf (no-grpc)'
    )
    assert waiting(spool) == [1]
