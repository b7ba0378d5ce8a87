"""Gates on the locks of legacy modules: they see which imports wait for a lock and which pass it.

The import system locks a module while it loads it (``_get_module_lock``,
Lib/importlib/_bootstrap.py, 3.11 to 3.15). It calls ``lock.acquire()`` and ``lock.release()`` on
the one lock object of a module, so instance attributes of these names replace the methods for all
threads, also for those that wait already. A :class:`Gate` sets them. Three things can be seen
nowhere else:

- Up to 3.12, C discards an exception raised while it reads ``__spec__``. The refusal is stored
  for the thread and the spec looks initialising, so C acquires the lock next, where the error is
  raised.
- An import that finds the module missing, while another thread or the body of a package loads it,
  reads nothing afterwards: it is counted when it releases the lock.
- An import that waits for a load which fails is retried from 3.14 on: it counts once.

A frame of the import system that was counted is recognised by its ``id()`` until it releases the
lock, which it always does; so no identity is reused meanwhile.
"""

import sys
from _thread import get_ident

from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from enforcer.runtime.imports.cpython import ModuleLock
    from enforcer.runtime.imports.owner import LegacyLink


class Gate:
    """Replaces ``acquire`` and ``release`` of one module's lock, and reports their callers."""

    __slots__ = ("_link", "_locks", "lock")

    def __init__(self, locks: "Locks", link: "LegacyLink", lock: "ModuleLock") -> None:
        """Set both attributes on the lock."""
        # _module_locks has weak references. The gate keeps the lock alive, or the import system
        # would create a new one, without a gate.
        self._locks = locks
        self._link = link
        self.lock = lock
        lock.acquire = self.acquire  # type: ignore[method-assign]
        lock.release = self.release  # type: ignore[method-assign]

    @cpython.as_import_system
    def acquire(self) -> object:
        """Raise the refusal stored for this thread, or acquire the lock."""
        locks, link, lock = self._locks, self._link, self.lock
        refusal = locks.refusals.pop((get_ident(), link.legacy), None)
        if refusal is not None:
            raise cpython.trimmed(refusal)
        frame = cpython.frame_above(1)
        if not locks.asks(link, frame):
            # The import only asked because its spec was made to look initialising. Without the
            # enforcer it would not lock, so it must not wait here either.
            return True  # as importlib's own method does
        try:
            return type(lock).acquire(lock)
        except RuntimeError:
            # _DeadlockError, a RuntimeError: threads wait for each other in a circle.
            locks.gave_up(link, frame)
            raise

    @cpython.as_import_system
    def release(self) -> None:
        """Release the lock, then count the import that passed it.

        In this order, because counting may run code of the program.
        """
        lock, frame = self.lock, cpython.frame_above(1)
        if self._locks.skips(frame):
            return
        type(lock).release(lock)
        self._locks.passed(self._link, frame)

    def remove(self) -> None:
        """Delete both attributes from the lock."""
        for name in ("acquire", "release"):
            if getattr(vars(self.lock).get(name), "__self__", None) is self:
                delattr(self.lock, name)


class _Failure:
    """Raises an error once, when one thread acquires a module's lock."""

    __slots__ = ("_error", "_failures", "_lock", "_standing", "_thread")

    def __init__(self, failures: "set[_Failure]", lock: "ModuleLock", error: BaseException) -> None:
        self._failures = failures
        self._lock = lock
        self._error = error
        self._thread = get_ident()
        self._standing = vars(lock).get("acquire")
        lock.acquire = self.acquire  # type: ignore[method-assign]
        failures.add(self)  # this object refers to the lock, which has to live until then

    def acquire(self) -> object:
        lock, standing = self._lock, self._standing
        if get_ident() != self._thread:
            return standing() if standing is not None else type(lock).acquire(lock)
        del lock.acquire
        if standing is not None:
            lock.acquire = standing  # type: ignore[method-assign]
        self._failures.discard(self)
        raise self._error


class Locks:
    """The gates, the refusals stored for them, and the imports counted there."""

    __slots__ = (
        "_expected",
        "_failures",
        "_gates",
        "_met",
        "_passing",
        "_retrying",
        "_seen",
        "_skipping",
        "refusals",
    )

    def __init__(self) -> None:
        self.refusals: dict[tuple[int, str], BaseException] = {}
        self._gates: dict[str, Gate] = {}
        self._failures: set[_Failure] = set()
        # id() of frames of _find_and_load that were counted and will release the lock → whether
        # they found the module and only wait for it.
        self._passing: dict[int, bool] = {}
        # id() of frames of _lock_unlock_module → the module that they wait for; and the id() of
        # those that ask only because their spec looked initialising.
        self._met: dict[int, object] = {}
        self._skipping: set[int] = set()
        # thread → the instruction that acquires a lock next, if it imports.
        self._expected: dict[int, tuple[int, int]] = {}
        # (thread, legacy path) → the instruction whose import by C code is about to wait, and
        # the one whose import C is about to retry.
        self._seen: dict[tuple[int, str], tuple[int, int]] = {}
        self._retrying: dict[tuple[int, str], tuple[int, int]] = {}

    def install(self, link: "LegacyLink") -> None:
        """Put a gate on a legacy module's lock, unless it has one."""
        name = link.legacy
        if name in self._gates:
            return
        # The import system creates and looks up module locks under its global lock.
        cpython.acquire_global_lock()
        try:
            if name not in self._gates:
                self._gates[name] = Gate(self, link, cpython.module_lock(name))
        finally:
            cpython.release_global_lock()

    def refuse(self, link: "LegacyLink", error: BaseException) -> None:
        """Store an error, raised when this thread acquires the module's lock, which comes next."""
        self.install(link)
        link.watch.uses.explain(
            link.legacy, "raised at the module's lock: C discards it before 3.13"
        )
        self.refusals[get_ident(), link.legacy] = error

    def fail_once(self, name: str, error: BaseException) -> None:
        """Raise an error when this thread imports a module, which it does next.

        ``hasattr()`` in ``_handle_fromlist`` takes an AttributeError of a submodule's body for "no
        such name", and the import system then imports the submodule again.
        """
        _Failure(self._failures, cpython.module_lock(name), error)

    # Imports by the import system's own code.

    def passes(self, loading: "FrameType", *, waits: bool) -> bool:
        """Remember an import that will release the module's lock; return whether it is new.

        Args:
            loading: the frame of ``_find_and_load``.
            waits: whether it found the module and waits for it; else it loads the module.

        Returns:
            Whether the import is new, and has to be counted.

        """
        is_new = id(loading) not in self._passing
        self._passing[id(loading)] = waits
        return is_new

    def fails(self, loading: "FrameType") -> None:
        """Forget an import that was refused before it acquired the lock."""
        self._passing.pop(id(loading), None)

    def is_repeated(self, link: "LegacyLink", loading: "FrameType") -> bool:
        """Return whether an import is the retry of one that was counted."""
        importer = loading.f_back
        retried = self._retrying.pop((get_ident(), link.legacy), None)
        if retried is not None and importer is not None and retried == _instruction(importer):
            return True
        return cpython.is_retry(loading)

    # Imports by C code.

    def note_seen(self, link: "LegacyLink", frame: "FrameType") -> None:
        """Remember that an import which is about to wait was seen, and counted if it counts."""
        self.install(link)
        self._seen[get_ident(), link.legacy] = _instruction(frame)

    def expect(self, frame: "FrameType") -> None:
        """Remember an instruction that acquires a lock next if it imports.

        An observed spec can't tell an import by C code from a missing attribute, whose message
        reads ``_initializing`` too. The answer True makes the import acquire the lock, and the
        lock's name is the path that C code imports. A missing attribute acquires nothing.
        """
        self._expected[get_ident()] = _instruction(frame)

    # What the gates report.

    def asks(self, link: "LegacyLink", frame: "FrameType") -> bool:
        """Count an import that acquires the lock only to be counted; return whether it waits.

        For other imports by C code, remember the module that they wait for.
        """
        if not cpython.is_waiting(frame):
            return True
        expected = self._expected.pop(get_ident(), None)
        importer = frame.f_back
        if (
            importer is not None
            and expected == _instruction(importer)
            and not link.confirm_at_lock(importer)
        ):
            self._skipping.add(id(frame))
            return False
        self._met[id(frame)] = look_up(sys.modules, link.legacy, None)
        return True

    def skips(self, frame: "FrameType") -> bool:
        """Return whether a frame did not acquire the lock, so must not release it; true once."""
        if id(frame) not in self._skipping:
            return False
        self._skipping.discard(id(frame))
        return True

    def gave_up(self, link: "LegacyLink", frame: "FrameType") -> None:
        """Count an import that continues with a partially executed module."""
        loading = cpython.passing(frame)
        if loading is None or cpython.WAITS_APART:
            self.passed(link, frame)
        else:
            self._passing.pop(id(loading), None)

    @cpython.as_import_system
    def passed(self, link: "LegacyLink", frame: "FrameType") -> None:
        """Count an import that passed the lock, unless it was counted before."""
        loading = cpython.passing(frame)
        if loading is None:
            if cpython.is_waiting(frame):
                self._waited(link, self._met.pop(id(frame), None), frame.f_back)
            return
        waited = self._passing.pop(id(loading), None)
        if link.legacy not in sys.modules:
            if waited and cpython.WAITS_APART:
                # From 3.15 on the frame locks the module a second time, to load it.
                self._passing[id(loading)] = False
        elif waited is None:
            try:
                link.watch.guarded(link.legacy, link.record_load, loading)
            finally:
                self._passing.pop(id(loading), None)

    def _waited(self, link: "LegacyLink", met: object, importer: "FrameType | None") -> None:
        """Count an import by C code that waited for a module which it had found."""
        wanted = cpython.from_list_import(importer)
        if wanted != link.legacy and cpython.is_import_system(importer):
            return  # imported on the way to a module below
        asked = get_ident(), link.legacy
        seen = self._seen.pop(asked, None)
        if importer is None or seen != _instruction(importer):
            seen = None
        standing = look_up(sys.modules, link.legacy, None)
        if cpython.RETRIES and (standing is None or standing is not met):
            if seen is not None:
                self._retrying[asked] = seen
        elif seen is None and link.waits_unseen() and not link.counts_later(importer):
            link.watch.guarded(link.legacy, link.record_waiting, importer)

    # Coming and going.

    def forget(self) -> None:
        """Remove all gates."""
        for gate in list(self._gates.values()):
            gate.remove()
        self._gates.clear()
        self.refusals.clear()
        self._failures.clear()
        self._passing.clear()
        self._skipping.clear()
        self._expected.clear()
        for waiting in (self._met, self._seen, self._retrying):
            waiting.clear()

    def forget_threads(self, links: "Iterable[LegacyLink]") -> None:
        """Install new gates in a forked child.

        A lock may be owned by a thread that does not exist here, and would never be released. Only
        its gate refers to it, so without the gate the import system creates a new lock.
        """
        names = set(self._gates)
        self.forget()
        for link in links:
            if link.legacy in names:
                self.install(link)


def _instruction(frame: "FrameType") -> tuple[int, int]:
    return id(frame), frame.f_lasti
