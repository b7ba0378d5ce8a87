"""``Layout``: the module of each file of a program, also of files that are gone."""

from pathlib import Path, PurePosixPath
from typing import Final

from enforcer.discovery.proposal import module_of
from enforcer.rules.paths import is_identifier
from enforcer.source.definitions import DefinitionReader
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.tree import ModuleNamer, own_files

_INIT: Final = "__init__"
_ASIDE: Final = frozenset(("benchmarks", "doc", "docs", "examples", "scripts", "test", "tests"))
"""Folders beside a program whose files other code does not import."""

_NO_MODULES: Final = frozenset(("__main__", "conftest", "setup"))


class Layout:
    """The modules of a program.

    Attributes:
        root: the folder with the program's own code.
        search: the folders that modules are looked up in.
        locator: finds modules.
        names: reads the names of modules.
        definitions: reads definitions.

    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.search = search_path(str(root))
        self.locator = Locator(self.search)
        self.names = NameReader(self.locator)
        self.definitions = DefinitionReader(self.locator)
        self._modules_of = ModuleNamer(self.search)
        self._sources = [folder for folder in self.search if Path(folder).is_relative_to(root)]

    def module_of(self, file: str) -> str:
        """Return the dotted path of a file, which may be gone; empty if none can be imported.

        Args:
            file: the file, relative to the root.

        """
        path = self.root / file
        if path.is_file():
            return next(iter(self._modules_of(str(path))), "")
        # Whether the folders around it were packages is unknown; the root's layout stayed.
        # The innermost folder of the search path: modules below src are named from there.
        base = max((one for one in self._sources if path.is_relative_to(one)), key=len)
        parts = list(path.relative_to(base).with_suffix("").parts)
        if parts[-1] == _INIT:
            parts.pop()
        return ".".join(parts) if all(map(is_identifier, parts)) else ""

    def is_own(self, module: str) -> bool:
        """Return whether a module exists and is the program's own."""
        located = self.locator.locate(module)
        if located is None:
            return False
        if located.file is None:
            return any(Path(folder).is_relative_to(self.root) for folder in located.folders)
        return located.file.is_relative_to(self.root)

    def has_module(self, path: str) -> bool:
        """Return whether a module or a tree of a map exists, with a file of its own."""
        located = self.locator.locate(module_of(path))
        return located is not None and located.kind != "namespace"


def is_importable(file: str) -> bool:
    """Return whether other code may import a file: no test, script or example."""
    path = PurePosixPath(file)
    stem = path.stem
    if stem in _NO_MODULES or stem.startswith("test_") or stem.endswith("_test"):
        return False
    return not _ASIDE.intersection(path.parts[:-1])


def choose_root(folder: Path) -> Path:
    """Return the folder with a program's own code: itself, or the only one below with packages.

    A repository may have its packages in ``backend/`` beside ``frontend/``. A folder ``src``
    needs no entry in a map.
    """
    tops = {_top_of(file) for file in own_files(folder) if (file.parent / "__init__.py").is_file()}
    tops = {top for top in tops if is_importable(f"{top.relative_to(folder).as_posix()}/x.py")}
    if len(tops) != 1 or any(folder.glob("*.py")):
        return folder
    (top,) = tops
    return folder if top == folder / "src" else top


def _top_of(file: Path) -> Path:
    top = file.parent
    while (top / "__init__.py").is_file():
        top = top.parent
    return top
