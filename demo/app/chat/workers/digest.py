"""Write the daily digest: a program of its own, started by the application."""

# use: chat.websocket.manager_factory import_statement x1
import chat.websocket.manager_factory as factory

# use: chat_legacy.history import_statement x1
from chat_legacy import history


def write_digest() -> int:
    """Send the digest; give the number of its messages."""
    room = history.History()
    room.add("digest", "nothing happened today")
    factory.create_websocket_manager("alice").send("digest")
    return len(room.messages)


if __name__ == "__main__":
    write_digest()
