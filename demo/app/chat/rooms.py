"""Bring users together: callers of a module, of its package and of a whole old package."""

# use: chat.websocket.unified_manager import_statement x1
import chat.websocket.unified_manager

# use: chat_legacy.history import_statement x1
from chat_legacy.history import *


class Room:
    """A conversation that some users follow."""

    def __init__(self, *users: str) -> None:
        """Open a room for users."""
        self.users = users
        self.history = History()

    def say(self, author: str, text: str) -> Message:
        """Say something to everybody in the room."""
        # use: chat.websocket.unified_manager import_statement x2
        from chat.websocket import unified_manager

        for user in self.users:
            unified_manager.get_websocket_manager(user).send(f"{author}: {text}")
        return self.history.add(author, text)

    def close(self) -> int:
        """Tell everybody that it is over."""
        for user in self.users:
            # use: chat.websocket.unified_manager attribute x3
            manager = chat.websocket.unified_manager.get_websocket_manager(user)
            manager.send("room closed")
        return len(self.history.messages)
