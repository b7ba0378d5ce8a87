"""Delivery of events to a user over their WebSocket."""

from collections import deque
from enum import StrEnum
from typing import Final, Protocol

from websockets.exceptions import ConnectionClosed

from netra_backend.app.events import AgentEvent
from netra_backend.app.user_context import UserContext

_REMEMBERED: Final = 256
"""How many events a manager knows to be delivered, and how many it keeps for later."""


class Connection(Protocol):
    """An open WebSocket."""

    async def send(self, message: str) -> None:
        """Send one message."""


class WebSocketManagerMode(StrEnum):
    """Whom a manager serves."""

    UNIFIED = "unified"  # the user of its context
    DEGRADED = "degraded"  # everybody, where memory is short


class _UnifiedWebSocketManagerImplementation:
    """Manager that delivers each event once, over the connection that its user opened last.

    More than one service may report an event; what was delivered already is skipped. Events without
    a connection are queued until there is one.

    Attributes:
        user_context: the user.
        mode: whether it serves only them.

    """

    def __init__(self, user_context: UserContext, mode: str = WebSocketManagerMode.UNIFIED) -> None:
        """Serve a user, who may not be connected yet."""
        self.user_context = user_context
        self.mode = mode
        self._connection: Connection | None = None
        self._kept = deque[AgentEvent](maxlen=_REMEMBERED)
        self._reported = deque[tuple[str, str]](maxlen=_REMEMBERED)

    async def connect(self, connection: Connection) -> None:
        """Use a connection from now on, and send the queued events."""
        self._connection = connection
        while self._kept:
            await self._send(self._kept.popleft())

    def disconnect(self, connection: Connection) -> None:
        """Drop a connection, unless the user has opened another one since."""
        if self._connection is connection:
            self._connection = None

    async def send_event(self, event: AgentEvent) -> None:
        """Deliver an event, unless that has been done."""
        identity = (event.run_id, event.kind)
        if identity not in self._reported:
            self._reported.append(identity)
            await self._send(event)

    async def _send(self, event: AgentEvent) -> None:
        if self._connection is None:
            self._kept.append(event)
            return
        try:
            await self._connection.send(event.as_json())
        except ConnectionClosed:
            self._connection = None
            self._kept.append(event)
