"""Keep one instance for each key.

No lock is held while the program's code runs: whoever comes first for a key makes its instance,
and others who want the same one wait for it. A failure belongs to the call that made it; those
who waited try again, one after the other.
"""

import _thread
import sys
from _weakref import _remove_dead_weakref, ref  # type: ignore[attr-defined]
from itertools import count

from enforcer.errors import InstanceError
from enforcer.rules.delegated import STRONG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from enforcer.rules.delegated import Instances


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


class Registry:
    """Keep the instances of one class or factory.

    Attributes:
        table: key → what gives the instance, or None if it is gone.
        known: the ids of the instances that are kept.
        rule: what the map says.
        note: told once about instances that can't be held weakly.

    """

    __slots__ = (
        "_guard",
        "_making",
        "_ticks",
        "_used",
        "_waiting",
        "known",
        "note",
        "rule",
        "table",
    )

    def __init__(self, rule: "Instances", note: "Callable[[str], object]") -> None:
        """Start without instances."""
        self.rule = rule
        self.note = note
        self.table: dict[object, Callable[[], Any]] = {}
        self.known: dict[int, object] = {}
        self._ticks = count()
        self._used: dict[object, int] = {}
        self._begin()

    def _begin(self) -> None:
        self._making: dict[object, Making] = {}
        self._waiting: dict[int, Making] = {}
        # Held for a moment of bookkeeping, never while anybody else's code runs.
        self._guard = _thread.allocate_lock()

    @property
    def orders(self) -> bool:
        """Whether it has to know which instance was used last."""
        return bool(self.rule.maximum) and self.rule.hold == STRONG

    def get(self, key: object) -> object:
        """Give the instance that there is, or None."""
        found = self.table.get(key)
        instance = found() if found is not None else None
        if instance is not None and self.orders:
            self._used[key] = next(self._ticks)
        return instance

    def obtain(self, key: object, make: "Callable[[], object]") -> object:
        """Give the instance of a key, making it if there is none.

        Raises:
            InstanceError: if there are too many, or making it asks for itself.

        """
        while True:
            instance = self.get(key)
            if instance is not None:
                return instance
            mine = Making()
            other = self._making.setdefault(key, mine)
            if other is not mine:
                self._await_thread(other, key)
                continue
            try:
                instance = self.get(key)
                if instance is None:
                    self._make_room()
                    instance = make()
                    self.keep(key, instance)
                return instance
            finally:
                self._ended(key, mine)

    def _ended(self, key: object, making: Making) -> None:
        if self._making.get(key) is making:
            del self._making[key]
        making.end(self._guard)

    def _await_thread(self, making: Making, key: object) -> None:
        """Wait for another thread, unless it waits, however indirectly, for this one."""
        me = _thread.get_ident()
        with self._guard:
            other: Making | None = making
            while other is not None:
                if other.thread == me:
                    raise self._circle(key)
                other = self._waiting.get(other.thread)
            self._waiting[me] = making
        try:
            making.wait()
        finally:
            self._waiting.pop(me, None)

    def _circle(self, key: object) -> InstanceError:
        return InstanceError(
            f'"{self.rule.canonical}" asked for the instance of {key!r} while making it. '
            "Pass on what is being made instead (instance-circle)"
        )

    async def obtain_async(
        self, key: object, make: "Callable[[], Coroutine[object, object, object]]"
    ) -> object:
        """Give the instance of a key, awaiting it if there is none.

        Whoever comes first makes it in their own task. If that one is cancelled, the next
        one who waits makes it.

        Raises:
            InstanceError: if there are too many, or making it asks for itself.

        """
        while True:
            instance = self.get(key)
            if instance is not None:
                return instance
            mine = Making(_current_task())
            other = self._making.setdefault(key, mine)
            if other is not mine:
                if other.task is not None and other.task is mine.task:
                    raise self._circle(key)
                await _wait_for(other, self._guard)
                continue
            try:
                instance = self.get(key)
                if instance is None:
                    self._make_room()
                    instance = await make()
                    self.keep(key, instance)
                return instance
            finally:
                self._ended(key, mine)

    # Keeping and letting go.

    def keep(self, key: object, instance: object) -> None:
        """Keep an instance; one that is nothing is not kept."""
        if instance is None:
            return
        identity = id(instance)
        self._used[key] = next(self._ticks)
        try:
            weak = ref(instance, lambda _gone: self._forget(key, identity))
        except TypeError:
            self.note(
                f'Instances of "{self.rule.canonical}" can\'t be held weakly: they stay until '
                "they are released. Give the class a slot __weakref__."
            )
            self.table[key] = lambda: instance
        else:
            self.table[key] = weak if self.rule.hold != STRONG else lambda: instance
            if self.rule.hold == STRONG:
                self.known[identity] = weak
                return
        self.known[identity] = key

    def _forget(self, key: object, identity: int) -> None:
        # May be called anywhere, by the garbage collector: it takes no lock.
        self.known.pop(identity, None)
        try:
            _remove_dead_weakref(self.table, key)
        except TypeError:
            return  # another instance is held strongly under this key by now
        if key not in self.table:
            self._used.pop(key, None)

    def release(self, key: object) -> bool:
        """Let go of an instance; tell whether there was one."""
        found = self.table.pop(key, None)
        instance = found() if found is not None else None
        if instance is None:
            return False
        self._used.pop(key, None)
        self.known.pop(id(instance), None)
        return True

    def forget_making(self) -> None:
        """Forget what other threads were making, in a forked child that has none of them."""
        self._begin()

    def clear(self) -> None:
        """Keep nothing any more."""
        self.table.clear()
        self.known.clear()
        self._used.clear()

    def _make_room(self) -> None:
        """Let instances go that nobody uses, the least recently used first.

        Raises:
            InstanceError: if all are in use.

        """
        maximum = self.rule.maximum
        if not maximum or len(self.table) + len(self._making) <= maximum:
            return
        if self.rule.hold == STRONG and any(map(self._let_go, self._least_used())):
            return
        from gc import collect  # only here, where the alternative is an error

        kept = [self._weaken(key) for key in self._least_used()] if self.orders else []
        collect()
        for key, weak in kept:
            instance = weak() if weak is not None else None
            if instance is not None:
                self.table[key] = _held(instance)
        if len(self.table) + len(self._making) > maximum:
            message = (
                f'"{self.rule.canonical}" has {len(self.table)} instances in use, and the map '
                f"allows {maximum}. Release some, or raise maximum (too-many-instances)"
            )
            raise InstanceError(message)

    def _least_used(self) -> "list[object]":
        return sorted(self.table.copy(), key=lambda key: self._used.get(key, 0))

    def _weaken(self, key: object) -> "tuple[object, Any]":
        found = self.table.get(key)
        weak = self.known.get(id(found())) if found is not None else None
        if not isinstance(weak, ref):
            return key, None  # can't be held weakly: nobody can tell whether it is in use
        self.table[key] = weak
        return key, weak

    def _let_go(self, key: object) -> bool:
        """Let an instance go if nobody else uses it; tell whether it is gone."""
        key, weak = self._weaken(key)
        if weak is None:
            return False
        instance = weak()
        if instance is None:
            return True
        self.table[key] = _held(instance)
        return False


def _held(instance: object) -> "Callable[[], object]":
    return lambda: instance


def _current_task() -> object:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.current_task() if asyncio is not None else None
    except RuntimeError:  # another kind of event loop
        return None


async def _wait_for(making: Making, guard: "_thread.LockType") -> None:
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

    making.call_at_end(wake_there, guard)
    await made
