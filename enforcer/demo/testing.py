"""Test the demo's backend as its own team would: apart from everything else in the process."""

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
    """Make the backend importable for a while, with nothing left over before or after.

    The backend's modules, the search path and the environment's variables are as they were
    when the block ends.
    """

    def __init__(self) -> None:
        """Prepare; nothing is touched before the block begins."""
        self._environ: dict[str, str] = {}
        self._path: list[str] = []
        self._modules: dict[str, ModuleType] = {}

    def __enter__(self) -> Self:
        """Remember what there is, and put the backend on the search path."""
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
        """Put everything back."""
        _take_modules()
        sys.modules.update(self._modules)
        sys.path[:] = self._path
        os.environ.clear()
        os.environ.update(self._environ)


def _take_modules() -> dict[str, ModuleType]:
    """Take the backend's modules out of this process."""
    names = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


class SSotBaseTestCase(unittest.IsolatedAsyncioTestCase):
    """Test the real backend, imported anew for each test; nothing in it is mocked."""

    def setUp(self) -> None:
        """Begin with a backend that nobody has imported yet."""
        self.environment = self.enterContext(IsolatedEnvironment())

    async def asyncSetUp(self) -> None:
        """Run at the pace of production: thousands of events take long in debug mode."""
        asyncio.get_running_loop().set_debug(enabled=False)
