"""Run the chat backend through one busy minute, with threads and child processes."""

import multiprocessing
import subprocess
import sys

from chat import gateway, notifications, plugins, rooms
from chat.websocket.manager import WebSocketManager, get_websocket_manager
from chat.workers import search


def main() -> None:
    """Let three users talk, and check that they got everything."""
    users = [gateway.connect(user) for user in ("alice", "bob", "carol")]
    room = rooms.Room(*users)
    room.say("alice", "Hello, is anybody here?")
    room.say("bob", "I am.")
    for user in users:
        gateway.reconnect(user)
    pings = notifications.notify_everybody("alice")
    load_plugins()
    start_workers()
    room.close()
    for user in ("bob", "carol"):
        gateway.Session(user).end()
    check(pings)


def load_plugins() -> None:
    """Load everything that is only known by its name."""
    for _ in range(2):
        plugins.load_by_name("chat.websocket.unified_manager")
    plugins.load_relative()
    plugins.load_the_hard_way()
    plugins.load_bot()
    plugins.load_saved()
    plugins.load_if_there()


def start_workers() -> None:
    """Run one program and two functions in processes of their own."""
    subprocess.run([sys.executable, "-m", "chat.workers.digest"], check=True)
    workers = [
        multiprocessing.get_context("spawn").Process(target=search.index, args=(25,)),
        multiprocessing.get_context("fork").Process(target=search.index, args=(25,)),
    ]
    for worker in workers:
        worker.start()
        worker.join()
        if worker.exitcode:
            sys.exit(f"A worker failed with exit code {worker.exitcode}")


def check(pings: int) -> None:
    """Say whether every path led to the same class and the same managers."""
    alice = get_websocket_manager("alice")
    is_one_class = gateway.Session.Manager is WebSocketManager
    is_complete = alice.sent.count("ping") == pings
    if not (is_one_class and is_complete):
        sys.exit("Old and new paths lead to different managers, so events were lost")
    sys.stdout.write(f"alice got all {len(alice.sent):,} events, from callers of every path\n")


if __name__ == "__main__":
    main()
