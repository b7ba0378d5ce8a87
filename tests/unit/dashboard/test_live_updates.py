"""Open pages hear of what is new."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.live_updates import MOST_STREAMS, Live
from enforcer.dashboard.places import SCOPE
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
        stream = live.stream()
        first = await next_event(stream)
        assert "event: state" in first
        await asyncio.to_thread(keep, make_use())
        second = await next_event(stream)
        assert second.startswith("event: changed\ndata: ")
        await stream.aclose()

    asyncio.run(listen())


def test_a_scope_hears_of_its_own_writes(keep: Keep, path: str, make_use: MakeUse) -> None:
    """When others write is not told."""
    keep(make_use(), service="shop", id="a1")

    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        shop, everything = live.stream(frozenset({"shop"})), live.stream()
        first = await next_event(shop)
        await next_event(everything)
        await asyncio.to_thread(keep, make_use(), service="bank", id="b2")
        assert "changed" in await next_event(everything)
        again = live.stream(frozenset({"shop"}))
        assert await next_event(again) == first
        await asyncio.to_thread(keep, make_use(), service="shop", id="c3")
        assert "changed" in await next_event(shop)
        assert "changed" in await next_event(again)

    asyncio.run(listen())


def test_store_that_comes_is_told(keep: Keep, path: str, make_use: MakeUse) -> None:
    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        stream = live.stream()
        assert "unreadable" in await next_event(stream)
        await asyncio.to_thread(keep, make_use())
        assert "changed" in await next_event(stream)
        await stream.aclose()

    asyncio.run(listen())


def test_streams_end_with_the_server(path: str) -> None:
    async def listen() -> None:
        live = Live(Settings(path, **SETTINGS))
        stream = live.stream()
        await next_event(stream)
        live.is_ending = lambda: True
        with suppress(StopAsyncIteration):
            while True:
                await next_event(stream)

    asyncio.run(listen())


def test_streams_are_bounded_in_a_burst(path: str) -> None:
    """Those that were asked for count, not only those that began; each ends its turn once."""
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}, SCOPE: frozenset()}
    request = Request(scope)

    async def gone(_message: object) -> None:
        raise OSError  # as a server does for a visitor who left

    async def nothing() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def ask() -> None:
        live = Live(Settings(path, **SETTINGS))
        answers = [await live.events(request) for _ in range(MOST_STREAMS + 1)]
        assert [answer.status_code for answer in answers] == [200] * MOST_STREAMS + [503]
        with suppress(ClientDisconnect):
            await answers[0](scope, nothing, gone)
        assert (await live.events(request)).status_code == 200
        assert (await live.events(request)).status_code == 503

    asyncio.run(ask())


def test_a_page_has_the_state_that_it_shows(keep: Keep, path: str, make_use: MakeUse) -> None:
    """What is written before its stream begins is no news to the stream, and is to the page."""
    visitor = TestClient(create_dashboard(Settings(path)).app, base_url="http://127.0.0.1:8765")
    assert 'data-state="unreadable"' in visitor.get("/").text

    keep(make_use())
    before = visitor.get("/callers").text
    keep(make_use(), id="b2")
    after = visitor.get("/callers").text

    async def first() -> str:
        return await next_event(Live(Settings(path, **SETTINGS)).stream())

    (state,) = re.findall(r'data-state="(\d+)"', after)
    assert f"data: {state}\n" in asyncio.run(first())
    assert f'data-state="{state}"' not in before
