"""Check what each rule of a map will meet, before anything is switched on.

Everything is judged from source; only on demand the canonical modules are imported, in a
process of their own, and what they really have then counts instead.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from enforcer.rules.model import LEGACY_FALLBACK, NAME, TREE, MigrationMap, Rule
from enforcer.source.asking import Ask, Matcher, Site
from enforcer.source.delegations import DelegationChecker
from enforcer.source.findings import (
    FailedImport,
    LegacyName,
    MapCheck,
    MissingName,
    RenamedName,
    RuleCheck,
    UnreadableFile,
)
from enforcer.source.importing import ImportedModule, import_modules
from enforcer.source.locating import SOURCE_FOLDER, Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.scanning import Scanner


def check_map(migration_map: MigrationMap, *, import_canonical: bool = False) -> MapCheck:
    """Check what each rule of a map will meet.

    Args:
        migration_map: the map, which has no mistakes.
        import_canonical: whether to import the canonical modules, in a child process.

    """
    return _Checker(migration_map).check(import_canonical=import_canonical)


class _Checker:
    def __init__(self, migration_map: MigrationMap) -> None:
        self._map = migration_map
        self._search = search_path(migration_map.root)
        self._locator = Locator(self._search)
        self._names = NameReader(self._locator)
        self._matcher = Matcher(migration_map, self._locator, self._names)
        self._asks: dict[Rule, list[Ask]] = defaultdict(list)
        self._inside: dict[Rule, int] = defaultdict(int)
        self._imported: dict[str, ImportedModule] = {}
        self._factories = {(rule.module, rule.name) for rule in migration_map.factories}

    def check(self, *, import_canonical: bool) -> MapCheck:
        unreadable, files = self._read_files()
        if import_canonical:
            own = [self._map.root, str(Path(self._map.root, SOURCE_FOLDER))]
            self._imported = import_modules(self._wanted(), own)
        delegations = DelegationChecker(self._map, self._locator)
        return MapCheck(
            map_file=self._map.path,
            root=self._map.root,
            files=files,
            rules=tuple(self._check_rule(rule) for rule in self._map.rules),
            unreadable=tuple(unreadable),
            imported=import_canonical,
            factories=delegations.factories(),
            instances=delegations.instances(),
        )

    def _read_files(self) -> tuple[list[UnreadableFile], int]:
        unreadable: list[UnreadableFile] = []
        scanner = Scanner(self._map, self._search)
        scanned_files: set[str] = set()
        for scanned in scanner.scan():
            scanned_files.add(scanned.file)
            if scanned.error:
                unreadable.append(UnreadableFile(scanned.file, scanned.error))
            will_run = self._matcher.will_run(scanned.modules)
            for ask in self._matcher.asks_in(scanned):
                if will_run:
                    self._asks[ask.rule].append(ask)
                else:
                    self._inside[ask.rule] += 1
        self._read_foreign(scanner, scanned_files, unreadable)
        return unreadable, len(scanned_files)

    def _read_foreign(
        self, scanner: Scanner, scanned_files: set[str], unreadable: list[UnreadableFile]
    ) -> None:
        """Read canonical modules outside of the project, for circles alone."""
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

    def _check_rule(self, rule: Rule) -> RuleCheck:
        asks = self._asks[rule]
        found = RuleCheck(
            rule,
            canonical=self._locator.locate(rule.target),
            legacy=self._locator.locate(rule.module),
            uses=_sites(ask for ask in asks if ask.is_use and ask.site.form != "string"),
            strings=_sites(ask for ask in asks if ask.site.form == "string"),
            inside_legacy=self._inside[rule],
        )
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
        if rule.kind == NAME:
            has_name = self._canonical_has(rule.target, rule.target_name)
            found.canonical_name_missing = has_name is False
            return found
        found.unsure_why = self._names.names_of(found.canonical).unsure
        self._sort_missing(found, asks)
        broken = {missing.canonical_name for missing in found.would_break}
        found.renamed_missing = [
            RenamedName(old, new, self._nearest(rule.target, new))
            for old, new in rule.names.items()
            if new not in broken and self._canonical_has(rule.target, new) is False
        ]
        found.unasked = list(self._unasked(rule, asks))
        return found

    def _sort_missing(self, found: RuleCheck, asks: list[Ask]) -> None:
        """Sort what is asked for by what will become of it."""
        sites: dict[tuple[str, str], list[Ask]] = defaultdict(list)
        for ask in asks:
            # What makes a circle is one thing to mend, whatever is asked for there.
            if ask.site.form != "string" and ask.site not in found.circular:
                sites[self._wanted_from(ask)].append(ask)
        for (module, name), asking in sorted(sites.items()):
            module_in, name_in = self._moved(found.rule, module, name)
            has_name = self._canonical_has(module_in, name_in)
            if has_name or (module, name) in self._factories:
                continue
            missing = MissingName(
                module, name, module_in, name_in, _sites(asking), self._nearest(module_in, name_in)
            )
            if all(ask.site.typing_only for ask in asking):
                found.typing_only.append(missing)
            elif has_name is None:
                found.unsure.append(missing)
            elif self._legacy_has(module, name) is False:
                found.broken_already.append(missing)
            elif found.rule.implementation or found.rule.fallback == LEGACY_FALLBACK:
                found.served.append(missing)
            else:
                found.would_break.append(missing)

    def _wanted_from(self, ask: Ask) -> tuple[str, str]:
        """Say what a place needs: a name of a module, or a module that may be missing."""
        if self._locator.locate(ask.rule.canonical_of(ask.module)) is None:
            return ask.module, ""
        inside = f"{ask.module}.{ask.name}" if ask.name else ask.module
        canonical_has_name = self._canonical_has(*self._moved(ask.rule, ask.module, ask.name))
        if not canonical_has_name and self._locator.locate(inside) is not None:
            return inside, ""
        return ask.module, ask.name

    def _moved(self, rule: Rule, module: str, name: str) -> tuple[str, str]:
        """Say which module will be asked instead, and for which name."""
        return rule.canonical_of(module), rule.canonical_name(module, name)

    def _canonical_has(self, module: str, name: str) -> bool | None:
        imported = self._imported.get(module)
        if imported is not None and not imported.error:
            return not name or name in imported.names
        if not name:
            return self._locator.locate(module) is not None
        return self._names.has(module, name)

    def _legacy_has(self, module: str, name: str) -> bool | None:
        if not name:
            return self._locator.locate(module) is not None
        return self._names.has(module, name)

    def _nearest(self, module: str, name: str) -> tuple[str, ...]:
        located = self._locator.locate(module)
        if located is None or not name:
            return ()
        names = sorted(self._names.names_of(located).names)
        return tuple(difflib.get_close_matches(name, names))

    def _is_circular(self, ask: Ask) -> bool:
        """Tell whether canonical code imports the very legacy path that it replaces.

        In a tree any canonical module may import another legacy module: that one gives the
        canonical module then. Only its own legacy counterpart brings it back to itself.
        """
        if not ask.is_use or ask.site.typing_only or ask.site.form in ("attribute", "string"):
            return False
        rule = ask.rule
        if rule.kind != TREE:
            return rule.target in ask.callers
        asked = f"{ask.module}.{ask.name}" if ask.name else ask.module
        is_submodule = ask.name and self._locator.locate(asked) is not None
        return rule.canonical_of(asked if is_submodule else ask.module) in ask.callers

    def _unasked(self, rule: Rule, asks: list[Ask]) -> Iterator[LegacyName]:
        asked = {f"{ask.module}.{ask.name}" if ask.name else ask.module for ask in asks}
        for module in self._matcher.legacy_modules(rule):
            located = self._locator.locate(module)
            canonical = rule.canonical_of(module)
            if located is None:
                continue
            if self._locator.locate(canonical) is None:
                if module not in asked:
                    yield LegacyName(module, "")
                continue
            for name in sorted(self._names.names_of(located).own):
                if f"{module}.{name}" in asked or name.startswith("__"):
                    continue
                if self._canonical_has_statically(rule, module, name) is False:
                    yield LegacyName(module, name)

    def _canonical_has_statically(self, rule: Rule, module: str, name: str) -> bool | None:
        return self._names.has(*self._moved(rule, module, name))

    def _wanted(self) -> dict[str, set[str]]:
        """Say which names to look for in which canonical modules."""
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
            if rule.kind == NAME or ask.site.form == "string":
                continue
            module, name = self._moved(rule, ask.module, ask.name)
            if self._locator.locate(module) is not None:
                wanted[module] |= {name} - {""}
        return wanted


def _sites(asks: Iterable[Ask]) -> tuple[Site, ...]:
    return tuple(sorted({ask.site for ask in asks}))
