"""Live updates: server-sent events that tell open pages when the store has changed.

One poll of the time of the last write every few seconds, however many pages are open.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from enforcer.dashboard.limits import LongAnswer, Turns
from enforcer.dashboard.settings import Settings
from enforcer.store import StoreError
from enforcer.store.queries import Span
from enforcer.store.readers import open_reader

MOST_STREAMS: Final = 100
"""Limit on pages that listen at once; further ones retry later."""

_KEEP_ALIVE: Final = 15.0


class Live:
    """Poller of one store, shared by all open pages.

    Attributes:
        is_ending: returns whether the server ends, and the streams with it.

    """

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet: the first page that listens starts the polling."""
        self._settings = settings
        self._listeners: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._state = ""
        self._turns = Turns(MOST_STREAMS)
        self.is_ending: Callable[[], bool] = lambda: False

    async def events(self, _request: Request) -> Response:
        """Answer with a stream of ``changed`` events."""
        if not self._turns.take():
            return Response("too many open pages\n", 503, {"Retry-After": "60"})
        return LongAnswer(self._turns, self.stream(), "text/event-stream")

    async def stream(self) -> AsyncIterator[str]:
        """Yield the state, and an event whenever the store has changed."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        if self._task is None or self._task.done():
            self._state = await run_in_threadpool(self._look)
            self._task = asyncio.create_task(self._watch())
        quiet = 0.0
        # Waits in short steps, so that a stream ends soon after the server does.
        step = min(self._settings.poll_seconds, 1.0)
        try:
            yield f"retry: 5000\nevent: state\ndata: {self._state}\n\n"
            while not self.is_ending():
                try:
                    await asyncio.wait_for(changed.wait(), step)
                except TimeoutError:
                    quiet += step
                    if quiet >= _KEEP_ALIVE:
                        quiet = 0.0
                        # A comment in the stream, so that proxies don't close a silent connection.
                        yield ": still here\n\n"
                    continue
                changed.clear()
                yield f"event: changed\ndata: {self._state}\n\n"
        finally:
            self._listeners.discard(changed)

    async def _watch(self) -> None:
        while self._listeners and not self.is_ending():
            await asyncio.sleep(self._settings.poll_seconds)
            state = await run_in_threadpool(self._look)
            if state != self._state:
                self._state = state
                for listener in self._listeners:
                    listener.set()

    def _look(self) -> str:
        try:
            with open_reader(self._settings.store) as reader:
                return str(reader.last_written(Span()))
        except StoreError:
            return "unreadable"
