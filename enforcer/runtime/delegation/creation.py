"""Serialise the creation of instances: the first caller for a key creates, others wait.

Threads and tasks may wait for each other here. No lock is locked while code of the program runs,
and no caller waits for one that waits, even indirectly, for it.
"""

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Making:
    """The creation of an instance in progress.

    Attributes:
        thread: the thread that creates it.
        task: the task that creates it; None outside of a coroutine.

    """

    __slots__ = ("_lock", "_wake", "task", "thread")

    def __init__(self, task: object = None) -> None:
        """Begin, in this thread."""
        self.thread = _thread.get_ident()
        self.task = task
        # A lock used as an event: acquired here, released by end(). "threading" is not loaded.
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self._wake: list[Callable[[], object]] | None = []

    def wait(self) -> None:
        """Wait until the creation ended, successfully or not."""
        with self._lock:
            pass

    def call_at_end(self, wake: "Callable[[], object]", guard: "_thread.LockType") -> None:
        """Call a function when the creation ended, successfully or not."""
        with guard:
            if self._wake is not None:
                self._wake.append(wake)
                return
        wake()

    def end(self, guard: "_thread.LockType") -> None:
        """Wake all that wait."""
        with guard:
            waiting, self._wake = self._wake, None
        self._lock.release()
        for wake in waiting or ():
            wake()


class CircleError(Exception):
    """The creation to wait for waits for this thread, or for this task."""


class Makings:
    """The creations in progress of one class or factory."""

    __slots__ = ("_guard", "_of_keys", "_waiting")

    def __init__(self) -> None:
        self._of_keys: dict[object, Making] = {}
        self._waiting: dict[int, Making] = {}
        # Locked for bookkeeping alone, never while code of the program runs.
        self._guard = _thread.allocate_lock()

    def claim(self, key: object) -> Making | None:
        """Claim the creation of a key's instance for this thread, or wait for another one's.

        Returns:
            The creation, which has to be ended; None after waiting for another thread.

        Raises:
            CircleError: if that thread waits for this one.

        """
        mine = Making()
        # setdefault is atomic: of the callers that get here at once, one inserts its own.
        other = self._of_keys.setdefault(key, mine)
        if other is mine:
            return mine
        self._wait_in_thread(other)
        return None

    async def claim_async(self, key: object) -> Making | None:
        """Claim the creation of a key's instance for this task, or wait for another one's.

        Returns:
            The creation, which has to be ended; None after waiting for another task.

        Raises:
            CircleError: if this very task is creating it.

        """
        mine = Making(_current_task())
        other = self._of_keys.setdefault(key, mine)
        if other is mine:
            return mine
        if other.task is not None and other.task is mine.task:
            raise CircleError
        await self._wait_in_task(other)
        return None

    def end(self, key: object, making: Making) -> None:
        """End a creation, successful or not, and wake all that wait for it."""
        if self._of_keys.get(key) is making:
            del self._of_keys[key]
        making.end(self._guard)

    def up_to(self, key: object) -> int:
        """Count the creations in progress, up to that of a key, which began last."""
        return [*self._of_keys].index(key) + 1

    def _wait_in_thread(self, making: Making) -> None:
        me = _thread.get_ident()
        with self._guard:
            # Each thread waits for one creation at most. If following them leads back to this
            # thread, waiting would never end.
            other: Making | None = making
            while other is not None:
                if other.thread == me:
                    raise CircleError
                other = self._waiting.get(other.thread)
            self._waiting[me] = making
        try:
            making.wait()
        finally:
            self._waiting.pop(me, None)

    async def _wait_in_task(self, making: Making) -> None:
        """Wait for another task, of this event loop or of another thread's."""
        import asyncio  # loaded already, because a coroutine of asyncio's runs

        loop = asyncio.get_running_loop()
        made = loop.create_future()

        def wake() -> None:
            if not made.done():
                made.set_result(None)

        def wake_there() -> None:
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:
                return  # that loop is closed, so nothing waits in it

        making.call_at_end(wake_there, self._guard)
        await made


def _current_task() -> object:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.current_task() if asyncio is not None else None
    except RuntimeError:  # another kind of event loop
        return None
