"""Look-up of a module's file without importing anything.

The search follows the import system's own rules (packages before modules, namespace packages last,
extension modules, zip files), but derives the folders of a package from its file, so that no parent
package is executed. Changes that a package makes to its own ``__path__`` at run time are therefore
not seen.
"""

import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from typing import Final, Literal

Kind = Literal["module", "package", "namespace", "opaque"]

SOURCE_FOLDER: Final = "src"
"""The folder below a project's root that conventionally holds its packages."""


@dataclass(frozen=True, slots=True)
class Located:
    """Location of a module.

    Attributes:
        path: its dotted path.
        kind: ``module`` or ``package`` where there is source to read; ``namespace`` for a
            package without a file; ``opaque`` for anything but Python source.
        file: the file, if there is one.
        folders: the folders of a package's submodules.

    """

    path: str
    kind: Kind
    file: Path | None = None
    folders: tuple[str, ...] = ()

    @property
    def has_source(self) -> bool:
        """Return whether there is Python source to read."""
        return self.kind in ("module", "package")


def search_path(root: str) -> tuple[str, ...]:
    """Return the folders in which a project's modules are looked up.

    They are the root, its ``src`` folder if there is one, and this environment's path.
    """
    folders = [root]
    source = Path(root, SOURCE_FOLDER)
    if source.is_dir():
        folders.append(str(source))
    folders += [str(Path(folder).absolute()) for folder in sys.path if folder]
    return tuple(dict.fromkeys(folders))


class Locator:
    """Cached look-up of modules in a search path."""

    def __init__(self, search: Iterable[str]) -> None:
        """Set the folders to search, in order."""
        self._search = tuple(search)
        self._found: dict[str, Located | None] = {}
        # Finders cache the listing of a folder by its modification time, which may miss a file that
        # was written a moment ago.
        PathFinder.invalidate_caches()

    def locate(self, path: str) -> Located | None:
        """Return a module's location by its dotted path; None if there is no such module."""
        if path not in self._found:
            self._found[path] = self._look_up(path)
        return self._found[path]

    def submodules(self, package: Located) -> Iterator[str]:
        """Yield the dotted paths of the modules and packages directly inside a package."""
        for module in pkgutil.iter_modules(package.folders):
            yield f"{package.path}.{module.name}"

    def _look_up(self, path: str) -> Located | None:
        parent, _, _ = path.rpartition(".")
        if not parent:
            if path in sys.builtin_module_names:
                return Located(path, "opaque")
            return self._look_in(self._search, path)
        package = self.locate(parent)
        return self._look_in(package.folders, path) if package is not None else None

    def _look_in(self, folders: Iterable[str], path: str) -> Located | None:
        portions: list[str] = []
        for folder in folders:
            finder = pkgutil.get_importer(folder)
            spec = finder.find_spec(path) if finder is not None else None
            if spec is None:
                continue
            inside = tuple(spec.submodule_search_locations or ())
            if spec.loader is None:
                portions.extend(inside)
                continue
            file = Path(spec.origin) if spec.origin else None
            if not isinstance(spec.loader, SourceFileLoader):
                return Located(path, "opaque", file, inside)
            is_package = spec.submodule_search_locations is not None
            return Located(path, "package" if is_package else "module", file, inside)
        return Located(path, "namespace", None, tuple(portions)) if portions else None
