"""Notice a fork by C code, which runs none of Python's hooks.

A server such as uWSGI, or a library, calls ``fork()`` itself. The child has its parent's counts,
its parent's locks, and a thread of which nothing but the locks is there. A changed process id is
all that shows it. So whatever begins something new looks at it first: a new call site, a flush,
an end.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_pid = os.getpid()
_begin_anew: "Callable[[], object]" = int


def begin_anew_by(begin_anew: "Callable[[], object]") -> None:
    """Set what is called, without arguments, in a child that C code forked."""
    global _begin_anew  # noqa: PLW0603 - one process, one way to begin anew
    _begin_anew = begin_anew


def is_due() -> bool:
    """Return whether C code forked this process, and nobody has noticed yet."""
    return _pid != os.getpid()


def notice() -> bool:
    """Begin anew if C code forked this process since the last call; return whether it did."""
    is_child = was_seen()
    if is_child:
        _begin_anew()
    return is_child


def was_seen() -> bool:
    """Note that somebody else begins anew in this child; return whether it is a new one."""
    global _pid
    before, _pid = _pid, os.getpid()
    return before != _pid
