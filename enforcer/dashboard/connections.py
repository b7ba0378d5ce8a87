"""HTTP protocol for uvicorn with limits on incomplete requests: their time and their number.

uvicorn limits the time between two requests, but not that of a request's head: a thousand half
requests would use up the file descriptors that a process may have.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 20.0
"""How many seconds the head of a request may take to arrive."""

MOST_WAITING: Final = 200
"""Limit on connections with an incomplete request; one more closes the oldest of them."""


class PunctualProtocol(H11Protocol):
    """HTTP/1.1 protocol that closes connections whose request does not arrive in time."""

    _asking: Final[dict["PunctualProtocol", asyncio.TimerHandle]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of the first request."""
        super().connection_made(transport)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Stop the timer once a request is complete, and start it again for the next one."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_request()
        else:
            self._cease()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._cease()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self in self._asking or self.transport.is_closing():
            return
        self._asking[self] = self.loop.call_later(HEAD_SECONDS, self._end)
        if len(self._asking) > MOST_WAITING:
            # A dict keeps the order of insertion: its first key has waited longest.
            next(iter(self._asking))._end()  # noqa: SLF001 - of its own class

    def _cease(self) -> None:
        timer = self._asking.pop(self, None)
        if timer is not None:
            timer.cancel()

    def _end(self) -> None:
        self._cease()
        # Not close(), which first sends what is buffered, to a client that may never read it.
        self.transport.abort()
