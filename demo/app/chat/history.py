"""Remember what was said in a room."""

from dataclasses import dataclass

__all__ = ["History", "Message"]


@dataclass(frozen=True)
class Message:
    """One line of a conversation."""

    author: str
    text: str


class History:
    """The messages of one room, oldest first."""

    def __init__(self) -> None:
        """Start with an empty room."""
        self.messages: list[Message] = []

    def add(self, author: str, text: str) -> Message:
        """Remember a message."""
        message = Message(author, text)
        self.messages.append(message)
        return message
