"""Follow the lock of a legacy module: who waits for it, and who passes it.

The import system locks a module while it loads it (``_get_module_lock`` in
Lib/importlib/_bootstrap.py). A :class:`Gate` puts its own ``acquire`` and ``release`` on that
lock, as attributes of the one object, so that it also meets threads that wait already. Three
things are seen only there:

- Up to 3.12, C discards an exception raised while it reads ``__spec__``. The refusal is kept
  for the thread, the spec looks initialising, and C asks for the lock next.
- An import that finds the module missing, and another thread loads it, or a package's body on
  the way, asks for nothing afterwards: it is counted when it releases the lock.
- An import that waits for a load which fails is made anew from 3.14 on: it counts once.

A frame of the import system that was counted is known by its identity until it releases the
lock, which it always does.
"""

import sys
from _thread import get_ident

from enforcer.imports import bootstrap
from enforcer.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from enforcer.imports.bootstrap import ModuleLock
    from enforcer.imports.link import Link


class Gate:
    """Acquire and release a module's lock, and report who did."""

    __slots__ = ("_link", "_locks", "lock")

    def __init__(self, locks: "Locks", link: "Link", lock: "ModuleLock") -> None:
        """Take the place of two methods of one lock."""
        # The import system refers to a lock weakly: the gate keeps it alive, and so in place.
        self._locks = locks
        self._link = link
        self.lock = lock
        lock.acquire = self.acquire  # type: ignore[method-assign]
        lock.release = self.release  # type: ignore[method-assign]

    @bootstrap.as_import_system
    def acquire(self) -> object:
        """Raise the refusal that waits for this thread, or acquire the lock."""
        locks, link, lock = self._locks, self._link, self.lock
        refusal = locks.refusals.pop((get_ident(), link.legacy), None)
        if refusal is not None:
            raise bootstrap.trimmed(refusal)
        frame = bootstrap.frame_above(1)
        if not locks.asks(link, frame):
            return True  # nobody else waits for this one, as no import would without us
        try:
            return type(lock).acquire(lock)
        except RuntimeError:
            # Threads wait for each other in a circle.
            locks.gave_up(link, frame)
            raise

    @bootstrap.as_import_system
    def release(self) -> None:
        """Release the lock, then count who passed it: that may run the program's code."""
        lock, frame = self.lock, bootstrap.frame_above(1)
        if self._locks.skips(frame):
            return
        type(lock).release(lock)
        self._locks.passed(self._link, frame)

    def remove(self) -> None:
        """Leave the lock as it was."""
        for name in ("acquire", "release"):
            if getattr(vars(self.lock).get(name), "__self__", None) is self:
                delattr(self.lock, name)


class _Failure:
    """Raise an error once, where one thread asks for a module's lock."""

    __slots__ = ("_error", "_failures", "_lock", "_standing", "_thread")

    def __init__(self, failures: "set[_Failure]", lock: "ModuleLock", error: BaseException) -> None:
        """Wait for this thread."""
        self._failures = failures
        self._lock = lock
        self._error = error
        self._thread = get_ident()
        self._standing = vars(lock).get("acquire")
        lock.acquire = self.acquire  # type: ignore[method-assign]
        failures.add(self)  # keeps the lock alive until then

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
    """Keep the gates, the refusals that wait in front of them, and what was counted there."""

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
        """Start with no gate."""
        self.refusals: dict[tuple[int, str], BaseException] = {}
        self._gates: dict[str, Gate] = {}
        self._failures: set[_Failure] = set()
        # Frames of _find_and_load that were counted and will release the lock, by identity, and
        # whether they found the module and only wait for it.
        self._passing: dict[int, bool] = {}
        # Frames of _lock_unlock_module, and the module that each one waits for; those that were
        # only made to ask.
        self._met: dict[int, object] = {}
        self._skipping: set[int] = set()
        # By thread: the instruction that asks for a lock next, if it imports.
        self._expected: dict[int, tuple[int, int]] = {}
        # By thread and legacy path: the instruction whose import C code is about to wait for,
        # and the one whose import it is about to make anew.
        self._seen: dict[tuple[int, str], tuple[int, int]] = {}
        self._retrying: dict[tuple[int, str], tuple[int, int]] = {}

    def install(self, link: "Link") -> None:
        """Put a gate on a legacy module's lock, once."""
        name = link.legacy
        if name in self._gates:
            return
        bootstrap.acquire_global_lock()
        try:
            if name not in self._gates:
                self._gates[name] = Gate(self, link, bootstrap.module_lock(name))
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
        _Failure(self._failures, bootstrap.module_lock(name), error)

    # Imports by the import system's own code.

    def passes(self, loading: "FrameType", *, waits: bool) -> bool:
        """Remember an import that is going to release the module's lock.

        Args:
            loading: the import system's look at the module.
            waits: whether it found the module; else it loads it.

        Returns:
            Whether the import is new, and has to be counted.

        """
        is_new = id(loading) not in self._passing
        self._passing[id(loading)] = waits
        return is_new

    def fails(self, loading: "FrameType") -> None:
        """Forget an import that was refused before it asked for the lock."""
        self._passing.pop(id(loading), None)

    def is_repeated(self, link: "Link", loading: "FrameType") -> bool:
        """Return whether an import is made anew, after one that was counted."""
        importer = loading.f_back
        retried = self._retrying.pop((get_ident(), link.legacy), None)
        if retried is not None and importer is not None and retried == _instruction(importer):
            return True
        return bootstrap.is_retry(loading)

    # Imports by C code.

    def note_seen(self, link: "Link", frame: "FrameType") -> None:
        """Remember that an import which is about to wait was seen, and counted if it counts."""
        self.install(link)
        self._seen[get_ident(), link.legacy] = _instruction(frame)

    def expect(self, frame: "FrameType") -> None:
        """Remember a frame that asks for a lock next, if it imports; it only missed a name else.

        Then the lock's name says which path C code imports.
        """
        self._expected[get_ident()] = _instruction(frame)

    # What the gates report.

    def asks(self, link: "Link", frame: "FrameType") -> bool:
        """Count an import that asks for the lock to be counted, and return whether it waits.

        Else remember which module C code is about to wait for.
        """
        if not bootstrap.is_waiting(frame):
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
        """Return whether a frame acquired nothing, once."""
        if id(frame) not in self._skipping:
            return False
        self._skipping.discard(id(frame))
        return True

    def gave_up(self, link: "Link", frame: "FrameType") -> None:
        """Count an import that goes on with the module as it is."""
        loading = bootstrap.passing(frame)
        if loading is None or bootstrap.WAITS_APART:
            self.passed(link, frame)
        else:
            self._passing.pop(id(loading), None)

    @bootstrap.as_import_system
    def passed(self, link: "Link", frame: "FrameType") -> None:
        """Count an import that passed the lock, unless it was counted before."""
        loading = bootstrap.passing(frame)
        if loading is None:
            if bootstrap.is_waiting(frame):
                self._waited(link, self._met.pop(id(frame), None), frame.f_back)
            return
        waited = self._passing.pop(id(loading), None)
        if link.legacy not in sys.modules:
            if waited and bootstrap.WAITS_APART:
                self._passing[id(loading)] = False  # it locks the module again, to load it
        elif waited is None:
            try:
                link.watch.guarded(link.legacy, link.record_load, loading)
            finally:
                self._passing.pop(id(loading), None)

    def _waited(self, link: "Link", met: object, importer: "FrameType | None") -> None:
        """Count an import by C code, which waited for a module that it found."""
        wanted = bootstrap.from_list_import(importer)
        if wanted != link.legacy and bootstrap.is_import_system(importer):
            return  # for the sake of a module below
        asked = get_ident(), link.legacy
        seen = self._seen.pop(asked, None)
        if importer is None or seen != _instruction(importer):
            seen = None
        standing = look_up(sys.modules, link.legacy, None)
        if bootstrap.RETRIES and (standing is None or standing is not met):
            if seen is not None:
                self._retrying[asked] = seen
        elif seen is None and link.waits_unseen() and not link.counts_later(importer):
            link.watch.guarded(link.legacy, link.record_waiting, importer)

    # Coming and going.

    def forget(self) -> None:
        """Take all gates away."""
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

    def forget_threads(self, links: "Iterable[Link]") -> None:
        """Begin anew in a forked child.

        A lock may belong to a thread that is gone. Where only its gate refers to it, the import
        system makes a new one.
        """
        names = set(self._gates)
        self.forget()
        for link in links:
            if link.legacy in names:
                self.install(link)


def _instruction(frame: "FrameType") -> tuple[int, int]:
    return id(frame), frame.f_lasti
