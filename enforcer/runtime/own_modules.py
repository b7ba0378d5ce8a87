"""Load the enforcer's own modules unchanged, and resolve their lazy imports.

They are loaded past import hooks that instrument every module.

Runtime type checkers (typeguard, beartype) hook the import of all modules and resolve their
annotations. The enforcer's annotations name types that are never imported at run time, and its
functions inspect the frames above them, among which there would be a wrapper. Modules that are
loaded before the enforcer's finder is installed have type comments, which are not evaluated.
"""

# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204, ANN205 - see above

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, PathFinder, SourceFileLoader

# Tests of the watched program replace functions of os by mocks.
from os import O_RDONLY, close, sep, stat
from os import open as open_file
from os import read as read_file

TYPE_CHECKING = False
if TYPE_CHECKING:  # in the comments
    from collections.abc import Iterable  # noqa: F401
    from os import stat_result  # noqa: F401
    from types import CodeType  # noqa: F401
    from typing import Any, Protocol, SupportsIndex  # noqa: F401

    class Finder(Protocol):
        """What moves itself before the other finders, such as the enforcer's."""

        def step_ahead(self) -> None:
            """Move before the finders that answer for any file."""


_HAS_LAZY = sys.version_info >= (3, 15)

OWN = frozenset({"enforcer", "tomllib"})
"""The packages loaded unchanged; beartype breaks tomllib, which parses maps."""


# Where the bytecode of a module lies; empty where an option of Python's has it elsewhere.
_TAG = sys.implementation.cache_tag
_CACHED = f"__pycache__{sep}%s.{_TAG}.pyc" if _TAG and not sys.flags.optimize else ""
_MOST_BYTES = 1 << 16  # a larger buffer is mapped anew each time, and its pages with it


class OwnModules:
    """Finder that loads modules of these packages by the standard loader."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # noqa: ARG004 - a finder's
        # type: (str, Any, object) -> ModuleSpec | None
        """Return the spec of a module that is loaded unchanged, else None."""
        if name.partition(".")[0] not in OWN:
            return None
        if path:
            spec = _spec_in(f"{path[0]}{sep}", name)
            if spec is not None:
                return spec
        spec = PathFinder.find_spec(name, path)
        # beartype replaces the loader class in sys.path_hooks, so PathFinder returns its subclass.
        loader = None if spec is None else spec.loader
        if spec and isinstance(loader, SourceFileLoader) and type(loader) is not SourceFileLoader:
            spec.loader = SourceFileLoader(name, loader.path)
        return spec


# A start loads some thirty modules, and the way that importlib finds and reads each of them costs
# more than to execute it: it lists folders, looks at each file three times, and works out the name
# of its bytecode twice.
def _spec_in(folder, name):
    # type: (str, str) -> ModuleSpec | None
    """Return the spec of a module in a folder; None if it is not there as source."""
    tail = name.rpartition(".")[2]
    package = None
    file = f"{folder}{tail}.py"
    try:
        status = stat(file)
    except OSError:
        package = f"{folder}{tail}"
        folder, tail = f"{package}{sep}", "__init__"
        file = f"{folder}__init__.py"
        try:
            status = stat(file)
        except OSError:  # a program that is packed
            return None
    cached = folder + _CACHED % tail if _CACHED and sys.pycache_prefix is None else ""
    loader = _Loader(name, file, cached, status)
    spec = ModuleSpec(name, loader, origin=file, is_package=package is not None)
    spec.has_location = True
    if cached:
        spec.cached = cached
    if package is not None:
        spec.submodule_search_locations = [package]
    return spec


class _Loader(SourceFileLoader):
    """Read the bytecode that importlib would read, if that is what it would take unchecked."""

    def __init__(self, name, file, cached, status):
        # type: (str, str, str, stat_result) -> None
        """Remember where the bytecode lies, and what has to be written in it of its source."""
        super().__init__(name, file)
        self._cached = cached
        self._status = status

    def get_code(self, fullname):
        # type: (str) -> CodeType | None
        """Return the module's code."""
        code = self._cached_code() if self._cached else None
        return code or super().get_code(fullname)

    def _cached_code(self):
        # type: () -> CodeType | None
        """Return what the bytecode has; None if it is not there, not the source's or moved."""
        try:
            descriptor = open_file(self._cached, O_RDONLY)
        except OSError:
            return None
        try:
            data = read_file(descriptor, _MOST_BYTES)
        finally:
            close(descriptor)
        # The header of PEP 552: no flags, then the time and the size of the source.
        parts = (0, int(self._status.st_mtime), self._status.st_size)
        header = b"".join((part & 0xFFFFFFFF).to_bytes(4, "little") for part in parts)
        if data[:16] != MAGIC_NUMBER + header or len(data) == _MOST_BYTES:
            return None
        code = marshal.loads(memoryview(data)[16:])  # type: CodeType # noqa: S302
        return code if code.co_filename == self.path else None


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


def load_now():
    # type: () -> None
    """Resolve all lazy imports in the loaded modules of this package (PEP 810).

    From 3.15 on a program may make all imports lazy. The enforcer runs inside imports: the modules
    that it needs must be loaded before, not in the middle of an import of the watched program.
    """
    if not _HAS_LAZY:
        return
    import types

    lazy = getattr(types, "LazyImportType", None)
    if lazy is None:
        return
    known = set()  # type: set[str]
    while True:
        names = {name for name in sys.modules.copy() if _is_own(name)} - known
        if not names:
            return
        for name in names:
            module = sys.modules[name]
            for key, value in list(vars(module).items()):
                # vars() returned the placeholder without resolving it; getattr() resolves it.
                if type(value) is lazy:
                    getattr(module, key)
        known |= names


def _is_own(name):
    # type: (object) -> bool
    return isinstance(name, str) and name.partition(".")[0] == "enforcer"
