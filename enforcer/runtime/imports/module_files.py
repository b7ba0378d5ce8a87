"""Ask the other finders for a module's spec, without importing anything."""

import sys
from _thread import get_ident

from enforcer.runtime.imports import cpython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enforcer.runtime.imports.cpython import ModuleSpec


class Locator:
    """Asks the other finders, as if the enforcer's were not there.

    Attributes:
        asking: thread → how many questions it is asking; the enforcer's finder returns None to
            these threads.
        stand_ins: packages for which a plain module of that name is in ``sys.modules``.

    """

    __slots__ = ("asking", "stand_ins")

    def __init__(self) -> None:
        self.asking: dict[int, int] = {}
        self.stand_ins: set[str] = set()

    def find(self, name: str, path: "list[str] | None") -> "ModuleSpec | None":
        """Ask the other finders for one module, with its parent's search path."""
        thread = get_ident()
        self.asking[thread] = self.asking.get(thread, 0) + 1
        # importlib.util.find_spec returns the __spec__ of a module in sys.modules, and
        # _bootstrap._find_spec that of one that turns up while it asks. For a legacy path that is
        # the alias's; the finders' answer is needed.
        try:
            for finder in sys.meta_path:
                find = getattr(finder, "find_spec", None)
                spec = _ask(find, name, path) if find is not None else None
                if spec is not None:
                    return spec
            return None
        finally:
            left = self.asking[thread] - 1
            if left:
                self.asking[thread] = left
            else:
                del self.asking[thread]

    def locate(self, name: str) -> "ModuleSpec | None":
        """Return a module's spec; its packages are searched, not imported.

        Returns:
            The spec, for a loaded module its own one; None if there is no such module.

        """
        module = sys.modules.get(name)
        if module is not None:
            spec = getattr(module, "__spec__", None)
            return spec if spec is not None else _spec_of(name, module)
        parent = name.rpartition(".")[0]
        if not parent:
            return self.find(name, None)
        path = self._search_path(parent)
        return None if path is None else self.find(name, path)

    def _search_path(self, package: str) -> "list[str] | None":
        module = sys.modules.get(package)
        if module is not None:
            return getattr(module, "__path__", None)
        spec = self.locate(package)
        return None if spec is None else spec.submodule_search_locations

    def locate_legacy(self, legacy: str) -> "ModuleSpec | None":
        """Return the spec of the legacy module's own code, even if an alias replaces the module."""
        parent = legacy.rpartition(".")[0]
        if not parent:
            return self.find(legacy, None)
        path = self._own_search_path(parent)
        return None if path is None else self.find(legacy, path)

    def _own_search_path(self, package: str) -> "list[str] | None":
        # The __path__ of an aliased package is the canonical one; its own code is elsewhere.
        module = sys.modules.get(package)
        if module is not None and package not in self.stand_ins:
            own = cpython.namespace_of(module) or {}
            if own.get("__name__") == package:
                return own.get("__path__")  # type: ignore[return-value]
        spec = self.locate_legacy(package)
        return None if spec is None else spec.submodule_search_locations


def _ask(
    find: "Callable[..., ModuleSpec | None]", name: str, path: "list[str] | None"
) -> "ModuleSpec | None":
    # _find_spec holds the global import lock while it asks a finder (_ImportLockContext,
    # Lib/importlib/_bootstrap.py), so a finder may rely on it for its caches.
    cpython.acquire_global_lock()
    try:
        return find(name, path)
    except (KeyError, ModuleNotFoundError):
        # PathFinder found a namespace package. _NamespacePath reads its parent's path from
        # sys.modules (KeyError, from 3.15 on ModuleNotFoundError), but here the parent is not
        # imported.
        if path is None or name.rpartition(".")[0] in sys.modules:
            raise
        return _namespace_package(name, path)
    finally:
        cpython.release_global_lock()


def _namespace_package(name: str, path: "list[str]") -> "ModuleSpec | None":
    folders: list[str] = []
    for entry in path:
        finder = sys.path_importer_cache.get(entry)
        portion = finder.find_spec(name) if finder is not None else None
        if portion is not None:
            folders += portion.submodule_search_locations or ()
    if not folders:
        return None
    spec = cpython.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = folders
    return spec


def _spec_of(name: str, module: object) -> "ModuleSpec":
    spec = cpython.ModuleSpec(name, getattr(module, "__loader__", None))
    spec.submodule_search_locations = getattr(module, "__path__", None)
    return spec
