"""A collector that is dead, silent, slow or mad costs the program nothing, and loses nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from tests.integration.telemetry.receiving import Receiver, Silent, free_port
from tests.integration.telemetry.recorded import Project, send_what_waits, stored
from tests.patience import PATIENCE, wait_until

pytestmark = pytest.mark.component

NEVER = 10.0 * PATIENCE
"""How long a slow collector takes, in seconds: a program that waited for it would not end."""

PROGRAM = """
import enforcer.startup
from tests_patience import wait_until
use(20)
wait_until(lambda: all(each.has_begun for each in enforcer.startup.active().reporters[1:]))
use(5)
sys.stdin.readline()
"""


class Collector(NamedTuple):
    """Where a program sends to, and whether it has tried."""

    endpoint: str
    was_asked: Callable[[], object] = lambda: True


def run_until_asked(project: Project, collector: Collector, **variables: str) -> str:
    """Run the program, let it end once the collector was asked, and return its errors."""
    variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.endpoint
    with project.start(PROGRAM, **variables) as process:
        wait_until(collector.was_asked)
        output, error = process.communicate("\n", timeout=PATIENCE)
    assert process.returncode == 0, output + error
    return error


@contextmanager
def refusing() -> Iterator[Collector]:
    yield Collector(f"http://127.0.0.1:{free_port()}")


@contextmanager
def silent() -> Iterator[Collector]:
    with Silent() as collector:
        yield Collector(collector.endpoint, lambda: collector.connections)


@contextmanager
def answering(status: int, body: bytes = b"", delay: float = 0.0) -> Iterator[Collector]:
    with Receiver() as collector:
        collector.answer = (status, body)
        collector.delay = delay
        yield Collector(collector.endpoint, lambda: collector.requests or delay)


COLLECTORS = {
    "refusing": refusing,
    "silent": silent,
    "slow": lambda: answering(200, b"late", delay=NEVER),
    "failing": lambda: answering(500, b"no"),
    "overloaded": lambda: answering(503),
    "garbage": lambda: answering(502, os.urandom(4096)),
}


@pytest.mark.parametrize("name", COLLECTORS)
def test_nothing_is_lost(project: Project, receiver: Receiver, name: str) -> None:
    """It ends in time and in silence, and what it could not send is sent later, once."""
    with COLLECTORS[name]() as collector:
        error = run_until_asked(
            project, collector, ENFORCER_EXIT_TIMEOUT="1", OTEL_METRIC_EXPORT_INTERVAL="200"
        )
    assert error == ""
    assert receiver.received.uses().total() == 0

    sending = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
    send_what_waits(project.folder / "enforcer.toml", sending)

    kept = stored(project.store)
    assert kept.total() == 25
    assert receiver.received.uses() == kept
    before = len(receiver.received.logs)
    send_what_waits(project.folder / "enforcer.toml", sending)
    assert len(receiver.received.logs) == before


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_refused_for_good_is_dropped_once(project: Project, status: int) -> None:
    """It would be refused each time: it is said, counted, and left to the store."""
    with Receiver() as collector:
        collector.answer = (status, b"no")
        error = run_until_asked(project, Collector(collector.endpoint, lambda: collector.requests))
        # One line for each signal.
        assert error.count("(telemetry-refused)") == len(error.splitlines()) <= 3
        collector.answer = (200, b"")
        sending = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
        send_what_waits(project.folder / "enforcer.toml", sending)
        assert collector.received.uses().total() < 25
    assert stored(project.store).total() == 25


def test_the_next_process_sends_what_waits(project: Project, receiver: Receiver) -> None:
    """Nobody has to call a command for it."""
    with refusing() as collector:
        project.run("use(20)", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    with project.start(
        "use(5)\nsys.stdin.readline()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint
    ) as process:
        receiver.wait_for(lambda received: received.uses().total() >= 25)
        process.communicate("\n", timeout=PATIENCE)

    assert receiver.received.uses() == stored(project.store)


def test_a_slow_collector_that_takes_it_all_the_same(project: Project) -> None:
    """What it took after the program had gone, and gets again, counts once."""
    with Receiver() as receiver:
        receiver.delay = 1.5
        run_until_asked(project, Collector(receiver.endpoint))
        receiver.delay = 0.0
        sending = project.environ(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint)
        send_what_waits(project.folder / "enforcer.toml", sending)
        receiver.wait_for(lambda received: received.uses().total() >= 25)

    assert receiver.received.uses() == stored(project.store)


def test_an_answer_that_says_yes_in_garbage(project: Project, receiver: Receiver) -> None:
    """A proxy that says 200 to all and everything may have taken it: it is not an error."""
    with answering(200, os.urandom(64)) as collector:
        error = run_until_asked(project, collector)

    assert error == ""
    assert stored(project.store).total() == 25
    del receiver
