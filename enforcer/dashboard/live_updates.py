"""Live updates: server-sent events that tell open pages when the store has changed.

One poll of the times of the last writes every few seconds, however many pages are open. A page
whose visitor may read some services only hears of their writes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from enforcer.dashboard.limits import LongAnswer, Turns
from enforcer.dashboard.places import SCOPE
from enforcer.dashboard.settings import Settings
from enforcer.store import StoreError
from enforcer.store.queries import Span, StoreReader
from enforcer.store.readers import open_reader

MOST_STREAMS: Final = 100
"""Limit on pages that listen at once; further ones retry later."""

UNREADABLE: Final = "unreadable"
"""The state of a store that can't be read, or is not there."""

_KEEP_ALIVE: Final = 15.0


class Live:
    """Poller of one store, shared by all open pages.

    Attributes:
        is_ending: returns whether the server ends, and the streams with it.

    """

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet: the first page that listens starts the polling."""
        self._settings = settings
        self._listeners: dict[asyncio.Event, frozenset[str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._states: dict[frozenset[str], str] = {}
        self._turns = Turns(MOST_STREAMS)
        self.is_ending: Callable[[], bool] = lambda: False

    async def events(self, request: Request) -> Response:
        """Answer with a stream of ``changed`` events."""
        if not self._turns.take():
            return Response("too many open pages\n", 503, {"Retry-After": "60"})
        return LongAnswer(self._turns, self.stream(request.scope[SCOPE]), "text/event-stream")

    async def stream(self, services: frozenset[str] = frozenset()) -> AsyncIterator[str]:
        """Yield the state, and an event whenever the store has changed.

        Args:
            services: whose writes count; empty for all.

        """
        changed = asyncio.Event()
        self._listeners[changed] = services
        if services not in self._states or self._task is None or self._task.done():
            found = await run_in_threadpool(self._look, {services})
            self._states |= found
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        quiet = 0.0
        # Waits in short steps, so that a stream ends soon after the server does.
        step = min(self._settings.poll_seconds, 1.0)
        try:
            yield f"retry: 5000\nevent: state\ndata: {self._states[services]}\n\n"
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
                yield f"event: changed\ndata: {self._states[services]}\n\n"
        finally:
            del self._listeners[changed]

    async def _watch(self) -> None:
        while self._listeners and not self.is_ending():
            await asyncio.sleep(self._settings.poll_seconds)
            before = self._states
            found = await run_in_threadpool(self._look, set(self._listeners.values()))
            # Others may have come or gone meanwhile. A proxy may name any services, so those that
            # nobody listens for are forgotten.
            wanted = set(self._listeners.values())
            states = (before | found).items()
            self._states = {one: state for one, state in states if one in wanted}
            for listener, services in self._listeners.items():
                if services in found and before.get(services) != found[services]:
                    listener.set()

    def _look(self, scopes: Iterable[frozenset[str]]) -> dict[frozenset[str], str]:
        try:
            with open_reader(self._settings.store) as reader:
                return {services: state_of(reader, services) for services in scopes}
        except StoreError:
            return dict.fromkeys(scopes, UNREADABLE)


def state_of(reader: StoreReader, services: frozenset[str] = frozenset()) -> str:
    """Return what changes with each write: a page has it, and each event.

    Args:
        reader: the open store.
        services: whose writes count; empty for all that the reader shows.

    """
    return str(reader.last_written(Span(services=tuple(sorted(services)))))
