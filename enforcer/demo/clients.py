"""The users of the demo's backend: real clients, each on a WebSocket of its own."""

import asyncio
import http.client
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

Managers = Mapping[str, Mapping[str, str | None]]
"""The manager of each service for each user, by name."""

_PATIENCE: Final = 60.0
"""How long to wait for one answer of the backend, in seconds, however busy the machine is."""


@dataclass(slots=True)
class User:
    """One user, and what they received.

    Attributes:
        id: their id.
        runs: the runs that they asked for.
        received: how often each event of those runs came, by run and kind.
        foreign: the events of others that came.

    """

    id: str
    runs: list[str] = field(default_factory=list)
    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    foreign: list[dict[str, str]] = field(default_factory=list)

    def take(self, event: dict[str, str]) -> None:
        """Record an event that arrived here, whoever it was for."""
        if event["user"] == self.id:
            self.received[event["run"], event["type"]] += 1
        else:
            self.foreign.append(event)


class Client:
    """Connection to the backend as one user.

    Attributes:
        user: the user.

    """

    def __init__(self, user: User, connection: ClientConnection) -> None:
        self.user = user
        self._connection = connection
        self._answers = asyncio.Queue[str]()
        self._is_leaving = False

    async def listen(self) -> None:
        """Receive events until the user leaves."""
        async for message in self._connection:
            event = json.loads(message)
            if event["type"] in ("welcome", "answer"):
                self._answers.put_nowait(event["type"])
            else:
                self.user.take(event)
        if not self._is_leaving:
            message = "the backend ended the connection"
            raise ConnectionError(message)

    async def be_welcomed(self) -> None:
        """Wait until the backend has accepted the user."""
        await self._answers.get()

    async def ask(self, text: str) -> None:
        """Ask for a run, and wait for its answer; events arrive meanwhile."""
        run = f"{self.user.id}-{uuid4().hex}"
        self.user.runs.append(run)
        await self._connection.send(json.dumps({"run": run, "text": text}))
        await self._answers.get()

    async def leave(self) -> None:
        """Close the connection."""
        self._is_leaving = True
        await self._connection.close()

    async def settle(self) -> None:
        """Wait until everything that was sent to the user so far has arrived."""
        # A WebSocket keeps the order of frames: the pong comes after everything sent before it.
        await (await self._connection.ping())


@dataclass(frozen=True, slots=True)
class Conversation:
    """What all users received, and the backend's managers."""

    users: tuple[User, ...]
    managers: Managers


async def converse(
    address: str, *, users: int, rounds: int, on_answer: Callable[[], object] = int
) -> Conversation:
    """Connect users, run all their requests concurrently, and collect the events.

    Args:
        address: the backend's address.
        users: how many connect.
        rounds: how many runs each asks for, one after the other.
        on_answer: called after each run.

    """
    everybody = [User(f"user{number:03}") for number in range(1, users + 1)]

    async def ask(client: Client) -> None:
        for number in range(1, rounds + 1):
            await client.ask(f"the secret number {number} of {client.user.id}")
            on_answer()

    async with AsyncExitStack() as connections, asyncio.TaskGroup() as listening:
        clients = []
        for user in everybody:
            uri = f"{address}/ws?user_id={user.id}"
            connection = await connections.enter_async_context(
                connect(uri, compression=None, proxy=None, open_timeout=_PATIENCE)
            )
            client = Client(user, connection)
            clients.append(client)
            listening.create_task(client.listen())
            await client.be_welcomed()
        await asyncio.gather(*map(ask, clients))
        for client in clients:
            await client.settle()
        managers = await asyncio.to_thread(ask_for_managers, address)
        for client in clients:
            await client.leave()
    return Conversation(tuple(everybody), managers)


def ask_for_managers(address: str) -> Managers:
    """Return the manager that each of the backend's services uses for each user."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE)
    connection.request("GET", "/managers")
    managers: Managers = json.loads(connection.getresponse().read())
    connection.close()
    return managers
