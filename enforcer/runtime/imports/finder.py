"""The finder on ``sys.meta_path``, which ignores modules that the migration map does not name.

This is all that is loaded of the import part until the first module that concerns a rule.

The import system holds its global lock while it asks a finder (``_find_spec`` in
Lib/importlib/_bootstrap.py, 3.11 to 3.15). To answer, the enforcer may have to import a module
that another thread is importing, and that thread can't continue without the global lock. So the
finder releases the lock while it works out the answer, and acquires it again before it returns.
"""

import _imp
import sys

from enforcer.runtime.own_modules import OWN, Ahead, OwnModules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import FrameType
    from typing import Protocol

    from enforcer.rules.outline import Outline

    class Answering(Protocol):
        """Answers for legacy modules: ``answers.Answers`` or ``plain_entries.PlainAnswers``."""

        def answer(
            self, name: str, path: object, target: object, frame: FrameType
        ) -> ModuleSpec | None:
            """Return the spec of a module that the migration map names, else None."""


_TAKE_ALL = frozenset({"jaxtyping", "typeguard"})
"""The packages that insert a finder for all modules at the head of ``sys.meta_path``."""
_ANSWER_ALONE = _TAKE_ALL | {"_pytest"}
"""The packages whose finders load modules from files without asking other finders."""


class Finder:
    """Passes modules that concern a rule on to the object that answers for them."""

    def __init__(
        self,
        outline: "Outline",
        begin: "Callable[[], Answering | None]",
        recover: "Callable[[Exception], Answering | None]",
    ) -> None:
        """Wait for the first module that concerns a rule.

        Args:
            outline: the names of the modules that the map has rules for.
            begin: returns the object that answers, fast after the first call; None while nothing
                answers.
            recover: returns the object that answers after an error in the first one; None if the
                error is not the enforcer's own.

        """
        self._heads = outline.heads
        self._outline = outline
        self._begin = begin
        self._recover = recover

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> "ModuleSpec | None":
        """Return the spec of a module that the migration map names, else None."""
        head = name.partition(".")[0]
        if head not in self._heads:
            self.step_ahead()
            if head in _TAKE_ALL:
                self._stay_ahead()
            return OwnModules.find_spec(name, path) if head in OWN else None
        if not self._outline.speaks_of(name):
            return None
        try:
            # The frame of _find_spec, or of a program that asks this finder itself: a probe.
            frame = sys._getframe(1)  # noqa: SLF001 - who asks
        except Exception:  # noqa: BLE001 - an audit hook refuses
            from enforcer.runtime.imports.cpython import frame_beside

            frame = frame_beside(1)
        # Without this, two threads could wait for each other: this one for a module's lock, the
        # other one, which holds that lock, for the global lock.
        times = _let_go_of_import_lock()
        try:
            answers = self._begin()
            return None if answers is None else answers.answer(name, path, target, frame)
        except ImportError as error:
            from enforcer.runtime.imports.cpython import trimmed

            raise trimmed(error)  # noqa: B904 - the same error
        except Exception as error:
            answers = self._recover(error)
            if answers is None:
                raise
            return answers.answer(name, path, target, frame)
        finally:
            for _ in range(times):
                _imp.acquire_lock()

    def step_ahead(self) -> None:
        """Move before finders that were inserted later and ask no others.

        Pytest's finder loads every module that is named like a test from the path that it is given.
        The path of an alias is the canonical package's, so it would load such modules a second
        time. Typeguard's finder loads every file, also that of a module that moved.
        """
        finders = sys.meta_path
        for index, finder in enumerate(finders):
            if finder is self:
                return
            if _answers_alone(type(finder)) and self in finders:
                # The import system iterates over this list now. Removing this finder from behind
                # and inserting it before keeps the index of the finders that follow it.
                finders.remove(self)
                finders.insert(index, self)
                return

    def _stay_ahead(self) -> None:
        """Keep this finder first in a list that reinserts it: typeguard's would never ask it."""
        if type(sys.meta_path) is list and self in sys.meta_path:
            sys.meta_path = Ahead(sys.meta_path, self)

    def install(self) -> None:
        """Insert this finder at the head of ``sys.meta_path``."""
        sys.meta_path.insert(0, self)
        if not _TAKE_ALL.isdisjoint(sys.modules):
            self._stay_ahead()

    def remove(self) -> None:
        """Remove this finder from ``sys.meta_path``."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if type(sys.meta_path) is Ahead and sys.meta_path.finder is self:
            sys.meta_path = list(sys.meta_path)

    def invalidate_caches(self) -> None:
        """Do nothing: this finder has no cache; ``importlib.invalidate_caches`` calls it."""


def _answers_alone(kind: type) -> bool:
    tops = (str(base.__module__).partition(".")[0] for base in kind.__mro__)
    return any(top in _ANSWER_ALONE for top in tops)


def _let_go_of_import_lock() -> int:
    """Release the global import lock; return how many times this thread held it."""
    times = 0
    try:
        while True:
            # release_lock raises RuntimeError once this thread does not hold the lock.
            _imp.release_lock()
            times += 1
    except RuntimeError:
        return times
