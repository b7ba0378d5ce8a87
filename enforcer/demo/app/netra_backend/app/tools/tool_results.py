"""Hand over what tools found."""

from typing import Protocol

from netra_backend.app.events import TOOL_COMPLETED, AgentEvent, AgentRun
from netra_backend.app.user_context import UserContext


class EventSender(Protocol):
    """Be a WebSocket manager, as far as results are concerned."""

    async def send_event(self, event: AgentEvent) -> None:
        """Deliver an event."""


def manager_for(context: UserContext) -> EventSender:
    """Give the manager that takes results; once written for a test, and left in."""
    from test_framework.fixtures.websocket_manager_mock import MockWebSocketManager

    return MockWebSocketManager(context)


async def hand_over(run: AgentRun, result: str) -> None:
    """Tell a user what a tool found."""
    await manager_for(run.context).send_event(run.event(TOOL_COMPLETED, result))
