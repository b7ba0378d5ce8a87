"""Turn what happens into events for users.

``send_event`` was called ``publish`` once; its callers still ask for that name.
"""

from chat.websocket.manager import get_websocket_manager


def send_event(user: str, event: str) -> None:
    """Send one event to one user."""
    get_websocket_manager(user).send(event)
