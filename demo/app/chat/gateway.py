"""Let users in: callers that import at the top of the file and in a function."""

# use: chat.websocket.manager_factory import_statement x1
from chat.websocket.manager_factory import create_websocket_manager

# use: chat.presence_tracker import_statement x1
from . import presence_tracker


def connect(user: str) -> str:
    """Open the connection of a user."""
    presence_tracker.mark_online(user)
    create_websocket_manager(user).send("welcome")
    return user


def reconnect(user: str) -> None:
    """Open it again, after the network was away."""
    # use: chat.websocket.manager_factory import_statement x3
    from .websocket.manager_factory import create_websocket_manager as create

    create(user).send("welcome back")


class Session:
    """The time between a connect and a disconnect."""

    # use: chat.websocket.unified_manager import_statement x1
    from chat.websocket.unified_manager import UnifiedWebSocketManager as Manager

    def __init__(self, user: str) -> None:
        """Begin."""
        self.manager = self.Manager(user)

    def end(self) -> tuple[str, ...]:
        """Say goodbye."""
        # use: chat.presence_tracker import_statement x2
        import chat.presence_tracker as tracker

        tracker.mark_online(self.manager.user)
        self.manager.send("goodbye")
        return self.manager.sent
