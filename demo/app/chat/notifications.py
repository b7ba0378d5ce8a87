"""Tell many users at once: threads that import the same legacy paths together."""

from concurrent.futures import ThreadPoolExecutor

THREADS = 8
ROUNDS = 250


def notify_everybody(user: str) -> int:
    """Send an event from many threads; give how many were sent."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_notify, [user] * THREADS))
    return THREADS * ROUNDS


def _notify(user: str) -> None:
    for _ in range(ROUNDS):
        # use: chat.events:publish import_statement x2000
        from chat.events import publish

        # use: chat.websocket.manager_factory import_statement x2000
        from chat.websocket.manager_factory import create_websocket_manager

        create_websocket_manager(user)
        publish(user, "ping")
