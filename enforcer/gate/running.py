"""Source and run time joined: references that were seen running, and uses that no source shows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from enforcer.baseline.run_record import SeenSite
from enforcer.findings import RecordedScan, ScanFinding
from enforcer.gate.seen import sites_in_store
from enforcer.recording.use import ATTRIBUTE, CALL, IMPORT_STATEMENT
from enforcer.report.builder import build
from enforcer.rules.model import MigrationMap
from enforcer.rules.repository import is_installed, is_portable
from enforcer.source.source_scan import SourceScan
from enforcer.store.readers import open_reader

_STORE: Final = "the store"

# Uses by these were written down in the file that they are recorded of.
_WRITTEN: Final = (IMPORT_STATEMENT, ATTRIBUTE)

Place = tuple[str, str, str]
"""Legacy path, file and function."""


@dataclass(frozen=True, slots=True)
class Running:
    """A scan beside what a store has recorded.

    Attributes:
        store: the store, for people.
        live: the references at whose places a use was seen.
        silent: those at whose places none was.
        dynamic: uses that no source shows: computed names, pickles, code of others.
        gone: uses whose statement was in the source, and is there no more.

    """

    store: str
    live: tuple[ScanFinding, ...]
    silent: tuple[ScanFinding, ...]
    dynamic: tuple[SeenSite, ...]
    gone: tuple[SeenSite, ...]


def join_with_store(scan: SourceScan, store: str, migration_map: MigrationMap) -> Running:
    """Join a scan with what a store has recorded.

    Args:
        scan: the scan of the whole tree.
        store: the store's address.
        migration_map: the map.

    Raises:
        StoreError: if the store can't be read, or has nothing.

    """
    report = build(store)
    with open_reader(store) as reader:
        before = reader.scan()
        shown = reader.path
    return join(scan.references, sites_in_store(report, migration_map, _STORE), before, shown)


def join(
    references: Iterable[ScanFinding],
    sites: Iterable[SeenSite],
    before: RecordedScan | None = None,
    store: str = "",
) -> Running:
    """Join references with call sites that were seen.

    They meet by legacy path, file and function: lines move, and a string is used by whatever
    imports it. A factory is used where it is called, and written down where its file imports it:
    the calls meet its references by legacy path and file.

    Args:
        references: the references in the source.
        sites: the call sites.
        before: the scan that was recorded before; what it had and is not there now is gone.
        store: where the call sites are from, for people.

    """
    found: dict[Place, list[ScanFinding]] = {}
    for finding in references:
        found.setdefault((finding.legacy, finding.file, finding.function), []).append(finding)
    in_file: dict[tuple[str, str], set[Place]] = defaultdict(set)
    for place in found:
        in_file[place[:2]].add(place)
    had = {(one.legacy, one.file, one.function) for one in before.findings} if before else set()
    seen: set[Place] = set()
    dynamic: list[SeenSite] = []
    gone: list[SeenSite] = []
    for site in sites:
        place = site.path, site.file, site.function
        met = in_file[place[:2]] if site.kind == CALL else found.keys() & {place}
        seen |= met
        if not met:
            is_own = is_portable(site.file) and not is_installed(site.file)
            was_there = place in had or (is_own and site.kind in _WRITTEN)
            (gone if was_there else dynamic).append(site)
    live = [one for place, those in found.items() for one in those if place in seen]
    silent = [one for place, those in found.items() for one in those if place not in seen]
    return Running(
        store, tuple(sorted(live)), tuple(sorted(silent)), tuple(sorted(dynamic)), tuple(gone)
    )
