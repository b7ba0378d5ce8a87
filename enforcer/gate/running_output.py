"""Output of a scan joined with a store: a line for each reference and use, and JSON."""

import os
from collections.abc import Iterable, Iterator

from enforcer.baseline.run_record import SeenSite
from enforcer.findings import ScanFinding
from enforcer.gate.running import Running
from enforcer.output.document import as_json as dump
from enforcer.output.words import visible
from enforcer.rules.model import TREE_SUFFIX, MigrationMap
from enforcer.source.scan_output import line_of


def as_text(running: Running, migration_map: MigrationMap) -> str:
    """Return what was found, by what it means, each with its number."""
    here = os.path.relpath(migration_map.root)
    lines = [
        *_references("live", running.live, here),
        *_references("silent", running.silent, here),
        *_uses("dynamic", running.dynamic, migration_map),
        *_uses("gone from source", running.gone, migration_map),
    ]
    total = (
        f"{len(running.live):,} live, {len(running.silent):,} silent, "
        f"{len(running.dynamic):,} dynamic, {len(running.gone):,} gone from source; "
        f"seen in {running.store}"
    )
    return "".join(f"{visible(line)}\n" for line in (*lines, total))


def as_json(running: Running, migration_map: MigrationMap) -> str:
    """Return the four lists as one JSON document; fields are only ever added."""
    document = {
        "map": migration_map.path,
        "root": migration_map.root,
        "store": running.store,
        "live": running.live,
        "silent": running.silent,
        "dynamic": [site._asdict() for site in running.dynamic],
        "gone": [site._asdict() for site in running.gone],
    }
    return dump(document)


def _references(what: str, findings: Iterable[ScanFinding], folder: str) -> Iterator[str]:
    for finding in findings:
        yield f"{line_of(finding, folder)[:-1]}, {what}]"


def _uses(what: str, sites: Iterable[SeenSite], migration_map: MigrationMap) -> Iterator[str]:
    rules = {rule.legacy.removesuffix(TREE_SUFFIX): rule for rule in migration_map}
    for site in sites:
        module = site.path.partition(":")[0]
        rule = rules.get(site.path) or migration_map.match(module)
        canonical = ""
        if rule is not None:
            canonical = rule.canonical_of(module) if ":" not in site.path else rule.canonical
        place = f"{site.file}:{site.line}" if site.line else site.file
        yield f"{place} {site.path} → {canonical} [{site.kind}, {what}]"
