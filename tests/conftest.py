"""Let programs that tests run write their last uses, and load the enforcer without compiling it."""

import compileall
import os
import signal
from pathlib import Path

import pytest

from tests.patience import EXITS

os.environ.update(EXITS)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As in what a shell starts in the background: the programs that tests end would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the enforcer once, before the workers of pytest-xdist start.

    Tests start thousands of processes, most of them with PYTHONDONTWRITEBYTECODE set, by the test
    or by the machine: each would compile all that it imports, which takes four times as long as
    the rest of a start.
    """
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(PROJECT / "enforcer", quiet=2)
