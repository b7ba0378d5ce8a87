"""Exact counters, without a lock on the importing thread.

``next(counter)`` counts one use. A counter is an ``itertools.count``, whose ``next`` is one
operation in C: with the GIL all threads share a counter, and no use is lost. Without the GIL two
threads that advance one counter at once may get the same number (3.13t), so each thread has a
counter of its own there.
"""

import sys
from _thread import get_ident
from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The build decides, not sys._is_gil_enabled(): that is true for a moment while an extension loads
# (3.13 and later), and a counter created then would lose uses afterwards.
FREE_THREADED = "free-threading build" in sys.version
"""Whether threads can run Python code at the same time."""

_REPR_BEGINS = len("count(")


class SharedUses:
    """Counts by one counter for all threads.

    A read advances the counter too; the number of reads is subtracted.
    """

    __slots__ = ("_counter", "_read")

    def __init__(self) -> None:
        self._counter = count()
        self._read = 0

    def counter(self) -> "Iterator[int]":
        """Return the counter that the calling thread may advance."""
        return self._counter

    def total(self) -> int:
        """Return the number of uses; only one thread may read at a time."""
        total = next(self._counter) - self._read
        self._read += 1
        return total


class ShardedUses:
    """Counts by a counter for each thread.

    ``get_ident()`` is reused after a thread ended; the new thread then continues with the counter.
    """

    __slots__ = ("_counters",)

    def __init__(self) -> None:
        self._counters: dict[int, count[int]] = {}

    def counter(self) -> "Iterator[int]":
        """Return the counter that the calling thread may advance."""
        thread = get_ident()
        return self._counters.get(thread) or self._counters.setdefault(thread, count())

    def total(self) -> int:
        """Return the number of uses."""
        # Only the counter's own thread may advance it. repr() shows the next number, `count(3)`,
        # without advancing.
        return sum(int(repr(one)[_REPR_BEGINS:-1]) for one in self._counters.copy().values())


Uses: "type[SharedUses | ShardedUses]" = ShardedUses if FREE_THREADED else SharedUses
"""The class of counters for this build."""
