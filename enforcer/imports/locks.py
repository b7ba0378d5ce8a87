"""Stand where a thread asks for the lock of a legacy module.

``_module_locks[name]`` is a callable that gives the lock; a :class:`Gate` takes its place and
gives the very same lock. Two things happen only there:

- Up to 3.12, C discards an exception raised while it reads ``__spec__``. The refusal is kept
  for the thread, the spec looks initialising, and C comes here next.
- A thread that found the module missing, and waited while another thread loaded it, is never
  asked for anything again: this is where it is counted.
"""

import _weakref
from _thread import get_ident

from enforcer.imports import bootstrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from enforcer.imports.link import Link


class Gate:
    """Give a module's lock, unless the asking thread is refused."""

    __slots__ = ("_link", "_locks", "lock")

    def __init__(self, locks: "Locks", link: "Link", lock: object) -> None:
        """Take the lock over; the gate keeps it alive."""
        self._locks = locks
        self._link = link
        self.lock = lock

    @bootstrap.as_import_system
    def __call__(self) -> object:
        """Answer as the weak reference would that stood here."""
        refusal = self._locks.refusals.pop((get_ident(), self._link.legacy), None)
        if refusal is not None:
            raise bootstrap.trimmed(refusal)
        waiting = bootstrap.getframe(1).f_back  # the frame above _get_module_lock
        if waiting is not None and bootstrap.is_waiting(waiting) and self._locks.enabled:
            # _get_module_lock holds the global import lock; counting may warn, and a
            # warning runs other people's code.
            bootstrap.release_global_lock()
            try:
                if self._locks.waited(self._link, waiting.f_back):
                    # Nobody else waits for this one, as no import would have without us.
                    return bootstrap.new_lock(self._link.legacy)
            finally:
                bootstrap.acquire_global_lock()
        return self.lock


class _Failed:
    """Raise an error once, where one thread asks for a module's lock."""

    __slots__ = ("_error", "_name", "_standing", "_thread")

    def __init__(self, name: str, error: BaseException) -> None:
        """Stand before what gives the module's lock, if anything does."""
        self._name = name
        self._error = error
        self._thread = get_ident()
        self._standing = bootstrap.module_locks.get(name)

    def __call__(self) -> object:
        """Answer as what stood here; None lets a lock be made."""
        if get_ident() != self._thread:
            return self._standing() if self._standing is not None else None
        if self._standing is None:
            del bootstrap.module_locks[self._name]
        else:
            bootstrap.module_locks[self._name] = self._standing
        raise self._error


class Locks:
    """Keep the gates and the refusals that wait in front of them."""

    __slots__ = ("_expected", "_gates", "_seen", "enabled", "refusals")

    def __init__(self) -> None:
        """Start with no gate."""
        self.enabled = True
        self.refusals: dict[tuple[int, str], BaseException] = {}
        self._expected: dict[int, tuple[int, int]] = {}
        self._seen: dict[tuple[int, str], int] = {}
        self._gates: dict[str, Gate] = {}

    def install(self, link: "Link") -> None:
        """Put a gate in front of a legacy module's lock, once."""
        name = link.legacy
        standing = bootstrap.module_locks.get(name)
        if isinstance(standing, Gate) and standing is self._gates.get(name):
            return
        bootstrap.acquire_global_lock()
        try:
            reference = bootstrap.module_locks.get(name)
            lock = reference() if reference is not None else None
            if lock is None:
                lock = bootstrap.new_lock(name)
            gate = self._gates[name] = Gate(self, link, lock)
            bootstrap.module_locks[name] = gate
        finally:
            bootstrap.release_global_lock()

    def refuse(self, link: "Link", error: BaseException) -> None:
        """Raise an error when this thread asks for the module's lock, which it does next."""
        self.install(link)
        self.refusals[get_ident(), link.legacy] = error

    def fail_once(self, name: str, error: BaseException) -> None:
        """Raise an error when this thread imports a module, which it does next.

        ``hasattr()`` in ``_handle_fromlist`` takes an AttributeError of a submodule's body for
        an answer, and the import system goes on to import the submodule, once more.
        """
        bootstrap.acquire_global_lock()
        try:
            bootstrap.module_locks[name] = _Failed(name, error)
        finally:
            bootstrap.release_global_lock()

    def note_seen(self, link: "Link", frame: object) -> None:
        """Remember that an import which is about to wait was seen, and counted if it counts."""
        self._seen[get_ident(), link.legacy] = id(frame)

    def expect(self, frame: "FrameType") -> None:
        """Remember a frame that asks for a lock next, if it imports; it only missed a name else.

        Then the lock's name says which path C code imports.
        """
        self._expected[get_ident()] = (id(frame), frame.f_lasti)

    def waited(self, link: "Link", frame: "FrameType | None") -> bool:
        """Count an import that has to wait for the lock, unless it was seen.

        Returns:
            Whether the lock was only asked for so that the import could be counted.

        """
        expected = self._expected.pop(get_ident(), None)
        if frame is not None and expected == (id(frame), frame.f_lasti):
            return not link.confirm_at_lock(frame)
        self._count_waiting(link, frame)
        return False

    def _count_waiting(self, link: "Link", frame: "FrameType | None") -> None:
        if self._seen.pop((get_ident(), link.legacy), None) == id(frame):
            return
        if frame is not None and bootstrap.is_find_and_load(frame):
            link.watch.guarded(link.legacy, link.record_load, frame)
        elif link.waits_unseen() and not _counts_elsewhere(link, frame):
            link.watch.guarded(link.legacy, link.record_waiting, frame)

    def remove(self) -> None:
        """Take all gates away; a lock that is free is made anew when needed."""
        self.enabled = False
        bootstrap.acquire_global_lock()
        try:
            for name, gate in self._gates.items():
                if bootstrap.module_locks.get(name) is gate:
                    bootstrap.module_locks[name] = _reference(name, gate.lock)
        finally:
            bootstrap.release_global_lock()
        self._gates.clear()


def _counts_elsewhere(link: "Link", frame: "FrameType | None") -> bool:
    """Tell whether C waits on the way to a module below, or for a name fetched later."""
    wanted = bootstrap.called_import(frame) if frame is not None else None
    if frame is None or wanted is None:
        return False
    # From 3.14 on a package that is still executed is imported again for its child.
    if wanted[0] != link.legacy or bootstrap.is_parent_import(wanted[1]):
        return True
    return link.counts_later(frame)


def _reference(name: str, lock: object) -> "Callable[[], object]":
    """Refer to a lock as _get_module_lock does: weakly, gone with the lock."""

    def forget(reference: object) -> None:
        if bootstrap.module_locks.get(name) is reference:
            del bootstrap.module_locks[name]

    return _weakref.ref(lock, forget)
