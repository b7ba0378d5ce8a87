"""One import path to the WebSocket manager: all others lead to it, or nowhere.

These tests fail without the enforcer, and each says why, in the words of issue 960.
"""

import inspect
import os
from importlib import import_module
from typing import Any

import pytest

import enforcer
from enforcer.baseline import Entry
from enforcer.demo import MAP
from enforcer.demo.testing import SSotBaseTestCase

CORE = "netra_backend.app.websocket_core"
CANONICAL = f"{CORE}.websocket_manager"
FACTORY = f"{CORE}.websocket_manager_factory"
IMPLEMENTATION = f"{CORE}.unified_manager"
MOCK = "test_framework.fixtures.websocket_manager_mock"

PATHS = {
    (CANONICAL, "WebSocketManager"): "WebSocketManager",
    (CANONICAL, "get_websocket_manager"): "get_websocket_manager",
    (FACTORY, "create_websocket_manager"): "get_websocket_manager",
    (IMPLEMENTATION, "_UnifiedWebSocketManagerImplementation"): "WebSocketManager",
    (IMPLEMENTATION, "WebSocketManagerMode"): "WebSocketManagerMode",
    (MOCK, "MockWebSocketManager"): "WebSocketManager",
}
"""The six import paths, and what each is in the canonical module."""

FILE = os.path.relpath(__file__, MAP.parent / "app")
"""This file, as it is named from the map's root: the tests lie in the root's repository."""

ALIASED = (FACTORY, MOCK)
"""The legacy modules whose own code is no longer needed."""


def working() -> dict[tuple[str, str], Any]:
    """Give what the paths lead to that can be imported."""
    found = {}
    for module, name in PATHS:
        try:
            found[module, name] = getattr(import_module(module), name)
        except ImportError:
            continue
    return found


async def elsewhere(found: dict[tuple[str, str], Any]) -> list[str]:
    """Name the paths that give another object than the canonical one, and don't delegate to it."""
    canonical = import_module(CANONICAL)
    context = import_module("netra_backend.app.user_context").UserContext("alice")
    wrong = []
    for path, given in found.items():
        wanted = getattr(canonical, PATHS[path])
        delegates = inspect.isfunction(given) and await given(context) is await wanted(context)
        if given is not wanted and not delegates:
            wrong.append(".".join(path))
    return wrong


class TestWebSocketManagerImportPathSsot(SSotBaseTestCase):
    async def test_all_websocket_manager_imports_resolve_to_canonical(self) -> None:
        """Each of the six paths can be imported, and gives what the canonical module has."""
        found = working()

        wrong = await elsewhere(found)
        assert not wrong, (
            f"Found {len(found)} WebSocket manager import paths:\n"
            + "\n".join(f"{n}. {m}.{name}" for n, (m, name) in enumerate(found, start=1))
            + "\nSSOT requires 1-2 canonical paths maximum. These lead elsewhere: "
            + ", ".join(wrong)
        )
        assert found.keys() == PATHS.keys()

    def test_websocket_manager_class_definition_uniqueness(self) -> None:
        """There is one class, whatever it is called."""
        classes = {
            found
            for found in working().values()
            if inspect.isclass(found) and hasattr(found, "send_event")
        }

        assert len(classes) == 1, (
            f"Multiple WebSocket manager class definitions exist: {sorted(map(repr, classes))}"
        )

    def test_one_module_holds_the_code_of_all_aliased_paths(self) -> None:
        """The aliased modules' own files are not executed."""
        canonical = vars(import_module(CANONICAL))

        own = [module for module in ALIASED if vars(import_module(module)) is not canonical]
        assert not own


class TestImportPathsInStageStrict(SSotBaseTestCase):
    stage = "strict"
    baseline = tuple(
        Entry(legacy, FILE, "call_of_the_baseline", "import_module") for legacy in ALIASED
    )

    async def test_all_websocket_manager_imports_resolve_to_canonical(self) -> None:
        """A caller of the baseline gets what it got; a new one is refused, and named."""
        found = call_of_the_baseline()

        assert len(found) == len(ALIASED)
        assert not await elsewhere(found)
        for legacy in ALIASED:
            with pytest.raises(enforcer.LegacyImportError) as refused:
                import_module(legacy)
            assert refused.value.canonical == CANONICAL
            assert refused.value.call_site.file == FILE

    def test_services_outside_the_baseline_are_refused(self) -> None:
        """The backend's own callers get through only if the baseline has them."""
        with pytest.raises(
            enforcer.LegacyImportError,
            match=r"imported by netra_backend/app/routes/websocket\.py:\d+",
        ):
            import_module("netra_backend.app.routes.websocket")


def call_of_the_baseline() -> dict[tuple[str, str], Any]:
    """Import the old paths where the baseline tolerates it."""
    found = {}
    for module, name in PATHS:
        if module in ALIASED:
            found[module, name] = getattr(import_module(module), name)
    return found


class TestImportPathsInStageRemoved(SSotBaseTestCase):
    stage = "removed"

    async def test_all_websocket_manager_imports_resolve_to_canonical(self) -> None:
        """The canonical path is the only working import, but for its implementation."""
        found = working()

        assert {module for module, _ in found} == {CANONICAL, IMPLEMENTATION}
        assert not await elsewhere(found)

    def test_removed_paths_name_the_canonical_one(self) -> None:
        """Who still asks is told where to go."""
        for legacy in ALIASED:
            with pytest.raises(enforcer.LegacyImportError, match=CANONICAL):
                import_module(legacy)
