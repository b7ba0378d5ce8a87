"""The backend: its services, and its server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from netra_backend.app.agents.agent_registry import AgentRegistry
from netra_backend.app.routes.websocket import WebSocketRoutes
from netra_backend.app.services.agent_execution import AgentExecutionService
from netra_backend.app.tools import tool_results
from netra_backend.app.tools.tool_dispatcher import ToolDispatcher
from netra_backend.app.user_context import UserContext


class Backend:
    """One instance of each service.

    Attributes:
        registry: the agents.
        tools: the tools.
        execution: runs agents.
        routes: serves clients.

    """

    def __init__(self) -> None:
        """Create the services; nobody is connected."""
        self.registry = AgentRegistry()
        self.tools = ToolDispatcher()
        self.execution = AgentExecutionService(self.registry, self.tools)
        services = (self.execution.users, self.tools.users)
        self.routes = WebSocketRoutes(self.registry, self.execution, services)

    def managers_of(self, user_id: str) -> dict[str, object]:
        """Return the manager that each service uses for a connected user."""
        return {
            "routes": self.routes.users.manager_of(user_id),
            "execution": self.execution.users.manager_of(user_id),
            "registry": self.registry.manager_of(user_id),
            "tools": self.tools.users.manager_of(user_id),
            "results": tool_results.manager_for(UserContext(user_id)),
        }

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve until the end of the block; yield the address."""
        async with serve(
            self.routes.serve, host, port, process_request=self._answer, compression=None
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"ws://{host}:{port}"

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer /managers with the managers in use; all else is a WebSocket."""
        if request.path != "/managers":
            return None
        # All are kept alive until they are named: the id of a deleted one could be reused.
        found = {user_id: self.managers_of(user_id) for user_id in self.routes.users.ids()}
        named = {
            user_id: {service: _name(manager) for service, manager in managers.items()}
            for user_id, managers in found.items()
        }
        return connection.respond(HTTPStatus.OK, json.dumps(named))


def _name(manager: object) -> str | None:
    return None if manager is None else f"{type(manager).__name__} {id(manager):x}"
