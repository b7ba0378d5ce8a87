"""Keep one instance for each key, and let it go.

A failure belongs to the call that made the instance; those who waited for it (``making``) try
again, one after the other.
"""

from _weakref import _remove_dead_weakref, ref  # type: ignore[attr-defined]
from itertools import count

from enforcer.delegation.making import CircleError, Makings
from enforcer.errors import InstanceError
from enforcer.rules.delegated import STRONG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from enforcer.rules.delegated import Instances


class Registry:
    """Keep the instances of one class or factory.

    Attributes:
        table: key → what gives the instance, or None if it is gone.
        known: the ids of the instances that are or were kept, as long as they live; each with
            a weak reference, or None.
        rule: what the map says.
        note: told once about instances that can't be held weakly.

    """

    __slots__ = ("_makings", "_ticks", "_used", "known", "note", "rule", "table")

    def __init__(self, rule: "Instances", note: "Callable[[str], object]") -> None:
        """Start without instances."""
        self.rule = rule
        self.note = note
        self.table: dict[object, Callable[[], Any]] = {}
        self.known: dict[int, object] = {}
        self._ticks = count()
        self._used: dict[object, int] = {}
        self._makings = Makings()

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

    # Keeping and letting go.

    def keep(self, key: object, instance: object) -> None:
        """Keep an instance; one that is nothing is not kept."""
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
        # Known before anybody can find it, or __init__ would run for them once more.
        self.known[identity] = weak
        is_weak = weak is not None and self.rule.hold != STRONG
        self.table[key] = weak if is_weak else _held(instance)  # type: ignore[assignment]

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
        if self.known.get(id(instance)) is None:
            self.known.pop(id(instance), None)  # nobody will tell when it goes
        return True

    def forget_making(self) -> None:
        """Forget what other threads were making, in a forked child that has none of them."""
        self._makings = Makings()

    def clear(self) -> None:
        """Keep nothing any more."""
        self.table.clear()
        self.known.clear()
        self._used.clear()

    def _make_room(self, key: object) -> None:
        """Let instances go that nobody uses, the least recently used first.

        Args:
            key: the key whose instance is about to be made.

        Raises:
            InstanceError: if all are in use.

        """
        while self._is_full(key) and self._let_one_go():
            pass  # once more: another thread may have taken the place
        if self._is_full(key):
            self._collect()
        if self._is_full(key):
            message = (
                f'"{self.rule.canonical}" has {len(self.table)} instances in use, and the map '
                f"allows {self.rule.maximum}. Release some, or raise maximum "
                "(too-many-instances)"
            )
            raise InstanceError(message)

    def _is_full(self, key: object) -> bool:
        if not self.rule.maximum:
            return False
        # In this order: what is made meanwhile is counted twice, and not left out.
        before = self._makings.up_to(key)
        return before + len(self.table) > self.rule.maximum

    def _let_one_go(self) -> bool:
        return self.orders and any(map(self._let_go, self._least_used()))

    def _collect(self) -> None:
        """Let those go that only the garbage collector finds unused."""
        from gc import collect  # only here, where the alternative is an error

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
            return key, None  # can't be held weakly: nobody can tell whether it is in use
        self.table[key] = weak
        return key, weak

    def _let_go(self, key: object) -> bool:
        """Let an instance go if nobody else uses it; tell whether it is gone."""
        key, weak = self._weaken(key)
        return weak is not None and not self._hold_again(key, weak)

    def _hold_again(self, key: object, weak: "Callable[[], object] | None") -> bool:
        """Hold an instance that somebody uses; tell whether there is one."""
        instance = weak() if weak is not None else None
        if instance is not None and self.table.get(key) is weak:
            self.table[key] = _held(instance)
        return instance is not None


def _held(instance: object) -> "Callable[[], object]":
    return lambda: instance
