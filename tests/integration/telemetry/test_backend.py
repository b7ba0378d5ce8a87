"""The demo's backend under load sends every use to a real collector, once."""

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.demo.backend import Workspace
from enforcer.demo.clients import converse
from tests.integration.telemetry.receiving import Receiver
from tests.integration.telemetry.recorded import send_what_waits, stored
from tests.integration.telemetry.running import Rotel, Running
from tests.patience import PATIENCE

USERS = 20
ROUNDS = 15

pytestmark = pytest.mark.component("rotel")


def environ(workspace: Workspace, rotel: Rotel) -> dict[str, str]:
    return {
        "PYTHONPATH": str(workspace.app),
        "ENFORCER_FLUSH_INTERVAL": "0.2",
        "ENFORCER_STORE": str(workspace.store),
        "OTEL_EXPORTER_OTLP_ENDPOINT": rotel.endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
    }


def talk(
    workspace: Workspace, variables: dict[str, str], on_answer: Callable[[], object] = int
) -> None:
    """Serve the backend to users who are all there at once, and end it as an operator does."""
    enforced = ["enforcer", "run", "--map", workspace.map, "--", "-m", "netra_backend"]
    command = [sys.executable, "-m", *enforced]
    with Running("backend", command, workspace.folder, **variables) as backend:
        backend.wait_for(lambda: backend.said.startswith("ws://"))
        address = backend.said.splitlines()[0]
        asyncio.run(converse(address, users=USERS, rounds=ROUNDS, on_answer=on_answer))
        backend.stop()
        assert (backend.process.returncode, backend.said.splitlines()) == (0, [address])


def expect_all(workspace: Workspace, receiver: Receiver) -> None:
    """Every use is there, by rule, file, line and outcome."""
    kept = stored(workspace.store)
    assert kept.total() > USERS * ROUNDS
    receiver.wait_for(lambda received: received.uses().total() >= kept.total())
    assert receiver.received.uses() == kept


def test_every_use_arrives_once(receiver: Receiver, rotel: Rotel) -> None:
    """So does what says who sent it, and the span of each call site."""
    with Workspace.made() as workspace:
        talk(workspace, environ(workspace, rotel))
        send_what_waits(workspace.map, {**os.environ, **environ(workspace, rotel)})
        expect_all(workspace, receiver)

    received = receiver.received
    (process,) = {log.attributes["deprecated_import.process"] for log in received.logs}
    for record in (*received.logs, *received.spans):
        assert record.scope[0] == "enforcer"
        assert record.resource["service.name"] == "chat-backend"
        assert record.resource["service.instance.id"] == process
    sites = {(rule, file, line) for rule, file, line, _ in received.uses()}
    spans = Counter(
        (
            span.attributes["deprecated_import.rule"],
            span.attributes["code.file.path"],
            span.attributes["code.line.number"],
        )
        for span in received.spans
        if span.name == "resolve deprecated_import"
    )
    assert set(spans) == sites
    assert not any(Path(str(file)).is_absolute() for _, file, _ in sites)
    by_rule: Counter[str] = Counter()
    for series, value in received.latest("deprecated_import.uses").items():
        by_rule[dict(series)["deprecated_import.rule"]] += int(value)
    uses: Counter[str] = Counter()
    for (rule, *_), count in received.uses().items():
        uses[rule] += count
    assert by_rule == uses


def test_a_collector_that_is_restarted(receiver: Receiver, rotel: Rotel) -> None:
    """What it could not take meanwhile is sent later, and nothing is counted twice."""
    answers = 0
    away = threading.Event()

    def restart() -> None:
        rotel.stop()
        away.set()
        time.sleep(1)
        rotel.start()

    restarting = threading.Thread(target=restart)

    def answered() -> None:
        nonlocal answers
        answers += 1
        if answers == USERS * ROUNDS // 3:
            restarting.start()
        # Some of the load has to fall into the time without a collector.
        if answers == USERS * ROUNDS // 2:
            assert away.wait(PATIENCE)

    with Workspace.made() as workspace:
        talk(workspace, environ(workspace, rotel), answered)
        restarting.join()
        send_what_waits(workspace.map, {**os.environ, **environ(workspace, rotel)})
        expect_all(workspace, receiver)
