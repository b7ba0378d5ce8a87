"""Names of a module by its source and its star imports; parsing of files without warnings."""

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enforcer.source.bindings import read_bindings
from enforcer.source.files import read_source, reason_of
from enforcer.source.importer import Importer
from enforcer.source.module_files import Located, Locator

ALWAYS_THERE: Final = frozenset(
    (
        "__builtins__",
        "__cached__",
        "__dict__",
        "__doc__",
        "__file__",
        "__loader__",
        "__name__",
        "__package__",
        "__path__",
        "__spec__",
    )
)
"""Names that the import system sets on every module."""

_HAS_GETATTR: Final = "it has a function __getattr__"


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """The names of a module.

    Attributes:
        names: every name that its top level binds, by whatever statement.
        own: those that it defines itself, or lists in ``__all__``.
        exported: those that ``from … import *`` binds.
        unsure: why there may be more names than these; empty if there are none.
        listed: those that its ``__all__`` lists, as far as that can be read.

    """

    names: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    exported: frozenset[str] = frozenset()
    unsure: str = ""
    listed: frozenset[str] = frozenset()


StarOf = Callable[[str], ModuleNames | None]


class NameReader:
    """Cached reader of modules' names."""

    def __init__(self, locator: Locator, star_of: StarOf | None = None) -> None:
        """Bind to a locator.

        Args:
            locator: finds the modules.
            star_of: returns what ``from path import *`` binds, where it isn't what the module
                at that path exports: a legacy path that is an alias. None for all others.

        """
        self._locator = locator
        self._star_of = star_of
        self._read: dict[str, ModuleNames] = {}

    def has(self, module: str, name: str) -> bool | None:
        """Return whether a module has a name or a submodule; None if unknown."""
        located = self._locator.locate(module)
        if located is None:
            return False
        found = self.names_of(located)
        if name in found.names or name in ALWAYS_THERE:
            return True
        if self._locator.locate(f"{module}.{name}") is not None:
            return True
        return None if found.unsure else False

    def names_of(self, module: Located) -> ModuleNames:
        """Return the names of a module."""
        if module.kind == "namespace":
            return ModuleNames()
        if module.file is None or not module.has_source:
            return ModuleNames(unsure="it is not Python source")
        if module.path not in self._read:
            # Set before reading, so that modules that star-import each other don't recurse for
            # ever: such a star adds nothing.
            self._read[module.path] = ModuleNames()
            self._read[module.path] = self._names_in(module, module.file)
        return self._read[module.path]

    def _names_in(self, module: Located, file: Path) -> ModuleNames:
        try:
            tree = parse(file)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return ModuleNames(unsure=f"its source can't be read: {reason_of(error)}")
        found = read_bindings(tree)
        names = found.defined | found.imported
        unsure = found.dynamic
        for level, path in found.stars:
            importer = Importer(module.path, is_package=module.kind == "package")
            given = self._starred(importer.resolve(level, path))
            names |= given.names
            unsure = unsure or given.unsure
        if "__getattr__" in names:
            unsure = unsure or _HAS_GETATTR
        exported = found.exported if found.has_exports else _public(names)
        own = found.defined | (found.exported & names)
        return ModuleNames(
            frozenset(names),
            frozenset(own),
            frozenset(exported),
            unsure,
            frozenset(found.exported),
        )

    def _starred(self, path: str) -> ModuleNames:
        """Return what ``from path import *`` binds."""
        moved = self._star_of(path) if self._star_of is not None else None
        if moved is not None:
            return moved
        located = self._locator.locate(path) if path else None
        if located is None:
            return ModuleNames(unsure=f'it imports * from "{path}", which was not found')
        given = self.starred(located)
        reason = f'it imports * from "{path}": {given.unsure}' if given.unsure else ""
        return ModuleNames(given.exported, unsure=reason)

    def starred(self, module: Located) -> ModuleNames:
        """Return what ``from … import *`` binds of a module: nothing but what it exports."""
        given = self.names_of(module)
        # A module's __getattr__ is asked for single names, never by a star import.
        unsure = "" if given.unsure == _HAS_GETATTR else given.unsure
        return ModuleNames(given.exported, given.exported, given.exported, unsure)


def names_of(module_file: Path, *, search: tuple[str, ...] = ()) -> ModuleNames:
    """Return the names of a single file, as a module of its own.

    Args:
        module_file: the file to read.
        search: the folders of the modules that it star-imports.

    """
    reader = NameReader(Locator(search))
    return reader.names_of(Located(module_file.stem, "module", module_file))


def parse(file: Path) -> ast.Module:
    """Parse a file without the warnings that compiling it would show."""
    return parse_source(read_source(file), str(file))


def parse_source(source: bytes, file: str) -> ast.Module:
    """Parse the content of a file without the warnings that compiling it would show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, file)


def _public(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}
