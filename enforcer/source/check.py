"""The check of a map: what each rule will meet in the program, before anything is enabled.

Everything is judged from source; only on demand are the canonical modules imported, in a process of
their own, and their real names are used instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from enforcer.baseline.model import Baseline
from enforcer.recording.process import place
from enforcer.rules.model import NAME, TREE, MigrationMap, Rule
from enforcer.rules.stages import REMOVED
from enforcer.source.aliased_names import AliasedNames
from enforcer.source.calls import Call
from enforcer.source.definitions import DefinitionReader
from enforcer.source.delegations import DelegationChecker
from enforcer.source.findings import FailedImport, MapCheck, RuleCheck, UnreadableFile
from enforcer.source.import_probe import ImportedModule, import_modules
from enforcer.source.kinds import is_python, kind_of
from enforcer.source.markers import excuse_of
from enforcer.source.module_files import SOURCE_FOLDER, Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.presence import Presence
from enforcer.source.refusals import Refusals
from enforcer.source.resolution import Ask, Matcher, Site
from enforcer.source.scan import Scanner
from enforcer.source.scan_cache import ScanCache
from enforcer.source.scan_findings import Doubts, findings_of
from enforcer.source.scanned import ScannedFile
from enforcer.source.signature_changes import Comparer
from enforcer.source.stars import StarFollower
from enforcer.source.unmatched import find_unmatched

if TYPE_CHECKING:
    from enforcer.findings import ScanFinding

_NO_IMPORTS: Final = ("attribute", "string", "text")


def check_map(
    migration_map: MigrationMap,
    *,
    import_canonical: bool = False,
    baseline: Baseline | None = None,
) -> MapCheck:
    """Check what each rule of a map will meet.

    Args:
        migration_map: the map, which has no mistakes.
        import_canonical: whether to import the canonical modules, in a child process.
        baseline: what strict rules tolerate; by default the map's baseline.

    Raises:
        BaselineError: if a rule is strict, and the map's baseline can't be read.

    """
    return _Checker(migration_map, baseline).check(import_canonical=import_canonical)


class _Checker:
    def __init__(self, migration_map: MigrationMap, baseline: Baseline | None) -> None:
        self._map = migration_map
        self._search = search_path(migration_map.root)
        self._locator = Locator(self._search)
        self._names = NameReader(self._locator)
        self._matcher = Matcher(migration_map, self._locator, self._names)
        self._aliased = AliasedNames(migration_map, self._locator, self._names, self._matcher)
        self._refusals = Refusals(migration_map, self._locator, baseline)
        self._definitions = DefinitionReader(self._locator)
        self._asks: dict[Rule, list[Ask]] = defaultdict(list)
        self._calls: list[tuple[Site, Call]] = []
        self._inside: dict[Rule, int] = defaultdict(int)
        self._callers: dict[str, list[ScanFinding]] = defaultdict(list)
        self._unproven: list[ScanFinding] = []
        self._imported: dict[str, ImportedModule] = {}

    def check(self, *, import_canonical: bool) -> MapCheck:
        unreadable, files = self._read_files()
        if import_canonical:
            own = [self._map.root, str(Path(self._map.root, SOURCE_FOLDER))]
            self._imported = import_modules(self._wanted(), own)
        presence = Presence(
            self._map, self._locator, self._names, self._aliased, self._imported, self._matcher
        )
        comparer = Comparer(self._map, self._definitions)
        delegations = DelegationChecker(
            self._map, self._definitions, self._refusals, self._calls, self._callers
        )
        return MapCheck(
            map_file=self._map.path,
            root=self._map.root,
            files=files,
            rules=tuple(self._check_rule(rule, presence, comparer) for rule in self._map.rules),
            unreadable=tuple(unreadable),
            unproven=tuple(sorted(self._unproven)),
            imported=import_canonical,
            factories=delegations.factories(),
            instances=delegations.instances(),
            unmatched=find_unmatched(self._map),
            rollouts=self._map.rollouts,
            place=place(self._map),
        )

    # Files.

    def _read_files(self) -> tuple[list[UnreadableFile], int]:
        unreadable: list[UnreadableFile] = []
        cache = ScanCache(self._map)
        scanner = Scanner(self._map, self._search, is_wanted=kind_of, cache=cache)
        doubts = Doubts(self._map, self._matcher)
        scanned_files: set[str] = set()
        for scanned in scanner.scan():
            if is_python(PurePosixPath(scanned.file).name) or scanned.file.endswith("/"):
                scanned_files.add(scanned.file)
            if scanned.is_empty:
                continue
            if scanned.error:
                unreadable.append(UnreadableFile(scanned.file, scanned.error))
            else:
                self._unproven += doubts.of(scanned)
            self._read_file(scanned)
        self._follow_stars()
        self._read_foreign(scanner, scanned_files, unreadable)
        return unreadable, len(scanned_files)

    def _read_file(self, scanned: ScannedFile) -> None:
        asks = list(self._matcher.asks_in(scanned))
        if not self._matcher.will_run(scanned.modules):
            for ask in asks:
                self._inside[ask.rule] += 1
            return
        self._calls += self._calls_in(scanned)
        for ask in asks:
            self._asks[ask.rule].append(ask)
        for finding in findings_of(asks, self._locator, scanned.kind):
            self._callers[finding.rule].append(finding)

    @staticmethod
    def _calls_in(scanned: ScannedFile) -> Iterator[tuple[Site, Call]]:
        for call in scanned.found.calls:
            excuse = excuse_of(call.function, scanned.found.marks)
            site = Site(scanned.file, call.line, "call", function=call.function, excuse=excuse)
            yield site, call

    def _follow_stars(self) -> None:
        """Find uses of names that a module re-exports from a legacy module by a star."""
        stars = [
            ask
            for asks in self._asks.values()
            for ask in asks
            if ask.site.form == "from" and not ask.name and ask.by_star and ask.rule.kind != NAME
        ]
        if stars:
            follower = StarFollower(
                self._map, self._search, self._locator, self._names, self._aliased
            )
            for ask in follower.asks(stars):
                if self._matcher.will_run(ask.callers):
                    self._asks[ask.rule].append(ask)

    def _read_foreign(
        self, scanner: Scanner, scanned_files: set[str], unreadable: list[UnreadableFile]
    ) -> None:
        """Read canonical modules outside of the project, to detect circular imports only."""
        for target in {rule.target for rule in self._map.rules}:
            located = self._locator.locate(target)
            if located is None or located.file is None or not located.has_source:
                continue
            scanned = scanner.scan_file(located.file)
            if scanned.file not in scanned_files:
                if scanned.error:
                    unreadable.append(UnreadableFile(scanned.file, scanned.error))
                asks = self._matcher.asks_in(scanned)
                for ask in filter(self._is_circular, asks):
                    self._asks[ask.rule].append(ask)

    # Rules.

    def _check_rule(self, rule: Rule, presence: Presence, comparer: Comparer) -> RuleCheck:
        asks = self._asks[rule]
        found = RuleCheck(
            rule,
            canonical=self._locator.locate(rule.target),
            legacy=self._locator.locate(rule.module),
            uses=_sites(ask for ask in asks if ask.is_use and not ask.site.is_text),
            strings=_sites(ask for ask in asks if ask.site.is_text),
            inside_legacy=self._inside[rule],
            callers=tuple(sorted(self._callers[rule.legacy])),
            refused=self._refusals.refused(rule, asks),
        )
        if rule.stage == REMOVED:
            # Nobody is led to the canonical path in this stage.
            return found
        found.circular = _sites(ask for ask in asks if self._is_circular(ask))
        found.failed_imports = tuple(
            FailedImport(module, self._imported[module].error)
            for module in sorted(self._wanted_of(rule))
            if module in self._imported and self._imported[module].error
        )
        if found.canonical is None or any(
            failed.module == rule.target for failed in found.failed_imports
        ):
            return found
        presence.sort(found, asks)
        found.changed = list(comparer.changed(rule, asks))
        found.doubled = list(comparer.doubled(rule, asks))
        return found

    def _is_circular(self, ask: Ask) -> bool:
        """Return whether canonical code imports the very legacy path that it replaces.

        In a tree any canonical module may import another legacy module: that one leads to another
        canonical module. Only its own legacy counterpart leads back to itself.
        """
        if not ask.is_use or ask.site.typing_only or ask.site.form in _NO_IMPORTS:
            return False
        rule = ask.rule
        if rule.kind != TREE:
            return rule.target in ask.callers
        asked = f"{ask.module}.{ask.name}" if ask.name else ask.module
        is_submodule = ask.name and self._locator.locate(asked) is not None
        return rule.canonical_of(asked if is_submodule else ask.module) in ask.callers

    # Imports of canonical modules.

    def _wanted(self) -> dict[str, set[str]]:
        """Return the names to look for in each canonical module."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for rule in self._map.rules:
            for module, names in self._wanted_of(rule).items():
                wanted[module] |= names
        return wanted

    def _wanted_of(self, rule: Rule) -> dict[str, set[str]]:
        if self._locator.locate(rule.target) is None:
            return {}
        own = {rule.target_name} if rule.kind == NAME else set(rule.names.values())
        wanted: dict[str, set[str]] = defaultdict(set, {rule.target: own})
        for ask in self._asks[rule]:
            if rule.kind == NAME or ask.site.is_text:
                continue
            module, name = rule.canonical_of(ask.module), rule.canonical_name(ask.module, ask.name)
            if self._locator.locate(module) is not None:
                wanted[module] |= {name} - {""}
        return wanted


def _sites(asks: Iterable[Ask]) -> tuple[Site, ...]:
    return tuple(sorted({ask.site for ask in asks}))
