"""Visitors who never finish asking keep nobody out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn

from enforcer.dashboard import connections
from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.connections import MOST_WAITING, PunctualProtocol
from enforcer.dashboard.settings import Settings
from tests.patience import PATIENCE

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[bytes], Awaitable[Stream]]


def serve(path: str, visit: Callable[[Connect], Awaitable[None]]) -> None:
    """Visit a real server at a free port of this machine."""

    async def run() -> None:
        app = create_dashboard(Settings(path)).app
        config = uvicorn.Config(app, http=PunctualProtocol, lifespan="off", log_level="critical")
        config.load()
        state = uvicorn.Server(config).server_state
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: PunctualProtocol(config, state, {}), "127.0.0.1", 0
        )
        writers = []

        async def connect(begin: bytes) -> Stream:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writers.append(writer)
            writer.write(begin)
            await writer.drain()
            return reader, writer

        try:
            await asyncio.wait_for(visit(connect), PATIENCE)
        finally:
            for writer in writers:
                writer.close()
            server.close()
            for connection in list(state.connections):
                connection.transport.abort()

    asyncio.run(run())


async def rest(stream: Stream) -> bytes:
    try:
        return await stream[0].read()
    except ConnectionResetError:
        return b""


def test_half_requests_give_way(path: str) -> None:
    """The oldest of too many ends, and a whole request is answered beside the others."""

    async def visit(connect: Connect) -> None:
        halves = [await connect(HALF) for _ in range(MOST_WAITING)]
        _, *others = halves
        answer = await rest(await connect(HALF + b"Connection: close\r\n\r\n"))
        assert answer.startswith(b"HTTP/1.1 200")
        assert await rest(halves[0]) == b""
        others[-1][1].write(b"Connection: close\r\n\r\n")
        assert (await rest(others[-1])).startswith(b"HTTP/1.1 200")

    serve(path, visit)


@pytest.mark.parametrize("begin", [b"", HALF, HALF + b"\r\n" + HALF])
def test_half_request_ends_in_time(
    path: str, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the second one over a connection, and one that has not begun."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)

    async def visit(connect: Connect) -> None:
        answer = await rest(await connect(begin))
        assert answer.count(b"HTTP/1.1 200") == begin.count(b"\r\n\r\n")

    serve(path, visit)
    assert not PunctualProtocol._asking  # noqa: SLF001 - nothing is kept of who left
