"""Tests of the demo's backend meet it anew, and leave nothing behind."""

import os
import sys
from importlib import import_module

from enforcer.demo import APP
from enforcer.demo.testing import IsolatedEnvironment


def names() -> set[str]:
    """Give the modules of the backend that are loaded."""
    return {name for name in sys.modules if name.startswith(("netra_backend", "test_framework"))}


def test_everything_is_put_back() -> None:
    """Modules, the search path and variables are as they were."""
    before = (dict(os.environ), sys.path[:], names())
    with IsolatedEnvironment():
        assert sys.path[0] == str(APP)
        import_module("netra_backend.app.events")
        os.environ["NETRA"] = "1"
        del os.environ["PATH"]

    assert (dict(os.environ), sys.path[:], names()) == before


def test_each_block_has_modules_of_its_own() -> None:
    """State of one test can't be seen by the next."""
    modules = []
    for _ in range(2):
        with IsolatedEnvironment():
            modules.append(import_module("netra_backend.app.events"))

    assert modules[0] is not modules[1]


def test_blocks_in_blocks() -> None:
    """What was loaded outside is there again after the inner block, the same object."""
    with IsolatedEnvironment():
        outer = import_module("netra_backend.app.events")
        with IsolatedEnvironment():
            assert "netra_backend.app.events" not in sys.modules
        assert import_module("netra_backend.app.events") is outer
