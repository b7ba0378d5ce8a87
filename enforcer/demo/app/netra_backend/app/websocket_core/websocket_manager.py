"""The WebSocket manager of a user: this is the module to import it from."""

from functools import cache

from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core.unified_manager import (
    WebSocketManagerMode,
    _UnifiedWebSocketManagerImplementation,
)

__all__ = ["WebSocketManager", "WebSocketManagerMode", "get_websocket_manager"]

WebSocketManager = _UnifiedWebSocketManagerImplementation


async def get_websocket_manager(
    user_context: UserContext, mode: str = WebSocketManagerMode.UNIFIED
) -> WebSocketManager:
    """Return the manager of a user; in any other mode all users share one."""
    if mode == WebSocketManagerMode.UNIFIED:
        return WebSocketManager(user_context)
    return _manager_of_everybody()


@cache
def _manager_of_everybody() -> WebSocketManager:
    return WebSocketManager(UserContext("everybody"), WebSocketManagerMode.DEGRADED)
