"""Load the enforcer's own modules unchanged, past import hooks that instrument every module.

Runtime type checkers (typeguard, beartype) hook the import of all modules and resolve their
annotations. The enforcer's annotations name types that are never imported at run time, and its
functions inspect the frames above them, among which there would be a wrapper. Modules that are
loaded before the enforcer's finder is installed have type comments, which are not evaluated.
"""

# ruff: noqa: ANN001, ANN002, ANN201, ANN204, ANN205 - see above

import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:  # in the comments
    from collections.abc import Iterable  # noqa: F401
    from importlib.machinery import ModuleSpec  # noqa: F401
    from typing import Any, Protocol, SupportsIndex  # noqa: F401

    class Finder(Protocol):
        """What moves itself before the other finders, such as the enforcer's."""

        def step_ahead(self) -> None:
            """Move before the finders that answer for any file."""


OWN = frozenset({"enforcer", "tomllib"})
"""The packages loaded unchanged; beartype breaks tomllib, which parses maps."""


class OwnModules:
    """Finder that loads modules of these packages by the standard loader."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # noqa: ARG004 - a finder's
        # type: (str, Any, object) -> ModuleSpec | None
        """Return the spec of a module that is loaded unchanged, else None."""
        if name.partition(".")[0] not in OWN:
            return None
        spec = PathFinder.find_spec(name, path)
        # beartype replaces the loader class in sys.path_hooks, so PathFinder returns its subclass.
        loader = None if spec is None else spec.loader
        if spec and isinstance(loader, SourceFileLoader) and type(loader) is not SourceFileLoader:
            spec.loader = SourceFileLoader(name, loader.path)
        return spec


class Plainly:
    """Context in which the enforcer's modules load unchanged, until its finder is installed."""

    __slots__ = ()

    def __enter__(self):
        # type: () -> None
        sys.meta_path.insert(0, OwnModules)

    def __exit__(self, *_error):
        # type: (object) -> None
        if OwnModules in sys.meta_path:
            sys.meta_path.remove(OwnModules)


class Ahead(list):  # type: ignore[type-arg]
    """A ``sys.meta_path`` that keeps one finder before others which answer for any file."""

    __slots__ = ("finder",)

    def __init__(self, finders, finder):
        # type: (Iterable[Any], Finder) -> None
        super().__init__(finders)
        self.finder = finder

    def insert(self, index, finder):
        # type: (SupportsIndex, Any) -> None
        """Insert a finder, then move the enforcer's before it if necessary."""
        super().insert(index, finder)
        self.finder.step_ahead()
