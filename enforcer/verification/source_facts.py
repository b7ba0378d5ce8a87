"""Findings of the source that no import would show: refusals, changed calls, missing keys.

They are judged as by ``enforcer check``, so that the two commands agree.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from enforcer.rules.model import MigrationMap
from enforcer.rules.stages import REMOVED
from enforcer.source.check import check_map
from enforcer.source.module_files import search_path
from enforcer.source.resolution import Site
from enforcer.source.tree import ModuleNamer


@dataclass(frozen=True, slots=True)
class InSource:
    """Findings by legacy path (``package.module:name``) or by module.

    Attributes:
        changed: path → what its calls would mean instead.
        lacking: path → where names are asked for that only the legacy code has.
        refused: module of the program → the legacy paths that it is refused, with the places.
        keyless: canonical class or factory → the places that call it without the key it needs.
        refused_calls: legacy factory → the places whose calls are refused.

    """

    changed: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, tuple[Site, ...]] = field(default_factory=dict)
    refused: dict[str, dict[str, list[Site]]] = field(default_factory=dict)
    refused_calls: dict[str, tuple[Site, ...]] = field(default_factory=dict)
    keyless: dict[str, tuple[Site, ...]] = field(default_factory=dict)


def read_source(migration_map: MigrationMap) -> InSource:
    """Return what the current stages mean to a program's source.

    Raises:
        BaselineError: if a rule is strict, and the map's baseline can't be read.

    """
    check = check_map(migration_map)
    found = InSource()
    by_service: dict[str, dict[str, list[Site]]] = defaultdict(lambda: defaultdict(list))
    name_modules = ModuleNamer(search_path(migration_map.root))

    def refuse(legacy: str, sites: Iterable[Site]) -> None:
        for site in sites:
            names = name_modules(str(Path(migration_map.root, site.file)))
            by_service[names[0] if names else site.file][legacy].append(site)

    for one in check.rules:
        refuse(one.rule.legacy, one.refused)
        if not one.rule.aliases() or one.rule.stage == REMOVED:
            continue
        for changed in one.changed:
            message = changed.findings[0].message
            found.changed[f"{changed.module}:{changed.name}"] = message
        for missing in one.would_break:
            found.lacking[f"{missing.module}:{missing.name}"] = missing.sites
    for factory in check.factories:
        refuse(factory.rule.legacy, factory.refused)
        if factory.refused:
            found.refused_calls[factory.rule.legacy] = factory.refused
    found.keyless.update({one.rule.canonical: one.keyless for one in check.failing_instances})
    found.refused.update(by_service)
    return found
