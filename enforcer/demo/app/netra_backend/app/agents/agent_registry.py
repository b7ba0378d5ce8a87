"""The registry of agents, who report their thinking to the user."""

from weakref import WeakValueDictionary

from netra_backend.app.events import AGENT_THINKING, AgentRun
from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core import create_websocket_manager
from netra_backend.app.websocket_core.websocket_manager import WebSocketManager


class AgentRegistry:
    """Managers by user, held weakly."""

    def __init__(self) -> None:
        """Create an empty registry."""
        self._managers = WeakValueDictionary[str, WebSocketManager]()

    def register(self, context: UserContext) -> None:
        """Register a user for whom agents work."""
        self._managers[context.user_id] = create_websocket_manager(context)

    def manager_of(self, user_id: str) -> WebSocketManager | None:
        """Return the manager that reaches a user, if there is one."""
        return self._managers.get(user_id)

    async def think(self, run: AgentRun) -> None:
        """Plan what to do about a request."""
        manager = self.manager_of(run.context.user_id)
        if manager is not None:
            await manager.send_event(run.event(AGENT_THINKING, f"count the words of {run.request}"))
