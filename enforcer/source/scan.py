"""Scan of a project's own files for references to legacy paths.

A file that can't be parsed is reported and skipped. A file that does not contain the last word of
any legacy path is not parsed at all; that is most of them.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from enforcer.rules.model import NAME, MigrationMap
from enforcer.source.files import read_source, reason_of
from enforcer.source.names import parse
from enforcer.source.references import FileReferences, Importer, find_references
from enforcer.source.tree import exclusions, module_names, own_files


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """References of one file.

    Attributes:
        file: the file, relative to the root where it lies below it.
        modules: the dotted paths under which it may be imported, the likeliest first.
        found: its references.
        error: why it could not be parsed; empty if it could.

    """

    file: str
    modules: tuple[str, ...]
    found: FileReferences = field(default_factory=FileReferences)
    error: str = ""


class Scanner:
    """Scanner for the legacy paths of one map."""

    def __init__(self, migration_map: MigrationMap, search: Sequence[str]) -> None:
        """Bind to the map, and to the folders that modules are looked up in."""
        self._root = Path(migration_map.root)
        self._exclude = exclusions(migration_map)
        self._search = search
        self._heads = migration_map.outline.heads
        self._legacy = tuple({rule.module for rule in migration_map.rules if rule.kind != NAME})
        self._mentions = _mention_of(migration_map)

    def scan(self) -> Iterator[ScannedFile]:
        """Scan every file of the project; folders that can't be listed come last."""
        if not self._heads:
            return
        unlisted: list[OSError] = []
        for file in own_files(self._root, exclude=self._exclude, on_error=unlisted.append):
            yield self.scan_file(file)
        for error in unlisted:
            folder = _shown(Path(os.fsdecode(error.filename)), self._root)
            yield ScannedFile(f"{folder}/", (), error=reason_of(error))

    def scan_file(self, file: Path) -> ScannedFile:
        """Scan one file."""
        shown = _shown(file, self._root)
        modules = module_names(file, self._search)
        try:
            if not self._may_refer(file, modules):
                return ScannedFile(shown, modules)
            tree = parse(file)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return ScannedFile(shown, modules, error=reason_of(error))
        is_package = file.name == "__init__.py"
        importers = [Importer(module, is_package=is_package) for module in modules]
        return ScannedFile(shown, modules, find_references(tree, importers, self._heads))

    def _may_refer(self, file: Path, modules: Iterable[str]) -> bool:
        """Return whether a file mentions a legacy path, or may reach one by relative imports."""
        if self._mentions is None or self._mentions.search(read_source(file)):
            return True
        return any(
            f"{module}.".startswith(f"{legacy}.") for module in modules for legacy in self._legacy
        )


def _mention_of(migration_map: MigrationMap) -> re.Pattern[bytes] | None:
    """Return a pattern of the last words of all paths that files are searched for.

    Returns:
        The pattern, or None if a word is not ASCII: then a file's bytes depend on its encoding.

    """
    named = [entry.name or entry.module for entry in migration_map]
    named += [entry.name for entry in migration_map.instances]
    words = {name.rpartition(".")[2] for name in named}
    if not all(word.isascii() for word in words):
        return None
    either = b"|".join(re.escape(word.encode()) for word in sorted(words))
    pattern = rb"\b(?:" + either + rb")\b"
    if any(rule.kind == NAME for rule in migration_map.rules):
        # A star import may bring a name without mentioning it.
        pattern += rb"|\bimport[\s\\]*\*"
    return re.compile(pattern)


def _shown(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
