"""Delivery of tools' results."""

from typing import Protocol

from netra_backend.app.events import TOOL_COMPLETED, AgentEvent, AgentRun
from netra_backend.app.user_context import UserContext


class EventSender(Protocol):
    """The part of a WebSocket manager that results need."""

    async def send_event(self, event: AgentEvent) -> None:
        """Deliver an event."""


def manager_for(context: UserContext) -> EventSender:
    """Return the manager that receives results; once written for a test, and left in."""
    from test_framework.fixtures.websocket_manager_mock import MockWebSocketManager

    return MockWebSocketManager(context)


async def hand_over(run: AgentRun, result: str) -> None:
    """Send a tool's result to its user."""
    await manager_for(run.context).send_event(run.event(TOOL_COMPLETED, result))
