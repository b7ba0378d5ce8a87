"""WebSocket managers of users."""

from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core.unified_manager import _UnifiedWebSocketManagerImplementation


def create_websocket_manager(user_context: UserContext) -> _UnifiedWebSocketManagerImplementation:
    """Create the manager of a user where nothing can be awaited."""
    return _UnifiedWebSocketManagerImplementation(user_context)
