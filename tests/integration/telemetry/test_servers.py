"""Servers that fork, and servers that others instrument: counts are exact, spans in their trace."""

import json
import re
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.telemetry.receiving import Receiver
from tests.integration.telemetry.recorded import Project, send_what_waits, stored
from tests.integration.telemetry.running import Running
from tests.patience import PATIENCE

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")

LEAST, MOST = 120, 6000
"""How often to ask, in the hope that more than one worker answers."""

WSGI = """\
import os
import old  # in the process that forks, where the application is preloaded

def app(environ, start_response):
    from old import N
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
ASGI = """\
import json
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

async def answer(scope, receive, send):
    assert scope["type"] == "http"
    from old import N
    context = trace.get_current_span().get_span_context()
    body = json.dumps({"trace": f"{context.trace_id:032x}", "span": f"{context.span_id:016x}"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})

traced = OpenTelemetryMiddleware(answer)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await traced(scope, receive, send)
"""


@contextmanager
def serving(
    project: Project, command: list[str], **variables: str
) -> Iterator[tuple[int, Running]]:
    """Serve until the end of the block, and then end gracefully; give the port."""
    environ = project.environ(**variables)
    with Running("server", command, project.folder, **environ) as server:
        found = server.wait_for(lambda: ADDRESS.search(server.said))
        assert found is not None
        port = int(found[1])
        server.wait_until_it_serves(port)
        yield port, server


def ask(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.component
@pytest.mark.parametrize(
    ("options", "imports"),
    [((), 4), (("--preload",), 1), (("--max-requests", "20"), 0)],
    ids=["", "preload", "recycled"],
)
def test_gunicorn(
    project: Project,
    receiver: Receiver,
    options: tuple[str, ...],
    imports: int,
) -> None:
    """Four workers, each a process of its own; what the parent did is not counted again."""
    workers: list[str] = []
    (project.folder / "web.py").write_text(WSGI)
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "4"]
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": "300",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
    }
    with serving(project, [*command, *options, "web:app"], **variables) as (port, server):
        with ThreadPoolExecutor(8) as pool:
            # One that has started before the others may be quick enough for all that is asked.
            while len(workers) < LEAST or (len(set(workers)) < 2 and len(workers) < MOST):
                workers += pool.map(ask, [port] * LEAST)
        server.stop()
    send_what_waits(project.folder / "enforcer.toml", project.environ(**variables), may_wait=True)

    kept = stored(project.store)
    answered = {site: uses for site, uses in kept.items() if site[2] == 5}
    assert sum(answered.values()) == len(workers)
    if imports:
        assert kept.total() == len(workers) + imports
    receiver.wait_for(lambda received: received.uses().total() >= kept.total())
    received = receiver.received
    assert received.uses() == kept
    processes = {log.attributes["deprecated_import.process"] for log in received.events()}
    assert len(processes) >= len(set(workers)) >= 2
    by_process = received.latest("deprecated_import.uses")
    assert sum(by_process.values()) == kept.total()


@pytest.mark.component("opentelemetry.distro", "opentelemetry.instrumentation.asgi")
def test_a_request_whose_trace_has_the_import(project: Project, receiver: Receiver) -> None:
    """``opentelemetry-instrument`` attaches the enforcer to the application's own providers.

    They have all of it before the server ends, which it does by a signal.
    """
    map_file = project.folder / "enforcer.toml"
    map_file.write_text(map_file.read_text().replace("[enforcer]", "[enforcer]\nsigterm = true"))
    (project.folder / "web.py").write_text(ASGI)
    uvicorn = [
        str(Path(sys.executable).with_name("uvicorn")),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "web:app",
    ]
    instrument = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_RESOURCE_ATTRIBUTES": "team=chat",
        "OTEL_SERVICE_NAME": "web",
    }
    with serving(project, [instrument, *uvicorn], **variables) as (port, server):
        seen = [json.loads(ask(port)) for _ in range(3)]
        receiver.wait_for(
            lambda received: sum(span.name.startswith("GET") for span in received.spans) >= 3
        )
        receiver.wait_for(
            lambda received: any(span.name.startswith("resolve") for span in received.spans)
        )
        server.stop()

    received = receiver.received
    (span,) = (span for span in received.spans if span.name == "resolve deprecated_import")
    assert (span.trace_id, span.parent_id) == (seen[0]["trace"], seen[0]["span"])
    (parent,) = (other for other in received.spans if other.span_id == span.parent_id)
    assert parent.kind == 2  # a server's
    assert parent.start <= span.start <= span.end <= parent.end
    assert span.attributes["code.function.name"] == "answer"
    assert span.resource["team"] == "chat"
    receiver.wait_for(lambda received: received.uses().total() >= 3)
    assert receiver.received.uses() == stored(project.store)
