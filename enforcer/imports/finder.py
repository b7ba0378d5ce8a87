"""Stand before all other finders, and let pass what the migration map does not speak of.

This is all that is loaded of the import part until the first module that concerns a rule.

The import system holds its global lock while it asks a finder (``_find_spec`` in
Lib/importlib/_bootstrap.py). To answer, modules may have to be loaded that another thread is
just loading, which can't go on without that lock: it is given back meanwhile.
"""

import _imp
import sys

from enforcer.own_modules import OWN, Ahead, OwnModules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import FrameType
    from typing import Protocol

    from enforcer.rules.outline import Outline

    class Answering(Protocol):
        """Answer for legacy modules: ``answers.Answers``, or plainly ``PlainAnswers``."""

        def answer(
            self, name: str, path: object, target: object, frame: FrameType
        ) -> ModuleSpec | None:
            """Give the spec of a module that the migration map speaks of, else None."""


_TAKE_ALL = frozenset({"jaxtyping", "typeguard"})
"""The packages that may put a finder for all modules before all others."""
_ANSWER_ALONE = _TAKE_ALL | {"_pytest"}
"""The packages whose finders load modules from files without asking other finders."""


class Finder:
    """Hand what concerns a rule to those who answer for it."""

    def __init__(
        self,
        outline: "Outline",
        begin: "Callable[[], Answering | None]",
        recover: "Callable[[Exception], Answering | None]",
    ) -> None:
        """Wait for the first module that concerns a rule.

        Args:
            outline: what the map speaks of.
            begin: gives who answers, cheaply after the first time; None while nobody does.
            recover: gives who answers after an error in who does; None if the error is not the
                enforcer's own.

        """
        self._heads = outline.heads
        self._outline = outline
        self._begin = begin
        self._recover = recover

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> "ModuleSpec | None":
        """Give the spec of a module that the migration map speaks of, else None."""
        head = name.partition(".")[0]
        if head not in self._heads:
            self.step_ahead()
            if head in _TAKE_ALL:
                self._stay_ahead()
            return OwnModules.find_spec(name, path) if head in OWN else None
        if not self._outline.speaks_of(name):
            return None
        try:
            frame = sys._getframe(1)  # noqa: SLF001 - who asks
        except Exception:  # noqa: BLE001 - an audit hook refuses
            from enforcer.imports.bootstrap import frame_beside

            frame = frame_beside(1)
        times = _let_go_of_import_lock()
        try:
            answers = self._begin()
            return None if answers is None else answers.answer(name, path, target, frame)
        except ImportError as error:
            from enforcer.imports.bootstrap import trimmed

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
        """Be asked before finders that came later and ask no others.

        Pytest's loads whatever is named like tests from the path that it is given. The path of
        an alias is the canonical package's: there it would load each such module a second time.
        Typeguard's loads every file, also that of a module that moved.
        """
        finders = sys.meta_path
        for index, finder in enumerate(finders):
            if finder is self:
                return
            if _answers_alone(type(finder)) and self in finders:
                # This finder is being asked: those that follow it keep their places.
                finders.remove(self)
                finders.insert(index, self)
                return

    def _stay_ahead(self) -> None:
        """Step ahead of such a finder at once: it would never ask for a module from a file."""
        if type(sys.meta_path) is list and self in sys.meta_path:
            sys.meta_path = Ahead(sys.meta_path, self)

    def install(self) -> None:
        """Be asked first from now on."""
        sys.meta_path.insert(0, self)
        if not _TAKE_ALL.isdisjoint(sys.modules):
            self._stay_ahead()

    def remove(self) -> None:
        """Be asked no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if type(sys.meta_path) is Ahead and sys.meta_path.finder is self:
            sys.meta_path = list(sys.meta_path)

    def invalidate_caches(self) -> None:
        """Keep no caches; the finders that are asked keep their own."""


def _answers_alone(kind: type) -> bool:
    tops = (str(base.__module__).partition(".")[0] for base in kind.__mro__)
    return any(top in _ANSWER_ALONE for top in tops)


def _let_go_of_import_lock() -> int:
    """Release the lock, and tell how many times this thread had taken it."""
    times = 0
    try:
        while True:
            _imp.release_lock()
            times += 1
    except RuntimeError:
        return times
