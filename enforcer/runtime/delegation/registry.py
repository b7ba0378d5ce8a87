"""Keep one instance for each key, and release it.

An error belongs to the call that was creating the instance; callers that waited for it
(``creation``) try again, one after the other.
"""

from _weakref import _remove_dead_weakref, ref  # type: ignore[attr-defined]
from itertools import count

from enforcer.errors import InstanceError
from enforcer.rules.factory_model import STRONG
from enforcer.runtime.delegation.creation import CircleError, Makings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from enforcer.rules.factory_model import Instances


class Registry:
    """The kept instances of one class or factory.

    Attributes:
        table: key → function that returns the instance, or None if it is gone.
        known: ``id()`` of each instance that is or was kept, as long as it lives → a weak
            reference, or None.
        rule: the map's entry.
        note: called once about instances without weak references.

    """

    __slots__ = ("_makings", "_ticks", "_used", "known", "note", "rule", "table")

    def __init__(self, rule: "Instances", note: "Callable[[str], object]") -> None:
        self.rule = rule
        self.note = note
        self.table: dict[object, Callable[[], Any]] = {}
        self.known: dict[int, object] = {}
        self._ticks = count()
        self._used: dict[object, int] = {}
        self._makings = Makings()

    @property
    def orders(self) -> bool:
        """Whether the order of last uses has to be recorded."""
        return bool(self.rule.maximum) and self.rule.hold == STRONG

    def get(self, key: object) -> object:
        """Return the existing instance, or None."""
        found = self.table.get(key)
        instance = found() if found is not None else None
        if instance is not None and self.orders:
            self._used[key] = next(self._ticks)
        return instance

    def obtain(self, key: object, make: "Callable[[], object]") -> object:
        """Return the instance of a key; create it if there is none.

        Raises:
            InstanceError: if there are too many, or its creation asks for the same key.

        """
        while True:
            instance = self.get(key)
            if instance is not None:
                return instance
            try:
                mine = self._makings.claim(key)
            except CircleError:
                raise self._circle(key) from None
            if mine is None:
                continue
            try:
                instance = self.get(key)
                if instance is None:
                    self._make_room(key)
                    instance = make()
                    self.keep(key, instance)
                return instance
            finally:
                self._makings.end(key, mine)

    def _circle(self, key: object) -> InstanceError:
        return InstanceError(
            f'"{self.rule.canonical}" asked for the instance of {key!r} while making it. '
            "Pass on what is being made instead (instance-circle)"
        )

    async def obtain_async(
        self, key: object, make: "Callable[[], Coroutine[object, object, object]]"
    ) -> object:
        """Return the instance of a key; create it if there is none.

        The first caller creates it in its own task. If that task is cancelled, the next one that
        waits creates it.

        Raises:
            InstanceError: if there are too many, or its creation asks for the same key.

        """
        while True:
            instance = self.get(key)
            if instance is not None:
                return instance
            try:
                mine = await self._makings.claim_async(key)
            except CircleError:
                raise self._circle(key) from None
            if mine is None:
                continue
            try:
                instance = self.get(key)
                if instance is None:
                    self._make_room(key)
                    instance = await make()
                    self.keep(key, instance)
                return instance
            finally:
                self._makings.end(key, mine)

    # Keeping and releasing.

    def keep(self, key: object, instance: object) -> None:
        """Keep an instance, unless it is None."""
        if instance is None:
            return
        identity = id(instance)
        self._used[key] = next(self._ticks)
        weak = None
        try:
            weak = ref(instance, lambda _gone: self._forget(key, identity))
        except TypeError:
            self.note(
                f'Instances of "{self.rule.canonical}" can\'t be held weakly: they stay until '
                "they are released. Give the class a slot __weakref__."
            )
        # Before it is in the table: other threads that find it there must see that it is known,
        # or __init__ would run again.
        self.known[identity] = weak
        is_weak = weak is not None and self.rule.hold != STRONG
        self.table[key] = weak if is_weak else _held(instance)  # type: ignore[assignment]

    def _forget(self, key: object, identity: int) -> None:
        # A callback of a weak reference, called by the garbage collector at any instruction of any
        # thread: it must not acquire a lock, which that thread may own.
        self.known.pop(identity, None)
        try:
            _remove_dead_weakref(self.table, key)
        except TypeError:
            return  # another instance is held strongly under this key by now
        if key not in self.table:
            self._used.pop(key, None)

    def release(self, key: object) -> bool:
        """Release an instance; return whether there was one."""
        found = self.table.pop(key, None)
        instance = found() if found is not None else None
        if instance is None:
            return False
        self._used.pop(key, None)
        if self.known.get(id(instance)) is None:
            self.known.pop(id(instance), None)  # no weak reference will report its end
        return True

    def forget_making(self) -> None:
        """Forget the creations of other threads, in a forked child without these threads."""
        self._makings = Makings()

    def clear(self) -> None:
        """Release all instances."""
        self.table.clear()
        self.known.clear()
        self._used.clear()

    def _make_room(self, key: object) -> None:
        """Release instances that are not in use, the least recently used first.

        Args:
            key: the key whose instance is about to be created.

        Raises:
            InstanceError: if all are in use.

        """
        while self._is_full(key) and self._let_one_go():
            pass  # again: another thread may have used the free place
        if self._is_full(key):
            self._collect()
        if self._is_full(key):
            number = len(self.table)
            noun = "instance" if number == 1 else "instances"
            message = (
                f'"{self.rule.canonical}" has {number} {noun} in use, and the map '
                f"allows {self.rule.maximum}. Release some, or raise maximum "
                "(too-many-instances)"
            )
            raise InstanceError(message)

    def _is_full(self, key: object) -> bool:
        if not self.rule.maximum:
            return False
        # In this order an instance that is created meanwhile is counted twice; in the other one it
        # would not be counted at all.
        before = self._makings.up_to(key)
        return before + len(self.table) > self.rule.maximum

    def _let_one_go(self) -> bool:
        return self.orders and any(map(self._let_go, self._least_used()))

    def _collect(self) -> None:
        """Release instances that only the garbage collector finds unused."""
        from gc import collect  # a full collection is slow, but the alternative is an error

        weakened = [self._weaken(key) for key in self._least_used()] if self.orders else []
        collect()
        for key, weak in weakened:
            self._hold_again(key, weak)

    def _least_used(self) -> "list[object]":
        return sorted(self.table.copy(), key=lambda key: self._used.get(key, 0))

    def _weaken(self, key: object) -> "tuple[object, Any]":
        found = self.table.get(key)
        weak = self.known.get(id(found())) if found is not None else None
        if not isinstance(weak, ref):
            return key, None  # without a weak reference: whether it is in use is unknown
        self.table[key] = weak
        return key, weak

    def _let_go(self, key: object) -> bool:
        """Release an instance unless it is in use elsewhere; return whether it is gone."""
        key, weak = self._weaken(key)
        return weak is not None and not self._hold_again(key, weak)

    def _hold_again(self, key: object, weak: "Callable[[], object] | None") -> bool:
        """Make a reference strong again; return whether the instance still exists."""
        instance = weak() if weak is not None else None
        if instance is not None and self.table.get(key) is weak:
            self.table[key] = _held(instance)
        return instance is not None


def _held(instance: object) -> "Callable[[], object]":
    return lambda: instance
