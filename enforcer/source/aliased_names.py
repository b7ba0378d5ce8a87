"""The names that modules will have once every rule aliases.

Most modules have the names in their source. What changes is what ``from legacy import *`` binds, in
whichever module it stands: what an alias exports, not what the legacy code exports.
"""

from enforcer.rules.model import LEGACY_FALLBACK, MigrationMap, Rule
from enforcer.source.module_files import Locator
from enforcer.source.names import ModuleNames, NameReader
from enforcer.source.resolution import Matcher


class AliasedNames:
    """Reader of future names.

    Attributes:
        reader: reads the names of modules.

    """

    def __init__(
        self, migration_map: MigrationMap, locator: Locator, before: NameReader, matcher: Matcher
    ) -> None:
        """Bind to the map, and to the readers of modules and their current names."""
        self._locator = locator
        self._before = before
        self._matcher = matcher
        self._factories = [(rule.module, rule.name) for rule in migration_map.factories]
        self.reader = NameReader(locator, self._star_of)

    def star(self, rule: Rule, module: str) -> ModuleNames:
        """Return what ``from module import *`` will bind, of a legacy module under a rule.

        An alias exports what the canonical module does, renamed names under both names, and
        factories (``AliasLink.public_names``); with a fallback, what the legacy code exports.
        """
        legacy = self._locator.locate(module)
        if rule.implementation and legacy is not None:
            return self._before.starred(legacy)
        canonical = self._locator.locate(rule.canonical_of(module))
        if canonical is None:
            return ModuleNames()
        given = self.reader.starred(canonical)
        exported = set(given.exported)
        if module == rule.module:
            names = self.reader.names_of(canonical).names
            exported.update(old for old, new in rule.names.items() if new in names)
        exported.update(name for path, name in self._factories if path == module)
        unsure = given.unsure
        if rule.fallback == LEGACY_FALLBACK and legacy is not None:
            served = self._before.starred(legacy)
            exported |= served.exported
            unsure = unsure or served.unsure
        names = frozenset(exported)
        return ModuleNames(names, names, names, unsure)

    def _star_of(self, path: str) -> ModuleNames | None:
        rule = self._matcher.covering(path)
        return None if rule is None or rule.implementation else self.star(rule, path)
