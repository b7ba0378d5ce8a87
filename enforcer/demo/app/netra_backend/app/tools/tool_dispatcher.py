"""Execution of tools for agents."""

import asyncio

from netra_backend.app.events import TOOL_EXECUTING, AgentRun
from netra_backend.app.services.connected_users import ConnectedUsers
from netra_backend.app.tools.tool_results import hand_over
from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core.unified_manager import _UnifiedWebSocketManagerImplementation


class ToolDispatcher:
    """Dispatcher that executes tools, and reports when one begins and ends.

    Attributes:
        users: who is connected.

    """

    def __init__(self) -> None:
        """Create a dispatcher without users."""
        self.users = ConnectedUsers(self._manager)

    async def _manager(self, context: UserContext) -> _UnifiedWebSocketManagerImplementation:
        return _UnifiedWebSocketManagerImplementation(context)

    async def count_words(self, run: AgentRun) -> int:
        """Count the words of a request."""
        manager = self.users.manager_of(run.context.user_id)
        await manager.send_event(run.event(TOOL_EXECUTING, "count_words"))
        await asyncio.sleep(0)  # others' turn, as in any tool that waits for something
        words = len(run.request.split())
        await hand_over(run, f"{words} words")
        return words
