"""Rewriting of a project: which files have references, what becomes of each, and the rest."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from enforcer.findings import NOTEBOOK, PYTHON
from enforcer.owners.files import Owners
from enforcer.owners.names import is_among, split_owners
from enforcer.rewriting.context import Options
from enforcer.rewriting.import_sorting import find_ruff, sort_imports
from enforcer.rewriting.notebooks import rewrite_notebook
from enforcer.rewriting.outcome import Left
from enforcer.rewriting.rewriter import Rewriter, Rewritten
from enforcer.rewriting.working_tree import write_whole
from enforcer.rules.model import TREE_SUFFIX, MigrationMap, Rule
from enforcer.source.files import read_source, reason_of
from enforcer.source.kinds import PYTHON_SUFFIXES, SUFFIXES
from enforcer.source.module_files import search_path
from enforcer.source.references import Importer
from enforcer.source.scan import Scanner
from enforcer.source.scanned import ScannedFile

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
        owner: only files and rules of this owner; empty for all.
        rename_uses: whether uses of a renamed name are renamed, instead of adding ``as``.

    """

    paths: tuple[Path, ...] = ()
    rules: frozenset[str] | None = None
    live: Mapping[str, frozenset[str]] | None = None
    owner: str = ""
    rename_uses: bool = False


@dataclass
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
        paths = [str(path.absolute()) for path in self.wish.paths] or None
        scanned = [
            one
            for one in Scanner(self.migration_map, search, suffixes=SUFFIXES).scan(paths)
            if (one.error or one.found.references) and self._is_wanted(one)
        ]
        asked = self._asked(scanned, search) if self.wish.rename_uses else {}
        files = [self._rewrite(rewriter, one, asked) for one in self.progress(scanned)]
        ruff = find_ruff()
        if ruff is not None:
            with ThreadPoolExecutor(_FEW) as pool:
                files = list(pool.map(lambda one: _sorted(ruff, one), files))
        found = [one for one in files if one.result.is_changed or one.result.left]
        return ProjectFix(tuple(found), ruff is not None)

    def _is_wanted(self, scanned: ScannedFile) -> bool:
        # Folders that can't be listed end with a slash.
        is_file = not scanned.file.endswith("/")
        return is_file and (self.wish.live is None or scanned.file in self.wish.live)

    def _rewrite(
        self, rewriter: Rewriter, scanned: ScannedFile, asked: Mapping[str, frozenset[str]]
    ) -> FileFix:
        path = Path(self.migration_map.root, scanned.file)
        names = frozenset[str]().union(*(asked.get(one, ()) for one in scanned.modules))
        options = Options(self.wish.rename_uses, names, self._rules_for(scanned.file))
        if scanned.kind not in (PYTHON, NOTEBOOK):
            return FileFix(scanned.file, path, _left_as_text(rewriter, scanned))
        try:
            data = read_source(path)
        except OSError as error:
            left = Left(0, 0, "", "", reason_of(error))
            return FileFix(scanned.file, path, Rewritten(b"", b"", left=(left,)))
        if scanned.kind == NOTEBOOK:
            result = rewrite_notebook(rewriter, data, options)
        else:
            is_package = path.name in ("__init__.py", "__init__.pyi")
            importers = [Importer(module, is_package=is_package) for module in scanned.modules]
            result = rewriter.rewrite(data, importers, options)
        return FileFix(scanned.file, path, result)

    def _rules_for(self, file: str) -> frozenset[str] | None:
        """Return the rules to follow in a file; None for all that were chosen."""
        rules = self.wish.live.get(file) if self.wish.live is not None else None
        owner = self.wish.owner
        if owner and not is_among(owner, self._owners.of(file)):
            of_owner = frozenset(
                rule.legacy
                for rule in self.migration_map
                if is_among(owner, split_owners(rule.owner))
            )
            rules = of_owner if rules is None else rules & of_owner
        return rules

    @cached_property
    def _owners(self) -> Owners:
        return Owners(self.migration_map.root)

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


def _left_as_text(rewriter: Rewriter, scanned: ScannedFile) -> Rewritten:
    """Return the references of a file that is neither Python nor a notebook, all of them left."""
    left = []
    for reference in scanned.found.references:
        found = rewriter.moves.of_path(reference.path.replace(":", ".").split("."))
        if found is not None:
            _, move = found
            column = reference.spans[0][1] if reference.spans else 0
            where = reference.line, column
            left.append(Left(*where, move.legacy, move.rule.legacy, f"it is in {scanned.kind}"))
    return Rewritten(b"", b"", left=tuple(sorted(set(left))))


def _sorted(ruff: str, one: FileFix) -> FileFix:
    result = one.result
    if not result.is_changed or one.path.suffix not in PYTHON_SUFFIXES:
        return one
    new = sort_imports(ruff, one.path, result.old, result.new)
    return replace(one, result=replace(result, new=new))


def rules_of(migration_map: MigrationMap, names: Collection[str]) -> frozenset[str]:
    """Return the legacy paths of the rules that are named, with or without ``.*``."""
    wanted = {name.removesuffix(TREE_SUFFIX) for name in names}
    return frozenset(
        rule.legacy for rule in migration_map if rule.legacy.removesuffix(TREE_SUFFIX) in wanted
    )
