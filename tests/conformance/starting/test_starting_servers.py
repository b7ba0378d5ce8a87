"""Each way of enabling, in servers that are stopped the way operators stop them."""

import http.client
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.patience import PATIENCE

REQUESTS = 24
WAYS = ("environment", "enforcer run", "code")
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")

WSGI = """\
{enable}
import os
from shop.uses import use


def app(environ, start_response):
    use()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""
ASGI = """\
import os
from shop.uses import use


async def app(scope, receive, send):
    if scope["type"] == "http":
        use()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
# uvicorn imports an application when it has taken the signals already.
PROGRAM = """\
{enable}
import uvicorn
if __name__ == "__main__":
    uvicorn.main()
"""
GUNICORN = ["gunicorn", "--bind", "127.0.0.1:0"]
UVICORN = ["uvicorn", "--host", "127.0.0.1", "--port", "0"]
SERVERS = {
    "gunicorn": ["--workers", "2"],
    "gunicorn --preload": ["--workers", "2", "--preload"],
    "gunicorn --worker-class gthread": ["--workers", "2", "-k", "gthread", "--threads", "4"],
    "gunicorn --max-requests": ["--workers", "2", "--max-requests", "5"],
    "uvicorn": [],
    "uvicorn --workers": ["--workers", "2"],
}
RELOADING = {
    "gunicorn --reload": ["--reload", "--reload-engine", "poll"],
    "uvicorn --reload": ["--reload"],
}


def command(world, server, options, way):
    enable, before = world.enable(way)
    before = before or [sys.executable, "-m"]
    if server.startswith("gunicorn"):
        world.write("web.py", WSGI.format(enable=enable))
        return [*before, *GUNICORN, *options, "web:app"]
    world.write("web.py", ASGI)
    if way == "code":
        world.write("serve.py", PROGRAM.format(enable=enable))
        return [sys.executable, "serve.py", *UVICORN[1:], *options, "web:app"]
    return [*before, *UVICORN, *options, "web:app"]


def address(server):
    """Wait until somebody listens, and give the port."""

    def listening():
        found = ADDRESS.search(server.said)
        if not found:
            return 0
        with socket.socket() as probe:
            return 0 if probe.connect_ex(("127.0.0.1", int(found[1]))) else int(found[1])

    return server.wait_for(listening)


def ask(port):
    """Have one request answered, and give the process that did."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.status == 200
    process = int(response.read())
    connection.close()
    return process


def pairs(servers, ways):
    return [pytest.param(server, way, id=f"{server}, {way}") for server in servers for way in ways]


@pytest.mark.parametrize(("name", "way"), pairs(SERVERS, WAYS))
def test_server(world, server, name, way):
    with server(world, command(world, name, SERVERS[name], way)) as started:
        port = address(started)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, [port] * REQUESTS))
        started.stop()
    world.expect(REQUESTS)


@pytest.mark.parametrize(("name", "way"), pairs(RELOADING, ["environment"]))
def test_reload(world, server, name, way):
    with server(world, command(world, name, RELOADING[name], way)) as started:
        port = address(started)
        first = [ask(port) for _ in range(REQUESTS)]
        web = world.folder / "web.py"
        further = []
        touched = 0.0

        def is_answered_by_another():
            nonlocal touched
            # Who watches the file may have begun with that after the first change.
            if time.monotonic() - touched > 5:
                touched = time.monotonic()
                web.touch()
            try:
                further.append(ask(port))
            except OSError:
                return False
            return further[-1] not in first

        started.wait_for(is_answered_by_another)
        started.stop()
    world.expect(world.truth)
    assert world.truth >= REQUESTS + 1
