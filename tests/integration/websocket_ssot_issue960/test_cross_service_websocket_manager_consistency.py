"""All services reach a user through one WebSocket manager, over real sockets.

These tests fail without the enforcer, and each says why, in the words of issue 960. The last
ones are its "Specific Business Impacts".
"""

import asyncio
from importlib import import_module
from typing import Any

from enforcer.demo.clients import Conversation, converse
from enforcer.demo.figures import EVENTS, Figures, count
from enforcer.demo.testing import SSotBaseTestCase

USERS = 25
ROUNDS = 4


def new_backend() -> Any:  # noqa: ANN401 - its module can be imported in a test only
    """Make a backend of which nobody knows yet."""
    return import_module("netra_backend.app.backend").Backend()


async def conversation(users: int = USERS, rounds: int = ROUNDS) -> Conversation:
    """Let users talk to a new backend, all at the same time."""
    async with new_backend().serve() as address:
        return await converse(address, users=users, rounds=rounds)


class TestCrossServiceWebSocketManagerConsistency(SSotBaseTestCase):
    async def test_agent_registry_uses_ssot_websocket_manager(self) -> None:
        """The agent registry reaches a connected user, by the manager that all others use."""
        (services,) = (await conversation(users=1, rounds=1)).managers.values()

        assert services["registry"] is not None, (
            f"Agent registry cannot retrieve WebSocket manager; the others use {services}"
        )
        assert services["registry"] == services["routes"]

    async def test_all_services_use_the_same_manager(self) -> None:
        """Each user has one manager, and no other user has it."""
        managers = (await conversation(rounds=1)).managers

        of_users = {user: set(services.values()) for user, services in managers.items()}
        assert len(managers) == USERS
        assert {len(each) for each in of_users.values()} == {1}, (
            f"Cross-service WebSocket communication may be unreliable: {of_users['user001']}"
        )
        assert len(set().union(*of_users.values())) == USERS, "Users share a manager"

    async def test_no_event_is_duplicated_or_missing(self) -> None:
        """Chat reliability: concurrent users get each event of each run once."""
        figures = count(await conversation())

        assert (figures.duplicated, figures.lost) == (0, 0), (
            f"Duplicate or missing WebSocket events: {figures}"
        )
        assert figures.once == figures.sent == USERS * ROUNDS * len(EVENTS)

    async def test_no_data_leaks_between_users(self) -> None:
        """User isolation: nobody sees what another one asked."""
        users = (await conversation()).users

        leaks = [(user.id, event) for user in users for event in user.foreign]
        assert not leaks, (
            f"Fragmented managers leak data between users: {len(leaks)} events, such as {leaks[0]}"
        )

    async def test_events_arrive_in_their_order(self) -> None:
        """Golden path: a run begins with its start and ends with its end."""
        for user in (await conversation()).users:
            for run in user.runs:
                order = [kind for of_run, kind in user.received if of_run == run]
                assert order == list(EVENTS), f"Events of {run} came as {order}"

    async def test_a_user_who_comes_back_has_a_manager_again(self) -> None:
        """Scalability: what was made for a user goes with them, and is made anew."""
        backend = new_backend()
        async with backend.serve() as address:
            first = count(await converse(address, users=3, rounds=1))
            async with asyncio.timeout(30):
                while backend.routes.users.ids():  # noqa: ASYNC110 - nobody tells when they left
                    await asyncio.sleep(0.01)
            left = [user for user in ("user001", "user003") if backend.registry.manager_of(user)]
            second = count(await converse(address, users=3, rounds=1))

        assert first.is_sound, f"Multiple initialization paths: {first}"
        assert not left
        assert second.is_sound, f"Multiple initialization paths: {second}"

    async def test_a_hundred_users_at_once(self) -> None:
        """10,000 of 10,000 events are delivered once, none of them to a wrong user."""
        figures = count(await conversation(users=100, rounds=20))

        assert figures == Figures(
            sent=10_000,
            once=10_000,
            duplicated=0,
            lost=0,
            misdelivered=0,
            managers=1,
            shared=0,
            unreached=0,
        )
