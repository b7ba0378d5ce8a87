"""Load the enforcer's own modules as they are, past hooks that instrument every module.

Type checkers at run time (typeguard, beartype) hook the import of all modules and resolve their
annotations. The enforcer's name types that are never imported at run time, and its functions
look at the frames above them, among which there would be a wrapper. So what is loaded
before its finder is there has type comments, which nobody reads at run time.
"""

# ruff: noqa: ANN001, ANN002, ANN201, ANN204, ANN205 - see above

import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:  # in the comments
    from collections.abc import Iterable  # noqa: F401
    from importlib.machinery import ModuleSpec  # noqa: F401
    from typing import Any, SupportsIndex  # noqa: F401

    from enforcer.imports.finder import Finder  # noqa: F401

TYPE_CHECKING = False


OWN = frozenset({"enforcer", "tomllib"})
"""The packages that are loaded plainly; beartype breaks tomllib, with which a map is parsed."""


class OwnModules:
    """Find modules of these packages, and load their source plainly."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # noqa: ARG004 - a finder's
        # type: (str, Any, object) -> ModuleSpec | None
        """Return the spec of a module that is loaded plainly, else None."""
        if name.partition(".")[0] not in OWN:
            return None
        spec = PathFinder.find_spec(name, path)
        loader = None if spec is None else spec.loader
        if spec and isinstance(loader, SourceFileLoader) and type(loader) is not SourceFileLoader:
            spec.loader = SourceFileLoader(name, loader.path)
        return spec


class Plainly:
    """Load the enforcer's modules plainly for a while; the finder does so once it is there."""

    __slots__ = ()

    def __enter__(self):
        # type: () -> None
        """Ask for them before anybody else is asked."""
        sys.meta_path.insert(0, OwnModules)

    def __exit__(self, *_error):
        # type: (object) -> None
        """Ask no more."""
        if OwnModules in sys.meta_path:
            sys.meta_path.remove(OwnModules)


class Ahead(list):  # type: ignore[type-arg]
    """Keep one finder before others that answer for any file by themselves."""

    __slots__ = ("finder",)

    def __init__(self, finders, finder):
        # type: (Iterable[Any], Finder) -> None
        """Take over what stands in ``sys.meta_path``."""
        super().__init__(finders)
        self.finder = finder

    def insert(self, index, finder):
        # type: (SupportsIndex, Any) -> None
        """Insert a finder, and have the enforcer's step ahead of it if need be."""
        super().insert(index, finder)
        self.finder.step_ahead()
