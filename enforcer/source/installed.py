"""Installed distributions whose files name a legacy path: callers that no scan of the tree sees."""

import os
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from enforcer.baseline.model import file_of
from enforcer.findings import InstalledReference
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import with_slashes
from enforcer.source.kinds import is_python
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.parallel import Progress, in_parallel
from enforcer.source.resolution import Matcher
from enforcer.source.scan import FileScanner
from enforcer.source.scan_findings import findings_of
from enforcer.source.scanned import unpack

_ENTRY_POINTS = "entry_points.txt"


def installed_references(
    migration_map: MigrationMap, progress: Progress | None = None
) -> tuple[InstalledReference, ...]:
    """Return what this environment's distributions name, once for each file and legacy path.

    Distributions below the map's root are the program itself, and are left out.
    """
    search = search_path(migration_map.root)
    locator = Locator(search)
    matcher = Matcher(migration_map, locator, NameReader(locator))
    owners = {file: owner for owner in distributions() for file in _files(owner)}
    below = migration_map.root.rstrip(os.sep) + os.sep
    files = [file for file in owners if not file.startswith(below) or "site-packages" in file]
    found: dict[tuple[str, str], InstalledReference] = {}
    for file, packed in in_parallel(FileScanner(migration_map, search), files, progress):
        if packed is None:
            continue
        scanned = unpack(file, packed)
        owner = owners[file]
        for one in sorted(findings_of(matcher.asks_in(scanned), locator, scanned.kind)):
            reference = InstalledReference(
                owner.name,
                owner.version,
                file_of(with_slashes(file)),
                one.line,
                one.legacy,
                one.rule,
                one.form,
            )
            found.setdefault((file, one.legacy), reference)
    return tuple(sorted(found.values()))


def _files(owner: Distribution) -> Iterator[str]:
    """Yield the Python files of a distribution, and its table of entry points."""
    for file in owner.files or ():
        if is_python(file.name) or file.name == _ENTRY_POINTS:
            path = str(owner.locate_file(file))
            # RECORD may list files that are gone since.
            if Path(path).is_file():
                yield os.path.normpath(path)
