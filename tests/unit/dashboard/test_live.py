"""Open pages hear of what is new."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from enforcer.dashboard.live import MOST_STREAMS, Live
from enforcer.dashboard.settings import Settings
from enforcer.recording.use import Use
from tests.patience import PATIENCE

Keep = Callable[..., None]
MakeUse = Callable[..., Use]

SETTINGS: dict[str, Any] = {"poll_seconds": 0.01}


async def next_event(stream: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(stream), PATIENCE)  # type: ignore[arg-type]


def test_write_is_told(keep: Keep, path: str, make_use: MakeUse) -> None:
    """The stream begins with the state, and speaks again after the next write."""
    keep(make_use())

    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        stream = live._stream()  # noqa: SLF001 - without a server
        first = await next_event(stream)
        assert "event: state" in first
        await asyncio.to_thread(keep, make_use())
        second = await next_event(stream)
        assert second.startswith("event: changed\ndata: ")
        await stream.aclose()

    asyncio.run(listen())


def test_store_that_comes_is_told(keep: Keep, path: str, make_use: MakeUse) -> None:
    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        stream = live._stream()  # noqa: SLF001
        assert "unreadable" in await next_event(stream)
        await asyncio.to_thread(keep, make_use())
        assert "changed" in await next_event(stream)
        await stream.aclose()

    asyncio.run(listen())


def test_streams_end_with_the_server(path: str) -> None:
    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        stream = live._stream()  # noqa: SLF001
        await next_event(stream)
        live.is_ending = lambda: True
        with suppress(StopAsyncIteration):
            while True:
                await next_event(stream)

    asyncio.run(listen())


def test_streams_are_bounded(path: str) -> None:
    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        streams = [live._stream() for _ in range(MOST_STREAMS)]  # noqa: SLF001
        for stream in streams:
            await next_event(stream)
        answer = await live.events(None)  # type: ignore[arg-type]
        assert answer.status_code == 503
        for stream in streams:
            await stream.aclose()
        assert (await live.events(None)).status_code == 200  # type: ignore[arg-type]

    asyncio.run(listen())
