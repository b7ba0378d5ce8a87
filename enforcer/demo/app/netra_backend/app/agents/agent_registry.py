"""Know the agents, and let those who think tell their user."""

from weakref import WeakValueDictionary

from netra_backend.app.events import AGENT_THINKING, AgentRun
from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core import create_websocket_manager
from netra_backend.app.websocket_core.websocket_manager import WebSocketManager


class AgentRegistry:
    """Know which manager reaches whom; managers live no longer for being known here."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._managers = WeakValueDictionary[str, WebSocketManager]()

    def register(self, context: UserContext) -> None:
        """Let agents work for a user."""
        self._managers[context.user_id] = create_websocket_manager(context)

    def manager_of(self, user_id: str) -> WebSocketManager | None:
        """Give the manager that reaches a user, if there is one."""
        return self._managers.get(user_id)

    async def think(self, run: AgentRun) -> None:
        """Plan what to do about a request."""
        manager = self.manager_of(run.context.user_id)
        if manager is not None:
            await manager.send_event(run.event(AGENT_THINKING, f"count the words of {run.request}"))
