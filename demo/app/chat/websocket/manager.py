"""Send events to a user: the one manager that three other paths used to lead to."""

import threading


class WebSocketManager:
    """Keep what was sent to one user, in order."""

    def __init__(self, user: str) -> None:
        """Start with nothing sent."""
        self.user = user
        self._sent: list[str] = []

    def send(self, event: str) -> None:
        """Send an event."""
        self._sent.append(event)

    @property
    def sent(self) -> tuple[str, ...]:
        """Everything that was sent so far."""
        return tuple(self._sent)


_managers: dict[str, WebSocketManager] = {}
_lock = threading.Lock()


def get_websocket_manager(user: str) -> WebSocketManager:
    """Give the one manager of a user."""
    with _lock:
        if user not in _managers:
            _managers[user] = WebSocketManager(user)
        return _managers[user]
