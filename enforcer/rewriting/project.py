"""Rewriting of a project: which files have references, what becomes of each, and the rest."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from enforcer.rewriting.context import Options
from enforcer.rewriting.import_sorting import find_ruff, sort_imports
from enforcer.rewriting.notebooks import SUFFIX, rewrite_notebook
from enforcer.rewriting.outcome import Left
from enforcer.rewriting.rewriter import Rewriter, Rewritten
from enforcer.rewriting.working_tree import write_whole
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.files import read_source, reason_of
from enforcer.source.module_files import search_path
from enforcer.source.references import Importer
from enforcer.source.scan import ScannedFile, Scanner
from enforcer.source.tree import exclusions, own_files

_FEW: Final = 8
"""The number of ruff's processes at a time."""


@dataclass(frozen=True, slots=True)
class FileFix:
    """What becomes of one file.

    Attributes:
        file: the file, relative to the root where it lies below it.
        path: where it is.
        result: the result.

    """

    file: str
    path: Path
    result: Rewritten


@dataclass(frozen=True, slots=True)
class ProjectFix:
    """What becomes of a project.

    Attributes:
        files: the files with references, in their order.
        sorts: whether imports are sorted where they were.

    """

    files: tuple[FileFix, ...]
    sorts: bool = True

    @property
    def changed(self) -> tuple[FileFix, ...]:
        """The files that change."""
        return tuple(one for one in self.files if one.result.is_changed)

    @property
    def rewritten(self) -> int:
        """The number of references that are rewritten."""
        return sum(len(one.result.changes) for one in self.files)

    @property
    def left(self) -> int:
        """The number of references, and files, that are left."""
        return sum(len(one.result.left) for one in self.files)

    def keeping(self, files: Collection[str]) -> "ProjectFix":
        """Return what becomes of some files only."""
        return replace(self, files=tuple(one for one in self.files if one.file in files))

    def write(self) -> "ProjectFix":
        """Write the files that change; a file that can't be written is left, with the reason."""
        written = []
        for one in self.files:
            result = one.result
            reason = ""
            if result.is_changed:
                reason = write_whole(one.path, result.old, result.new)
            if reason:
                left = Left(0, 0, "", "", reason)
                result = Rewritten(result.old, result.old, left=(left, *result.left))
            written.append(replace(one, result=result))
        return replace(self, files=tuple(written))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to be rewritten.

    Attributes:
        paths: only these files and folders; empty for the whole project.
        rules: only these rules, by their legacy paths; None for all.
        live: only the rules that were seen in a file, by file; None for all.
        rename_uses: whether uses of a renamed name are renamed, instead of adding ``as``.

    """

    paths: tuple[Path, ...] = ()
    rules: frozenset[str] | None = None
    live: Mapping[str, frozenset[str]] | None = None
    rename_uses: bool = False


@dataclass(slots=True)
class ProjectRewriter:
    """Rewriter of a project's files by its map.

    Attributes:
        migration_map: the map, which has no mistakes.
        wish: what to rewrite.
        progress: wraps an iteration over files, for a progress bar.

    """

    migration_map: MigrationMap
    wish: Wish = field(default_factory=Wish)
    progress: Callable[[list[ScannedFile]], Iterator[ScannedFile]] = iter

    def rewrite(self) -> ProjectFix:
        """Return what becomes of the project; nothing is written."""
        search = search_path(self.migration_map.root)
        rewriter = Rewriter(self.migration_map, search, chosen=self.wish.rules)
        scanned = [one for one in self._scanned(search) if one.error or one.found.references]
        asked = self._asked(scanned, search) if self.wish.rename_uses else {}
        files = [self._rewrite(rewriter, one, asked) for one in self.progress(scanned)]
        files += self._notebooks(rewriter)
        ruff = find_ruff()
        if ruff is not None:
            with ThreadPoolExecutor(_FEW) as pool:
                files = list(pool.map(lambda one: _sorted(ruff, one), files))
        found = [one for one in files if one.result.is_changed or one.result.left]
        return ProjectFix(tuple(found), ruff is not None)

    def _scanned(self, search: tuple[str, ...]) -> Iterator[ScannedFile]:
        for one in Scanner(self.migration_map, search).scan():
            if not one.file.endswith("/") and self._is_wanted(one.file):
                yield one

    def _path(self, file: str) -> Path:
        return Path(self.migration_map.root, file)

    def _is_wanted(self, file: str) -> bool:
        if self.wish.live is not None and file not in self.wish.live:
            return False
        path = self._path(file).absolute()
        wanted = [one.absolute() for one in self.wish.paths]
        return not wanted or any(path == one or one in path.parents for one in wanted)

    def _options(self, file: str, asked: frozenset[str] = frozenset()) -> Options:
        live = self.wish.live.get(file, frozenset()) if self.wish.live is not None else None
        return Options(self.wish.rename_uses, asked, live)

    def _rewrite(
        self, rewriter: Rewriter, scanned: ScannedFile, asked: Mapping[str, frozenset[str]]
    ) -> FileFix:
        path = self._path(scanned.file)
        is_package = path.name == "__init__.py"
        importers = [Importer(module, is_package=is_package) for module in scanned.modules]
        names = frozenset[str]().union(*(asked.get(one, ()) for one in scanned.modules))
        try:
            data = read_source(path)
        except OSError as error:
            left = Left(0, 0, "", "", reason_of(error))
            return FileFix(scanned.file, path, Rewritten(b"", b"", left=(left,)))
        options = self._options(scanned.file, names)
        return FileFix(scanned.file, path, rewriter.rewrite(data, importers, options))

    def _notebooks(self, rewriter: Rewriter) -> Iterator[FileFix]:
        root = Path(self.migration_map.root)
        for path in own_files(root, (SUFFIX,), exclude=exclusions(self.migration_map)):
            file = path.relative_to(root).as_posix()
            if not self._is_wanted(file):
                continue
            try:
                data = read_source(path)
            except OSError:
                continue
            if self._may_name(data):
                yield FileFix(file, path, rewrite_notebook(rewriter, data, self._options(file)))

    def _may_name(self, data: bytes) -> bool:
        """Return whether a notebook contains the top package of any legacy path."""
        return any(head.encode() in data for head in self.migration_map.outline.heads)

    def _asked(
        self, scanned: list[ScannedFile], search: tuple[str, ...]
    ) -> dict[str, frozenset[str]]:
        """Return which names of the modules that change other files ask for.

        A name of a module is an attribute that others may import, patch or read, so it is only
        renamed where no file does.
        """
        modules = {module for one in scanned for module in one.modules}
        rules = [Rule(module, module) for module in modules]
        asked = MigrationMap(rules, root=self.migration_map.root)
        found: dict[str, frozenset[str]] = {}
        for one in Scanner(asked, search).scan():
            for reference in one.found.references:
                for module, name in _asked_names(reference.path, reference.names):
                    if module in modules:
                        found[module] = found.get(module, frozenset()) | {name}
        return found


def _asked_names(path: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the modules and names that a reference may ask for."""
    yield from ((path, name) for name in names)
    parts = path.replace(":", ".").split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]), parts[length]


def _sorted(ruff: str, one: FileFix) -> FileFix:
    result = one.result
    if not result.is_changed or one.path.suffix == SUFFIX:
        return one
    new = sort_imports(ruff, one.path, result.old, result.new)
    return replace(one, result=replace(result, new=new))


def rules_of(migration_map: MigrationMap, names: Collection[str], owner: str) -> frozenset[str]:
    """Return the legacy paths of the rules that are named, or have an owner.

    Args:
        migration_map: the map.
        names: legacy paths, with or without ``.*``; empty for all.
        owner: the owner; empty for any.

    """
    wanted = {name.removesuffix(".*") for name in names}
    return frozenset(
        rule.legacy
        for rule in migration_map
        if (not wanted or rule.legacy.removesuffix(".*") in wanted)
        and (not owner or rule.owner == owner)
    )
