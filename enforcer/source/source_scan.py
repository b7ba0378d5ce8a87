"""The scan of a program's source: every reference to a legacy path, proven or not."""

from collections.abc import Iterable
from dataclasses import dataclass

from enforcer.findings import PYTHON, ScanFinding
from enforcer.rules.model import NAME, MigrationMap
from enforcer.source.aliased_names import AliasedNames
from enforcer.source.kinds import kind_of
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.parallel import Progress
from enforcer.source.resolution import Ask, Matcher
from enforcer.source.scan import Scanner
from enforcer.source.scan_cache import ScanCache
from enforcer.source.scan_findings import Doubts, findings_of
from enforcer.source.stars import StarPassing


@dataclass(frozen=True, slots=True)
class SourceScan:
    """Result of a scan.

    Attributes:
        map_file: the map.
        root: the folder that the findings' files are relative to.
        files: how many files there are.
        proven: all that is certain, in the order of files and lines.
        unproven: what may be references, and files that could not be read.
        inside_legacy: how many more are in legacy files, which no longer run.

    """

    map_file: str
    root: str
    files: int
    proven: tuple[ScanFinding, ...]
    unproven: tuple[ScanFinding, ...]
    inside_legacy: int = 0

    @property
    def references(self) -> tuple[ScanFinding, ...]:
        """Return the references: without names of modules that the same file imported elsewhere."""
        return tuple(one for one in self.proven if one.is_use or one.through)


def scan_source(
    migration_map: MigrationMap,
    paths: Iterable[str] | None = None,
    *,
    is_cached: bool = True,
    progress: Progress | None = None,
) -> SourceScan:
    """Scan a program's files for references to legacy paths.

    Args:
        migration_map: the map, which has no mistakes.
        paths: only these files and folders, by absolute path; None for the whole root.
        is_cached: whether files that did not change since the last scan are not read again.
        progress: called with how many files were read, of how many.

    """
    search = search_path(migration_map.root)
    locator = Locator(search)
    names = NameReader(locator)
    matcher = Matcher(migration_map, locator, names)
    doubts = Doubts(migration_map, matcher)
    cache = ScanCache(migration_map if is_cached else None)
    scanner = Scanner(migration_map, search, is_wanted=kind_of, cache=cache, progress=progress)
    proven: list[ScanFinding] = []
    unproven: list[ScanFinding] = []
    stars: list[Ask] = []
    files = inside_legacy = 0
    for scanned in scanner.scan(paths):
        files += not scanned.file.endswith("/")
        if scanned.is_empty:
            continue
        unproven += doubts.of(scanned)
        asks = list(matcher.asks_in(scanned))
        found = list(findings_of(asks, locator, scanned.kind))
        if matcher.will_run(scanned.modules):
            proven += found
            stars += filter(_brings_names, asks)
        else:
            inside_legacy += sum(finding.is_use for finding in found)
    if stars and paths is None:
        aliased = AliasedNames(migration_map, locator, names, matcher)
        passing = StarPassing(migration_map, search, locator, names, aliased)
        passed = (ask for ask in passing.asks(stars) if matcher.will_run(ask.callers))
        proven += findings_of(passed, locator, PYTHON)
    return SourceScan(
        migration_map.path,
        migration_map.root,
        files,
        tuple(sorted(proven)),
        tuple(sorted(unproven)),
        inside_legacy,
    )


def _brings_names(ask: Ask) -> bool:
    """Return whether an ask is a star import that passes names on to whoever imports the file."""
    return ask.site.form == "from" and ask.by_star and (ask.rule.kind == NAME or not ask.name)
