"""Managers of the connected users, for one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from netra_backend.app.user_context import UserContext
    from netra_backend.app.websocket_core.unified_manager import Connection
    from netra_backend.app.websocket_core.websocket_manager import WebSocketManager


class ConnectedUsers:
    """Connected users, each with a manager until they leave."""

    def __init__(self, get_manager: Callable[[UserContext], Awaitable[WebSocketManager]]) -> None:
        """Set the function that returns the manager of a user."""
        self._get_manager = get_manager
        self._users: dict[str, tuple[WebSocketManager, Connection]] = {}

    def ids(self) -> list[str]:
        """Return the ids of all connected users."""
        return sorted(self._users)

    def manager_of(self, user_id: str) -> WebSocketManager:
        """Return the manager of a connected user."""
        return self._users[user_id][0]

    async def enter(self, context: UserContext, connection: Connection) -> None:
        """Add a user with a connection of theirs."""
        manager = await self._get_manager(context)
        self._users[context.user_id] = manager, connection
        await manager.connect(connection)

    def leave(self, user_id: str, connection: Connection) -> None:
        """Remove a user, unless they came back on another connection."""
        manager, current = self._users.get(user_id, (None, None))
        if manager is not None and current is connection:
            del self._users[user_id]
            manager.disconnect(connection)
