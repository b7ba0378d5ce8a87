"""Scan of a project's own files for references to legacy paths.

A file that can't be parsed is reported and skipped. A file that contains no legacy path's words is
not parsed at all; that is most of them. Files that did not change since the last scan are not even
read (:mod:`enforcer.source.scan_cache`), and many files are read by several processes.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from enforcer.findings import NOTEBOOK, PYTHON
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import with_slashes
from enforcer.source.file_references import FileReferences
from enforcer.source.files import read_source, reason_of
from enforcer.source.importer import Importer
from enforcer.source.interest import Interest
from enforcer.source.kinds import is_python, kind_of
from enforcer.source.mentions import Mentions
from enforcer.source.names import parse_source
from enforcer.source.notebooks import read_notebook
from enforcer.source.parallel import Progress, in_parallel
from enforcer.source.references import find_references
from enforcer.source.scan_cache import ScanCache
from enforcer.source.scanned import Packed, ScannedFile, unpack
from enforcer.source.texts import TextSearch
from enforcer.source.tree import ModuleNamer, Stamp, exclusions, walk

# Of an installed distribution: the syntax is that of an INI file.
_ENTRY_POINTS = "entry_points.txt"

_UNREADABLE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)


class FileScanner:
    """Scanner of single files for the legacy paths of one map."""

    def __init__(self, migration_map: MigrationMap, search: Sequence[str]) -> None:
        """Bind to the map, and to the folders that modules are looked up in."""
        self._prefix = migration_map.root.rstrip(os.sep) + os.sep
        self._interest = Interest.of(migration_map)
        self._mentions = Mentions(migration_map)
        self._texts = TextSearch(migration_map)
        self.modules_of = ModuleNamer(search)

    def scan(self, file: str) -> ScannedFile:
        """Scan one file, by its path."""
        return self.read(file) or ScannedFile(self.shown(file), ())

    def read(self, file: str) -> ScannedFile | None:
        """Scan one file; return None if it contains no legacy path's words."""
        name = os.path.basename(file)
        kind = "ini" if name == _ENTRY_POINTS else kind_of(name) or PYTHON
        try:
            content = read_source(file)
            if kind == PYTHON:
                return self._scan_python(file, content)
            if not self._mentions.may_name(content):
                return None
            shown = self.shown(file)
            if kind == NOTEBOOK:
                return self._scan_notebook(shown, content)
            references = tuple(self._texts.references(content.decode("utf-8"), kind))
        except _UNREADABLE as error:
            modules = self.modules_of(file) if kind == PYTHON else ()
            return ScannedFile(self.shown(file), modules, error=reason_of(error), kind=kind)
        return ScannedFile(shown, (), FileReferences(references), kind=kind)

    def shown(self, file: str) -> str:
        """Return a file's path relative to the root where it lies below it."""
        return with_slashes(file.removeprefix(self._prefix))

    def _scan_python(self, file: str, content: bytes) -> ScannedFile | None:
        shown = self.shown(file)
        if not self._mentions.may_refer(shown, content):
            return None
        modules = self.modules_of(file)
        is_package = os.path.basename(file) == "__init__.py"
        importers = [Importer(module, is_package=is_package) for module in modules]
        tree = parse_source(content, file)
        return ScannedFile(
            shown, modules, find_references(tree, importers, self._interest, content)
        )

    def _scan_notebook(self, shown: str, content: bytes) -> ScannedFile:
        notebook = read_notebook(content)
        source = "\n".join(notebook.code).encode()
        try:
            tree = parse_source(source, shown)
        except SyntaxError as error:
            error.lineno = notebook.line_at(error.lineno or 0) or None
            raise
        found = find_references(tree, (), self._interest, source)
        return ScannedFile(shown, (), notebook.moved(found), kind=NOTEBOOK)


class Scanner:
    """Scanner of a whole project for the legacy paths of one map."""

    def __init__(
        self,
        migration_map: MigrationMap,
        search: Sequence[str],
        *,
        is_wanted: Callable[[str], object] = is_python,
        cache: ScanCache | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Bind to the map, and to the folders that modules are looked up in.

        Args:
            migration_map: the map.
            search: the folders.
            is_wanted: whether files of a name are scanned.
            cache: what is known of files that did not change.
            progress: called with how many files were read, of how many.

        """
        self._map = migration_map
        self._exclude = exclusions(migration_map)
        self._search = search
        self._is_wanted = is_wanted
        self._cache = cache or ScanCache()
        self._progress = progress
        self._files = FileScanner(migration_map, search)
        self._own = {migration_map.path, migration_map.baseline}

    def scan(self, paths: Iterable[str] | None = None) -> Iterator[ScannedFile]:
        """Scan every file of the project; folders that can't be listed come last.

        Args:
            paths: only these files and folders, which may lie anywhere.

        """
        if not self._map.outline.heads:
            return
        unlisted: list[OSError] = []
        files = walk(self._map.root, self._is_wanted, self._exclude, unlisted.append, paths)
        stamps = {file: stamp for file, stamp in files if file not in self._own}
        found = self._read(stamps)
        for file in stamps:
            packed = found[file]
            shown = self._files.shown(file)
            yield unpack(shown, packed) if packed else ScannedFile(shown, ())
        for error in unlisted:
            folder = self._files.shown(os.fsdecode(error.filename))
            yield ScannedFile(f"{folder}/", (), error=reason_of(error))

    def _read(self, stamps: dict[str, Stamp]) -> dict[str, Packed | None]:
        """Return what is in each file: of a file that did not change, what was read of it last."""
        found: dict[str, Packed | None] = {}
        for file, stamp in stamps.items():
            is_known, packed = self._cache.find(file, stamp)
            # An __init__.py that came or went changes what the file is imported as.
            if is_known and (not packed or packed[0] in ((), self._files.modules_of(file))):
                found[file] = packed
        missing = [file for file in stamps if file not in found]
        found.update(in_parallel(self._files, missing, self._progress))
        self._cache.keep(stamps, found)
        return found

    def scan_file(self, file: Path) -> ScannedFile:
        """Scan one file."""
        return self._files.scan(str(file))
