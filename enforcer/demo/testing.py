"""Test support for the demo's backend: isolated imports, and a base test case."""

from __future__ import annotations

import asyncio
import os
import sys
import unittest
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from enforcer.demo import APP

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

PACKAGES = ("netra_backend", "test_framework")
"""The top packages of the backend."""


class IsolatedEnvironment(AbstractContextManager["IsolatedEnvironment"]):
    """Context in which the backend is importable, and after which nothing of it is left.

    When the block ends, the backend's modules, the search path and the environment's variables are
    as they were.
    """

    def __init__(self) -> None:
        """Prepare; nothing changes before the block begins."""
        self._environ: dict[str, str] = {}
        self._path: list[str] = []
        self._modules: dict[str, ModuleType] = {}

    def __enter__(self) -> Self:
        """Save the state, and put the backend on the search path."""
        self._environ = dict(os.environ)
        self._path = sys.path[:]
        self._modules = _take_modules()
        sys.path.insert(0, str(APP))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restore the state."""
        _take_modules()
        sys.modules.update(self._modules)
        sys.path[:] = self._path
        os.environ.clear()
        os.environ.update(self._environ)


def _take_modules() -> dict[str, ModuleType]:
    """Remove the backend's modules from ``sys.modules`` and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


class SSotBaseTestCase(unittest.IsolatedAsyncioTestCase):
    """Test case with the real backend, imported anew for each test; nothing in it is mocked."""

    def setUp(self) -> None:
        """Enter an isolated environment without the backend's modules."""
        self.environment = self.enterContext(IsolatedEnvironment())

    async def asyncSetUp(self) -> None:
        """Switch off asyncio's debug mode, in which thousands of events take long."""
        asyncio.get_running_loop().set_debug(enabled=False)
