"""Create WebSocket managers for callers that know a user by id."""

from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core.websocket_manager import (
    WebSocketManager,
    get_websocket_manager,
)


async def create_websocket_manager(
    user_context: UserContext, user_id: str | None = None
) -> WebSocketManager:
    """Create the manager of a user."""
    return await get_websocket_manager(user_context, user_id or user_context.user_id)
