"""The import paths of a map, and the modules of the program that use each; from the source."""

from collections import defaultdict
from collections.abc import Iterator

from enforcer.rules.model import NAME, MigrationMap, Rule
from enforcer.source.file_references import STAR
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.resolution import Ask, Matcher
from enforcer.source.scan import Scanner
from enforcer.verification.facts import ImportPath


def find_import_paths(migration_map: MigrationMap) -> tuple[ImportPath, ...]:
    """Return the legacy paths that the program uses, and those that legacy code offers.

    Nothing is imported; strings, and imports for type checkers only, are left out.
    """
    return tuple(_Finder(migration_map).find())


class _Finder:
    def __init__(self, migration_map: MigrationMap) -> None:
        self._map = _with_factories(migration_map)
        self._factories = {rule.legacy: rule for rule in migration_map.factories}
        search = search_path(migration_map.root)
        self._locator = Locator(search)
        self._names = NameReader(self._locator)
        self._matcher = Matcher(self._map, self._locator, self._names)
        self._scanner = Scanner(self._map, search)

    def find(self) -> Iterator[ImportPath]:
        services: dict[tuple[str, str], set[str]] = defaultdict(set)
        served: set[str] = set()
        for factory in self._factories.values():
            services[factory.legacy, factory.canonical] = set()
        for rule in self._map.rules:
            for own in self._own(rule):
                services[own] = set()
                if rule.keeps_own_code:
                    served.add(own[0])
        for ask in self._asks():
            ends = self._ends(ask.rule, ask.module, ask.name)
            if ends is not None:
                services[ends].add(ask.callers[0] if ask.callers else ask.site.file)
                if ask.rule.keeps_own_code:
                    served.add(ends[0])
        for (legacy, canonical), users in services.items():
            yield ImportPath(
                legacy,
                canonical,
                legacy in self._factories,
                tuple(sorted(users)),
                self._in_legacy(legacy),
                legacy in served,
            )

    def _in_legacy(self, path: str) -> bool | None:
        module, _, name = path.partition(":")
        if not name:
            return self._locator.locate(module) is not None
        return self._names.has(module, name.partition(".")[0])

    def _asks(self) -> Iterator[Ask]:
        for scanned in self._scanner.scan():
            if not self._matcher.will_run(scanned.modules):
                continue
            for ask in self._matcher.asks_in(scanned):
                is_canonical = ask.rule.target in ask.callers
                if not (ask.site.typing_only or ask.site.is_text or is_canonical):
                    yield ask

    def _own(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Yield what the legacy code itself defines and the canonical code has as well."""
        if rule.kind == NAME:
            yield rule.legacy, rule.canonical
            return
        for module in self._matcher.legacy_modules(rule):
            located = self._locator.locate(module)
            own = self._names.names_of(located).own if located is not None else frozenset()
            for name in sorted(own | (rule.names.keys() if module == rule.module else set())):
                if not name.startswith("__") and self._is_moved(rule, module, name):
                    ends = self._ends(rule, module, name)
                    if ends is not None:
                        yield ends

    def _is_moved(self, rule: Rule, module: str, name: str) -> bool:
        canonical = rule.canonical_of(module)
        return self._names.has(canonical, rule.canonical_name(module, name)) is True

    def _ends(self, rule: Rule, module: str, name: str) -> tuple[str, str] | None:
        """Return both ends of a use, or None if it leads to no single object."""
        factory = self._factories.get(f"{module}:{name}")
        if factory is not None:
            return factory.legacy, factory.canonical
        if rule.kind == NAME:
            return rule.legacy, rule.canonical
        if name == STAR:
            name = ""
        if name and self._locator.locate(f"{module}.{name}") is not None:
            module, name = f"{module}.{name}", ""
        if not name and rule.implementation:
            # Two modules, as the map intends.
            return None
        canonical = rule.canonical_of(module)
        return f"{module}:{name}", f"{canonical}:{rule.canonical_name(module, name)}"


def _with_factories(migration_map: MigrationMap) -> MigrationMap:
    """Return a map in which each factory is a name of its own, so that its users are found."""
    known = {rule.legacy for rule in migration_map.rules}
    factories = [
        Rule(factory.legacy, factory.canonical)
        for factory in migration_map.factories
        if factory.legacy not in known and "." not in factory.name
    ]
    return MigrationMap(
        (*migration_map.rules, *factories),
        root=migration_map.root,
        exclude=migration_map.exclude,
        path=migration_map.path,
    )
