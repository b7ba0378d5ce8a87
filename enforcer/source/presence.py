"""Classification of what is asked of legacy paths: present, missing, served, unsure."""

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from enforcer.rules.model import NAME, MigrationMap, Rule
from enforcer.source.aliased_names import AliasedNames
from enforcer.source.findings import LegacyName, MissingName, RenamedName, RuleCheck
from enforcer.source.import_probe import ImportedModule
from enforcer.source.module_files import Locator
from enforcer.source.names import NameReader
from enforcer.source.resolution import Ask, Matcher


class Presence:
    """Comparer of what is asked for with the names of both sides."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that knows of modules and names
        self,
        migration_map: MigrationMap,
        locator: Locator,
        names: NameReader,
        aliased: AliasedNames,
        imported: Mapping[str, ImportedModule],
        matcher: Matcher,
    ) -> None:
        """Bind to the readers of modules and names; ``imported`` takes precedence over source."""
        self._locator = locator
        self._names = names
        self._aliased = aliased
        self._imported = imported
        self._matcher = matcher
        self._factories = {(rule.module, rule.name) for rule in migration_map.factories}

    def sort(self, found: RuleCheck, asks: list[Ask]) -> None:
        """Classify what is asked for under a rule, and add it to the rule's result."""
        rule = found.rule
        if rule.kind == NAME:
            has_name = self._canonical_has(rule.target, rule.target_name)
            found.canonical_name_missing = has_name is False
            return
        if found.canonical is not None:
            found.unsure_why = self._names.names_of(found.canonical).unsure
        self._sort_missing(found, asks)
        broken = {missing.canonical_name for missing in found.would_break}
        found.renamed_missing = [
            RenamedName(old, new, self._nearest(rule.target, new))
            for old, new in rule.names.items()
            if new not in broken and self._canonical_has(rule.target, new) is False
        ]
        found.unasked = list(self._unasked(rule, asks))

    def _sort_missing(self, found: RuleCheck, asks: list[Ask]) -> None:
        """Classify each name that is asked for."""
        asking: dict[tuple[str, str, bool], list[Ask]] = defaultdict(list)
        for ask in asks:
            # A circular import is one thing to mend, whatever names it asks for.
            if not ask.site.is_text and ask.site not in found.circular:
                asking[(*self._wanted_from(ask), ask.by_star and bool(ask.name))].append(ask)
        for (module, name, by_star), places in sorted(asking.items(), key=lambda item: item[0]):
            self._sort_name(found, module, name, places, by_star=by_star)

    def _sort_name(
        self, found: RuleCheck, module: str, name: str, asks: list[Ask], *, by_star: bool
    ) -> None:
        rule = found.rule
        module_in, name_in = self._moved(rule, module, name)
        has_name: bool | None
        if by_star:
            asks = [ask for ask in asks if not self._has_otherwise(ask)]
            given = self._aliased.star(rule, module)
            has_name = name in given.exported or (None if given.unsure else False)
        else:
            has_name = self._canonical_has(module_in, name_in)
        if not asks or has_name or (module, name) in self._factories:
            return
        sites = tuple(sorted({ask.site for ask in asks}))
        missing = MissingName(
            module, name, module_in, name_in, sites, self._nearest(module_in, name_in), by_star
        )
        if all(ask.site.typing_only for ask in asks):
            found.typing_only.append(missing)
        elif has_name is None:
            found.unsure.append(missing)
        elif self._legacy_has(module, name) is False:
            found.broken_already.append(missing)
        elif rule.keeps_own_code:
            found.served.append(missing)
        elif not name:
            found.unmoved.append(missing)
        else:
            found.would_break.append(missing)

    def _has_otherwise(self, ask: Ask) -> bool:
        """Return whether another import of the file brings a name that a star did."""
        if ask.site.through or not ask.callers:
            return False
        located = self._locator.locate(ask.callers[0])
        return located is not None and ask.name in self._aliased.reader.names_of(located).names

    def _wanted_from(self, ask: Ask) -> tuple[str, str]:
        """Return what a place needs: a name of a module, or a module that may be missing."""
        if self._locator.locate(ask.rule.canonical_of(ask.module)) is None:
            return ask.module, ""
        inside = f"{ask.module}.{ask.name}" if ask.name else ask.module
        canonical_has_name = self._canonical_has(*self._moved(ask.rule, ask.module, ask.name))
        if not canonical_has_name and self._locator.locate(inside) is not None:
            return inside, ""
        return ask.module, ask.name

    def _moved(self, rule: Rule, module: str, name: str) -> tuple[str, str]:
        """Return which module will be asked instead, and for which name."""
        return rule.canonical_of(module), rule.canonical_name(module, name)

    def _canonical_has(self, module: str, name: str) -> bool | None:
        imported = self._imported.get(module)
        if imported is not None and not imported.error:
            return not name or name in imported.names
        if not name:
            return self._locator.locate(module) is not None
        return self._aliased.reader.has(module, name)

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
                if self._aliased.reader.has(*self._moved(rule, module, name)) is False:
                    yield LegacyName(module, name)
