"""Wait for what is sure to come, with a patience of minutes.

A machine that tests run on may have much else to do: a process that starts in a tenth of a
second may need ten. So no test waits for a fixed time, and none takes a slow answer for a wrong
one. What is sure to come is waited for; if it does not come in minutes, that is the fault that
the test reports.
"""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")

PATIENCE = 300
"""How long to wait for an event, or for the end of a process, in seconds."""

EXITS = {"ENFORCER_EXIT_TIMEOUT": str(PATIENCE)}
"""Lets a program of a test write its last uses; tests of the second that it has set another one."""

WAIT_UNTIL = f"""
def wait_until(is_so):
    import time
    until = time.monotonic() + {PATIENCE}
    while not is_so():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.005)
"""
"""The same as :func:`wait_until`, for programs that tests write and run."""


def wait_until(condition: Callable[[], T], said: Callable[[], object] = str) -> T:
    """Return what a condition returns, once that is true.

    Args:
        condition: what to ask again and again.
        said: what to show if it never becomes true; called then.

    Raises:
        AssertionError: if it is not true after minutes.

    """
    until = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < until, said()
        time.sleep(0.01)
    return value


def wait_beside(
    process: "subprocess.Popen[str]", condition: Callable[[], T], said: Callable[[], object]
) -> T:
    """Return what a condition returns, once that is true; the process may not end before.

    Args:
        process: who makes it true.
        condition: what to ask again and again.
        said: what the process has said so far.

    Raises:
        AssertionError: if the process ends, or if it is not true after minutes.

    """

    def found() -> T:
        value = condition()
        assert value or process.poll() is None, said()
        return value

    return wait_until(found, said)


def environment_without(*prefixes: str) -> dict[str, str]:
    """Return this environment without some variables; exits may take minutes all the same."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, **EXITS}
