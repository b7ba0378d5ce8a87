"""Let whoever comes first for a key make its instance, and others wait for it.

Threads and tasks meet here. No lock is held while anybody else's code runs, and nobody waits
for somebody who waits, however indirectly, for them.
"""

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Making:
    """Stand for an instance that is being made.

    Attributes:
        thread: the thread that makes it.
        task: the task that makes it; None outside of a coroutine.

    """

    __slots__ = ("_lock", "_wake", "task", "thread")

    def __init__(self, task: object = None) -> None:
        """Begin, in this thread."""
        self.thread = _thread.get_ident()
        self.task = task
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self._wake: list[Callable[[], object]] | None = []

    def wait(self) -> None:
        """Wait until it is made, or has failed."""
        with self._lock:
            pass

    def call_at_end(self, wake: "Callable[[], object]", guard: "_thread.LockType") -> None:
        """Have something called when it is made, or has failed."""
        with guard:
            if self._wake is not None:
                self._wake.append(wake)
                return
        wake()

    def end(self, guard: "_thread.LockType") -> None:
        """Let those who wait go on."""
        with guard:
            waiting, self._wake = self._wake, None
        self._lock.release()
        for wake in waiting or ():
            wake()


class CircleError(Exception):
    """What would be waited for waits for this thread, or for this task."""


class Makings:
    """Hold the instances of one class or factory that are being made."""

    __slots__ = ("_guard", "_of_keys", "_waiting")

    def __init__(self) -> None:
        """Begin with none."""
        self._of_keys: dict[object, Making] = {}
        self._waiting: dict[int, Making] = {}
        # Held for a moment of bookkeeping, never while anybody else's code runs.
        self._guard = _thread.allocate_lock()

    def claim(self, key: object) -> Making | None:
        """Make the instance of a key in this thread, unless another one makes it.

        Returns:
            What has to be ended; None after waiting for another thread.

        Raises:
            CircleError: if that one waits for this thread.

        """
        mine = Making()
        other = self._of_keys.setdefault(key, mine)
        if other is mine:
            return mine
        self._wait_in_thread(other)
        return None

    async def claim_async(self, key: object) -> Making | None:
        """Make the instance of a key in this task, unless another one makes it.

        Returns:
            What has to be ended; None after waiting for another task.

        Raises:
            CircleError: if this very task makes it.

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
        """Let those who wait for an instance go on: it is made, or has failed."""
        if self._of_keys.get(key) is making:
            del self._of_keys[key]
        making.end(self._guard)

    def up_to(self, key: object) -> int:
        """Count the instances that are being made, up to that of a key, which came last."""
        return [*self._of_keys].index(key) + 1

    def _wait_in_thread(self, making: Making) -> None:
        me = _thread.get_ident()
        with self._guard:
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
        import asyncio  # whoever runs a coroutine has loaded it

        loop = asyncio.get_running_loop()
        made = loop.create_future()

        def wake() -> None:
            if not made.done():
                made.set_result(None)

        def wake_there() -> None:
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:
                return  # that loop is closed, and nobody waits in it

        making.call_at_end(wake_there, self._guard)
        await made


def _current_task() -> object:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.current_task() if asyncio is not None else None
    except RuntimeError:  # another kind of event loop
        return None
