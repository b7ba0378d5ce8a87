"""Count uses exactly, without a lock on the importing thread.

``next(counter)`` counts one use. A counter is an ``itertools.count``, whose ``next`` is a
single step of C: with the GIL all threads share one, and nothing is lost. Without the GIL two
threads that advance one counter at once may get the same number (3.13t), so there each
thread advances a counter of its own.
"""

import sys
from _thread import get_ident
from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What the interpreter was built for. sys._is_gil_enabled() changes: it is true for a moment
# while an extension loads, and a counter made just then would lose uses afterwards.
FREE_THREADED = "free-threading build" in sys.version
"""Whether threads can run Python code at the same time."""

_REPR_BEGINS = len("count(")


class SharedUses:
    """Count by one counter for all threads.

    Whoever reads it takes a number too, and the numbers that readers took are subtracted.
    """

    __slots__ = ("_counter", "_read")

    def __init__(self) -> None:
        """Start at zero."""
        self._counter = count()
        self._read = 0

    def counter(self) -> "Iterator[int]":
        """Return the counter that the calling thread may advance."""
        return self._counter

    def total(self) -> int:
        """Return how many uses there were; one thread at a time."""
        total = next(self._counter) - self._read
        self._read += 1
        return total


class ShardedUses:
    """Count by a counter for each thread.

    The operating system gives the number of a thread that ended to a new one, which then
    goes on with its counter.
    """

    __slots__ = ("_counters",)

    def __init__(self) -> None:
        """Start at zero."""
        self._counters: dict[int, count[int]] = {}

    def counter(self) -> "Iterator[int]":
        """Return the counter that the calling thread may advance."""
        thread = get_ident()
        return self._counters.get(thread) or self._counters.setdefault(thread, count())

    def total(self) -> int:
        """Return how many uses there were."""
        # Only its own thread may advance a counter; its repr has the next number.
        return sum(int(repr(one)[_REPR_BEGINS:-1]) for one in self._counters.copy().values())


Uses: "type[SharedUses | ShardedUses]" = ShardedUses if FREE_THREADED else SharedUses
"""How this build counts."""
