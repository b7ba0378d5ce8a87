"""A program of one legacy path, served by what embeds Python, and clients that ask it."""

import http.client
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.worlds import Server, World

REQUESTS = 120
BOUND = re.compile(r"bound to TCP address 127\.0\.0\.1:(\d+)")

APPLICATION = """\
import os
import sys
import time

from shop.uses import use

{at_load}

def application(environ, start_response):
    use()
    time.sleep(0.002)  # so that other workers get requests, too
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a program that serves requests, and says of each that it used its legacy path."""
    world = World(tmp_path)
    world.write("web.py", APPLICATION.format(at_load=""))
    world.environment["ENFORCER_MAP"] = str(world.map)
    return world


Ask = Callable[..., "Counter[int]"]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Give a function that asks a server often, and counts which process answered."""
    with ThreadPoolExecutor(8) as pool:

        def once(port: int) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", "/")
            response = connection.getresponse()
            assert response.status == 200, response.read()
            process = int(response.read())
            connection.close()
            return process

        def ask(port: int, times: int = REQUESTS) -> "Counter[int]":
            return Counter(pool.map(once, [port] * times))

        yield ask


def is_alive(process: int) -> bool:
    """Return whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def uwsgi(world: World, *options: str, workers: int = 2) -> Server:
    """Start it, with a master and some workers."""
    program = str(Path(sys.executable).with_name("uwsgi"))
    words = [program, "--http-socket", "127.0.0.1:0", "--wsgi-file", "web.py", "--master"]
    words += ["--processes", str(workers), "--die-on-term", "--virtualenv", sys.prefix, *options]
    return Server(world, words)


def port_of(server: Server, workers: int = 2) -> int:
    """Wait until all workers are there, and return the port."""
    server.wait_for(lambda: len(re.findall(r"spawned uWSGI worker \d", server.said)) >= workers)
    return int(BOUND.findall(server.said)[-1])  # after a reload it may be another one
