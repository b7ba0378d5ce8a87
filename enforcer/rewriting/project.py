"""Rewriting of a project: which files have references, what becomes of each, and the rest."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from enforcer.findings import NOTEBOOK, PYTHON, ScanFinding
from enforcer.owners.files import Owners
from enforcer.owners.names import is_among, split_owners
from enforcer.rewriting.context import Options
from enforcer.rewriting.import_sorting import find_ruff, sort_imports
from enforcer.rewriting.notebooks import rewrite_notebook
from enforcer.rewriting.outcome import Left
from enforcer.rewriting.rewriter import Rewriter, Rewritten
from enforcer.rewriting.working_tree import write_whole
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.file_references import STAR
from enforcer.source.files import read_source, reason_of
from enforcer.source.importer import Importer
from enforcer.source.kinds import is_python, kind_of
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.parallel import Progress
from enforcer.source.resolution import Matcher
from enforcer.source.scan import Scanner
from enforcer.source.scan_cache import ScanCache
from enforcer.source.scan_findings import Doubts, findings_of
from enforcer.source.scanned import ScannedFile

_FEW: Final = 8
"""The number of ruff's processes at a time."""


_Names = Mapping[str, frozenset[str]]
"""Names of modules, by module."""


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


class ProjectRewriter:
    """Rewriter of a project's files by its map."""

    def __init__(
        self, migration_map: MigrationMap, wish: Wish, progress: Progress | None = None
    ) -> None:
        """Bind to a map.

        Args:
            migration_map: the map, which has no mistakes.
            wish: what to rewrite.
            progress: called with how many files were read, of how many.

        """
        self._map = migration_map
        self._wish = wish
        self._progress = progress
        self._search = search_path(migration_map.root)
        self._locator = Locator(self._search)
        self._matcher = Matcher(migration_map, self._locator, NameReader(self._locator))
        self._doubts = Doubts(migration_map, self._matcher)
        self._rewriter = Rewriter(migration_map, self._locator, chosen=wish.rules)
        self._owners = Owners(migration_map.root) if wish.owner else None

    def rewrite(self) -> ProjectFix:
        """Return what becomes of the project; nothing is written."""
        paths = [str(path.absolute()) for path in self._wish.paths] or None
        scanner = Scanner(
            self._map,
            self._search,
            is_wanted=kind_of,
            cache=ScanCache(self._map),
            progress=self._progress,
        )
        scanned = [one for one in scanner.scan(paths) if self._is_wanted(one)]
        asked = self._asked(scanned) if self._wish.rename_uses else {}
        starred = self._starred(scanned)
        files = [self._rewrite(one, asked, starred) for one in scanned]
        ruff = find_ruff()
        if ruff is not None:
            # Threads suffice: each waits for a process of its own.
            with ThreadPoolExecutor(_FEW) as pool:
                files = list(pool.map(lambda one: _sorted(ruff, one), files))
        found = [one for one in files if one.result.is_changed or one.result.left]
        return ProjectFix(tuple(found), ruff is not None)

    def _is_wanted(self, scanned: ScannedFile) -> bool:
        found = scanned.found
        if not (scanned.error or found.references or found.computed):
            return False
        # Folders that can't be listed end with a slash.
        is_file = not scanned.file.endswith("/")
        return is_file and (self._wish.live is None or scanned.file in self._wish.live)

    def _rewrite(self, scanned: ScannedFile, asked: _Names, starred: _Names) -> FileFix:
        path = Path(self._map.root, scanned.file)
        rules = self._rules_for(scanned.file)
        elsewhere, by_star = (
            frozenset[str]().union(*(names.get(one, ()) for one in scanned.modules))
            for names in (asked, starred)
        )
        options = Options(self._wish.rename_uses, elsewhere, rules, by_star)
        unproven = list(self._doubts.of(scanned))
        try:
            data = b"" if scanned.error else read_source(path)
        except OSError as error:
            return FileFix(scanned.file, path, _unread(reason_of(error)))
        if scanned.error or scanned.kind not in (PYTHON, NOTEBOOK):
            asks = self._matcher.asks_in(scanned)
            unproven += findings_of(asks, self._locator, scanned.kind)
            result = Rewritten(b"", b"")
        elif scanned.kind == NOTEBOOK:
            result = rewrite_notebook(self._rewriter, data, options)
        else:
            is_package = path.name in ("__init__.py", "__init__.pyi")
            importers = [Importer(module, is_package=is_package) for module in scanned.modules]
            result = self._rewriter.rewrite(data, importers, options)
        left = {*result.left, *(_left(one) for one in unproven if self._is_chosen(one, rules))}
        return FileFix(scanned.file, path, replace(result, left=tuple(sorted(left))))

    def _is_chosen(self, finding: ScanFinding, rules: frozenset[str] | None) -> bool:
        chosen = [one for one in (rules, self._wish.rules) if one is not None]
        return all(finding.rule in one for one in chosen)

    def _rules_for(self, file: str) -> frozenset[str] | None:
        """Return the rules to follow in a file; None for all that were chosen."""
        rules = self._wish.live.get(file) if self._wish.live is not None else None
        owner = self._wish.owner
        # In the files of others, an owner follows only the rules that are the owner's.
        if self._owners is not None and not is_among(owner, self._owners.of(file)):
            of_owner = frozenset(
                rule.legacy for rule in self._map if is_among(owner, split_owners(rule.owner))
            )
            rules = of_owner if rules is None else rules & of_owner
        return rules

    def _asked(self, scanned: list[ScannedFile]) -> dict[str, frozenset[str]]:
        """Return which names of the modules that change other files ask for.

        A name of a module is an attribute that others may import, patch or read, so it is only
        renamed where no file does.
        """
        modules = {module for one in scanned for module in one.modules}
        found: dict[str, frozenset[str]] = {}
        for one in self._users_of(modules):
            for reference in one.found.references:
                for module, name in _asked_names(reference.path, reference.names):
                    if module in modules:
                        found[module] = found.get(module, frozenset()) | {name}
        return found

    def _starred(self, scanned: list[ScannedFile]) -> dict[str, frozenset[str]]:
        """Return which names other files read by star imports of packages that list submodules."""
        packages = {
            module
            for one in scanned
            for module in one.modules
            for reference in one.found.references
            if reference.form == "string" and reference.path.rpartition(".")[0] == module
        }
        found: dict[str, frozenset[str]] = {}
        for one in self._users_of(packages) if packages else ():
            for reference in one.found.references:
                if reference.names == (STAR,) and reference.path in packages:
                    found[reference.path] = found.get(reference.path, frozenset()) | one.found.loads
        return found

    def _users_of(self, modules: Iterable[str]) -> Iterable[ScannedFile]:
        # Rules that lead nowhere: the scanner searches for the paths of rules, here for the own
        # modules.
        rules = [Rule(module, module) for module in modules]
        asked = MigrationMap(rules, root=self._map.root, exclude=self._map.exclude)
        return Scanner(asked, self._search).scan()


def _asked_names(path: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the modules and names that a reference may ask for."""
    yield from ((path, name) for name in names)
    parts = path.replace(":", ".").split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]), parts[length]


def _left(finding: ScanFinding) -> Left:
    """Return what is left of a finding that is no Python, or not proven."""
    reason = finding.unproven or f"it is in {finding.kind}"
    return Left(finding.line, finding.column, finding.legacy, finding.rule, reason)


def _unread(reason: str) -> Rewritten:
    return Rewritten(b"", b"", left=(Left(0, 0, "", "", reason),))


def _sorted(ruff: str, one: FileFix) -> FileFix:
    result = one.result
    if not result.is_changed or not is_python(one.path.name):
        return one
    new = sort_imports(ruff, one.path, result.old, result.new)
    return replace(one, result=replace(result, new=new))
