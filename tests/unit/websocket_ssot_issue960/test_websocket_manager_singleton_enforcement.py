"""One WebSocket manager for each user, whichever path it is asked for on.

These tests fail without the enforcer, and each says why, in the words of issue 960.
"""

import inspect
from importlib import import_module

from enforcer.demo.testing import SSotBaseTestCase

CORE = "netra_backend.app.websocket_core"

FACTORIES = (
    f"{CORE}.websocket_manager:WebSocketManager",
    f"{CORE}.websocket_manager:get_websocket_manager",
    f"{CORE}.websocket_manager_factory:create_websocket_manager",
    f"{CORE}.unified_manager:_UnifiedWebSocketManagerImplementation",
    f"{CORE}:create_websocket_manager",
    "test_framework.fixtures.websocket_manager_mock:MockWebSocketManager",
)
"""Everything that gives a WebSocket manager."""


def found(path: str) -> object:
    """Import what a path names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


async def manager(path: str, user_id: str) -> object:
    """Get a user's manager on one path, in a new request."""
    context = found("netra_backend.app.user_context:UserContext")(user_id)
    made = found(path)(context)
    return await made if inspect.isawaitable(made) else made


class TestWebSocketManagerSingletonEnforcement(SSotBaseTestCase):
    async def test_multiple_websocket_manager_imports_return_same_instance(self) -> None:
        """Six ways to ask for one user's manager give one object."""
        managers = {path: await manager(path, "alice") for path in FACTORIES}

        different = len(set(map(id, managers.values())))
        assert different == 1, (
            "Different import paths create different WebSocket manager instances: "
            f"{different} for one user.\n" + "\n".join(f"{p}: {m!r}" for p, m in managers.items())
        )

    async def test_websocket_manager_factory_delegates_to_ssot(self) -> None:
        """The factories hand out the canonical manager, as callers of each call them."""
        context = found("netra_backend.app.user_context:UserContext")("alice")
        canonical = await found(f"{CORE}.websocket_manager:get_websocket_manager")(context)
        factory = found(f"{CORE}.websocket_manager_factory:create_websocket_manager")
        made = [
            await factory(context),
            await factory(context, "alice"),
            await factory(context, user_id="alice"),
            await factory(user_context=context),
            found(f"{CORE}:create_websocket_manager")(context),
        ]

        assert all(each is canonical for each in made), (
            "Factory creates separate instances instead of using SSOT: "
            f"{made} instead of {canonical!r}"
        )

    async def test_a_user_id_never_becomes_a_mode(self) -> None:
        """The second parameter of the old factory is not the second one of the new."""
        context = found("netra_backend.app.user_context:UserContext")("alice")
        factory = found(f"{CORE}.websocket_manager_factory:create_websocket_manager")

        made = await factory(context, "alice")

        assert (made.user_context.user_id, made.mode) == ("alice", "unified")

    async def test_websocket_manager_instance_sharing_across_contexts(self) -> None:
        """Every request of a user shares one manager, and no two users do."""
        users = ("alice", "bob")
        managers = {
            user: [await manager(path, user) for path in FACTORIES for _ in range(3)]
            for user in users
        }

        of_alice, of_bob = ({id(each) for each in managers[user]} for user in users)
        assert len(of_alice) == len(of_bob) == 1, (
            "Same user gets different WebSocket manager instances: "
            f"{len(of_alice)} in {len(managers['alice'])} requests"
        )
        assert not of_alice & of_bob, "Two users share a WebSocket manager"
