"""Delivery figures of the demo: events that came once, twice, never, or to somebody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from enforcer.demo.clients import Conversation, Managers

EVENTS: Final = (
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "agent_completed",
)
"""The events that a user should receive of each run, once each."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a conversation's events and managers.

    Attributes:
        sent: how many events users should receive.
        once: how many came to their user exactly once.
        duplicated: how many came to their user more than once.
        lost: how many never came to their user.
        misdelivered: how many deliveries went to somebody else.
        managers: the most managers that the services use for one user.
        shared: how many managers serve more than one user.
        unreached: how many users have no manager in some service.

    """

    sent: int
    once: int
    duplicated: int
    lost: int
    misdelivered: int
    managers: int
    shared: int
    unreached: int

    @property
    def is_sound(self) -> bool:
        """Return whether everything was delivered once, by one manager for each user."""
        faults = self.duplicated + self.lost + self.misdelivered + self.shared + self.unreached
        return self.once == self.sent and not faults and self.managers == 1


def count(conversation: Conversation) -> Figures:
    """Count what the users of a conversation received."""
    times = list(_deliveries(conversation))
    managers = conversation.managers
    return Figures(
        sent=len(times),
        once=times.count(1),
        duplicated=sum(each > 1 for each in times),
        lost=times.count(0),
        misdelivered=sum(len(user.foreign) for user in conversation.users),
        managers=max((len(set(each.values()) - {None}) for each in managers.values()), default=0),
        shared=_shared(managers),
        unreached=sum(None in each.values() for each in managers.values()),
    )


def _deliveries(conversation: Conversation) -> Iterator[int]:
    """Yield how often each event came to its user."""
    for user in conversation.users:
        for run in user.runs:
            for kind in EVENTS:
                yield user.received[run, kind]


def _shared(managers: Managers) -> int:
    users: dict[str, set[str]] = {}
    for user_id, services in managers.items():
        for manager in filter(None, services.values()):
            users.setdefault(manager, set()).add(user_id)
    return sum(len(each) > 1 for each in users.values())
