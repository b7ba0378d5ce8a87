"""Execution of agents for users."""

from netra_backend.app.agents.agent_registry import AgentRegistry
from netra_backend.app.events import AGENT_COMPLETED, AGENT_STARTED, TOOL_EXECUTING, AgentRun
from netra_backend.app.services.connected_users import ConnectedUsers
from netra_backend.app.tools.tool_dispatcher import ToolDispatcher
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager


class AgentExecutionService:
    """Service that executes a run from its start to its end.

    Attributes:
        users: who is connected.

    """

    def __init__(self, registry: AgentRegistry, tools: ToolDispatcher) -> None:
        """Connect the registry and the tools."""
        self.users = ConnectedUsers(get_websocket_manager)
        self._registry = registry
        self._tools = tools

    async def execute(self, run: AgentRun) -> str:
        """Run an agent and return its answer."""
        manager = self.users.manager_of(run.context.user_id)
        await manager.send_event(run.event(AGENT_STARTED, run.request))
        await self._registry.think(run)
        await manager.send_event(run.event(TOOL_EXECUTING, "count_words"))
        answer = f"{run.request!r} has {await self._tools.count_words(run)} words"
        await manager.send_event(run.event(AGENT_COMPLETED, answer))
        return answer
