"""Detect a fork by C code, which runs none of Python's fork hooks.

A server such as uWSGI, or a library, calls ``fork()`` itself. The child has its parent's counts and
its parent's locks, but none of its other threads. Only the changed process id shows the fork, so
all that starts something new compares it first: a new call site, a flush, an end.
"""

import os
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 1.0
"""How long a thread waits for another one that resets the state, in seconds."""

_pid = os.getpid()
_begun_in = _pid
_begin_anew: "Callable[[], object]" = int
# process id → lock. A lock that the fork copied may be locked by a thread that does not exist in
# the child, so each process uses one of its own.
_locks: "dict[int, RLock]" = {}


def is_embedded() -> bool:
    """Return whether a program other than Python's own executable embeds the interpreter.

    Such a program may still fork by C code. ``sys.orig_argv`` is empty there.
    """
    return not sys.orig_argv


def begin_anew_by(begin_anew: "Callable[[], object]") -> None:
    """Set the function that resets the state in a child that C code forks from now on."""
    global _begin_anew  # noqa: PLW0603 - one process, one way to begin anew
    _begin_anew = begin_anew
    was_seen()  # this module may have been loaded before this process was forked


def is_due() -> bool:
    """Return whether C code forked this process, and that was not handled yet."""
    return _pid != os.getpid()


def notice() -> bool:
    """Reset the state if C code forked this process since the last call; return whether it did.

    One thread does so, and the others wait: what they recorded meanwhile would be lost.
    """
    pid = os.getpid()
    if _begun_in == pid:
        return False
    lock = _locks.setdefault(pid, RLock())
    is_alone = lock.acquire(timeout=PATIENCE)
    try:
        is_child = _is_new()  # false in a nested call by the function that resets the state
        if is_child:
            try:
                _begin_anew()
            finally:
                was_seen()
    finally:
        if is_alone:
            lock.release()
    return is_child


def was_seen() -> bool:
    """Note that another hook resets the state in this child; return whether it is a new one."""
    global _begun_in  # noqa: PLW0603 - as above
    is_new = _is_new()
    _begun_in = _pid
    return is_new


def _is_new() -> bool:
    global _pid
    before, _pid = _pid, os.getpid()
    return before != _pid
