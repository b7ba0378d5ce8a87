"""The WebSocket of one user: their requests, and the answers."""

import json
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection

from netra_backend.app.agents.agent_registry import AgentRegistry
from netra_backend.app.events import AGENT_STARTED, AgentRun
from netra_backend.app.services.agent_execution import AgentExecutionService
from netra_backend.app.services.connected_users import ConnectedUsers
from netra_backend.app.user_context import UserContext
from netra_backend.app.websocket_core.websocket_manager import WebSocketManager
from netra_backend.app.websocket_core.websocket_manager_factory import create_websocket_manager


class WebSocketRoutes:
    """Handler of users' connections.

    Attributes:
        users: who is connected.

    """

    def __init__(
        self,
        registry: AgentRegistry,
        execution: AgentExecutionService,
        services: Iterable[ConnectedUsers],
    ) -> None:
        """Connect the services that run agents or follow users."""
        self.users = ConnectedUsers(self._manager)
        self._registry = registry
        self._execution = execution
        self._services = (self.users, *services)

    async def _manager(self, context: UserContext) -> WebSocketManager:
        return await create_websocket_manager(context, context.user_id)

    async def serve(self, connection: ServerConnection) -> None:
        """Serve a connection to its end."""
        user_id = user_of(connection)
        if not user_id:
            await connection.close(1008, "Write /ws?user_id=NAME")
            return
        try:
            for users in self._services:
                await users.enter(UserContext(user_id), connection)
            self._registry.register(UserContext(user_id))
            await connection.send(json.dumps({"type": "welcome", "user": user_id}))
            async for message in connection:
                await self._run(connection, user_id, str(message))
        finally:
            for users in self._services:
                users.leave(user_id, connection)

    async def _run(self, connection: ServerConnection, user_id: str, message: str) -> None:
        context = UserContext(user_id)
        asked = read(message)
        run = AgentRun(asked.get("run") or context.request_id, context, asked.get("text", ""))
        manager = self.users.manager_of(user_id)
        await manager.send_event(run.event(AGENT_STARTED, run.request))
        answer = await self._execution.execute(run)
        await connection.send(json.dumps({"type": "answer", "run": run.run_id, "text": answer}))


def user_of(connection: ServerConnection) -> str:
    """Return the user who opened a connection; empty if there is none."""
    path = connection.request.path if connection.request is not None else ""
    return parse_qs(urlsplit(path).query).get("user_id", [""])[0]


def read(message: str) -> dict[str, str]:
    """Parse a client's message: an object with "run" and "text", or just the text."""
    try:
        asked = json.loads(message)
    except ValueError:
        return {"text": message}
    if not isinstance(asked, dict):
        return {"text": message}
    return {key: str(value) for key, value in asked.items()}
