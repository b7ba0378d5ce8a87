"""Events of an agent's run."""

import json
from dataclasses import dataclass
from typing import Final

from netra_backend.app.user_context import UserContext

AGENT_STARTED: Final = "agent_started"
AGENT_THINKING: Final = "agent_thinking"
TOOL_EXECUTING: Final = "tool_executing"
TOOL_COMPLETED: Final = "tool_completed"
AGENT_COMPLETED: Final = "agent_completed"

EVENTS: Final = (AGENT_STARTED, AGENT_THINKING, TOOL_EXECUTING, TOOL_COMPLETED, AGENT_COMPLETED)
"""What a user sees of each run, in this order."""


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One event of one run, for a user."""

    kind: str
    run_id: str
    user_id: str
    text: str

    def as_json(self) -> str:
        """Return it as JSON, as it is sent."""
        fields = {"type": self.kind, "run": self.run_id, "user": self.user_id, "text": self.text}
        return json.dumps(fields)


@dataclass(frozen=True, slots=True)
class AgentRun:
    """One user's request to an agent."""

    run_id: str
    context: UserContext
    request: str

    def event(self, kind: str, text: str) -> AgentEvent:
        """Create an event of this run."""
        return AgentEvent(kind, self.run_id, self.context.user_id, text)
