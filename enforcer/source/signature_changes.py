"""Comparison of legacy functions and classes with canonical ones: signatures, duplicates."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from enforcer.rules.model import NAME, MigrationMap, Rule
from enforcer.source.definitions import PROPERTIES, Definition, DefinitionReader
from enforcer.source.findings import ChangedCall, DoubledClass
from enforcer.source.resolution import Ask, Site
from enforcer.source.signatures import differences


class Comparer:
    """Comparer of legacy definitions with their canonical counterparts."""

    def __init__(self, migration_map: MigrationMap, reader: DefinitionReader) -> None:
        """Bind to the map, whose factories are compared elsewhere, and a reader of definitions."""
        self._factories = {rule.legacy for rule in migration_map.factories}
        self._reader = reader

    def changed(self, rule: Rule, asks: Iterable[Ask]) -> Iterator[ChangedCall]:
        """Yield what has another signature on the canonical side.

        Names that the map renames are always compared, all others where the program asks for them.
        Where the legacy code still answers, nothing changes.
        """
        if rule.implementation:
            return
        sites = _asked(asks)
        renamed = [(rule.module, name) for name in (rule.names or ())]
        if rule.kind == NAME:
            renamed = [(rule.module, rule.name)]
        for module, name in sorted({*renamed, *sites}):
            if f"{module}:{name}" not in self._factories:
                places = tuple(sorted(sites.get((module, name), ())))
                is_renamed = (module, name) in renamed
                yield from self._compared(rule, module, name, places, is_renamed=is_renamed)

    def doubled(self, rule: Rule, asks: Iterable[Ask]) -> Iterator[DoubledClass]:
        """Yield classes that exist both in legacy code that still runs and in canonical code.

        As without the enforcer, both stay: a user of one never gets the other.
        """
        if not rule.implementation or rule.kind == NAME:
            return
        for (module, name), sites in sorted(_asked(asks).items()):
            new = f"{rule.canonical_of(module)}:{rule.canonical_name(module, name)}"
            legacy, canonical = self._reader.find(f"{module}:{name}"), self._reader.find(new)
            both = legacy.kind == canonical.kind == "class"
            if both and legacy.place != canonical.place:
                yield DoubledClass(module, name, new.replace(":", "."), tuple(sorted(sites)))

    def _compared(
        self, rule: Rule, module: str, name: str, sites: tuple[Site, ...], *, is_renamed: bool
    ) -> Iterator[ChangedCall]:
        old = f"{module}:{name}"
        new = rule.canonical
        if rule.kind != NAME:
            new = f"{rule.canonical_of(module)}:{rule.canonical_name(module, name)}"
        legacy, canonical = self._reader.find(old), self._reader.find(new)
        if legacy.place == canonical.place or not (_is_known(legacy) and _is_known(canonical)):
            return
        if not is_renamed and legacy.decorators != canonical.decorators:
            # A decorator may change the signature.
            return
        if legacy.parameters is None or canonical.parameters is None:
            return
        shown = old.replace(":", "."), new.replace(":", ".")
        found = differences(shown[0], legacy.parameters, shown[1], canonical.parameters)
        findings = tuple(found)
        if findings:
            yield ChangedCall(module, name, findings, sites)


def _asked(asks: Iterable[Ask]) -> dict[tuple[str, str], set[Site]]:
    """Return the names that a program asks legacy modules for, with the places."""
    sites: dict[tuple[str, str], set[Site]] = defaultdict(set)
    for ask in asks:
        if ask.name and not ask.site.is_text and not ask.site.typing_only:
            sites[ask.module, ask.name].add(ask.site)
    return sites


def _is_known(found: Definition) -> bool:
    return found.kind in ("function", "class") and found.made_into not in PROPERTIES
