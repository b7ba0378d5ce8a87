"""Stand before all other finders, and let pass what the migration map does not speak of.

This is all that is loaded of the import part until the first module that concerns a rule.

The import system holds its global lock while it asks a finder (``_find_spec`` in
Lib/importlib/_bootstrap.py). To answer, modules may have to be loaded that another thread is
just loading, which can't go on without that lock: it is given back meanwhile.
"""

import _imp
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

    from enforcer.imports.answers import Answers
    from enforcer.rules.outline import Outline


class Finder:
    """Hand what concerns a rule to those who answer for it."""

    def __init__(self, outline: "Outline", begin: "Callable[[], Answers | None]") -> None:
        """Wait for the first module that concerns a rule.

        Args:
            outline: what the map speaks of.
            begin: gives who answers, cheaply after the first time; None while nobody does.

        """
        self._heads = outline.heads
        self._outline = outline
        self._begin = begin

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> "ModuleSpec | None":
        """Give the spec of a module that the migration map speaks of, else None."""
        if name.partition(".")[0] not in self._heads:
            self._step_ahead()
            return None
        if not self._outline.speaks_of(name):
            return None
        frame = sys._getframe(1)  # noqa: SLF001 - who asks
        times = _let_go_of_import_lock()
        try:
            answers = self._begin()
            return None if answers is None else answers.answer(name, path, target, frame)
        except ImportError as error:
            from enforcer.imports.bootstrap import trimmed

            raise trimmed(error)  # noqa: B904 - the same error
        finally:
            for _ in range(times):
                _imp.acquire_lock()

    def _step_ahead(self) -> None:
        """Be asked before pytest, which came later and puts itself first.

        It loads whatever is named like tests from the path that it is given. The path of an
        alias is the canonical package's: there it would load each such module a second time.
        """
        finders = sys.meta_path
        for index, finder in enumerate(finders):
            if finder is self:
                return
            if type(finder).__module__.startswith("_pytest.") and self in finders:
                # This finder is being asked: those that follow it keep their places.
                finders.remove(self)
                finders.insert(index, self)
                return

    def invalidate_caches(self) -> None:
        """Keep no caches; the finders that are asked keep their own."""


def _let_go_of_import_lock() -> int:
    """Release the lock, and tell how many times this thread had taken it."""
    times = 0
    try:
        while True:
            _imp.release_lock()
            times += 1
    except RuntimeError:
        return times
