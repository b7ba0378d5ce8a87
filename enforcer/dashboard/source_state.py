"""By the recorded scan: is a call site live, silent or gone, and which places were never used."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from enforcer.dashboard.look import Look
from enforcer.findings import RecordedScan
from enforcer.owners import Owners
from enforcer.report.model import RuleReport, SiteReport

LIVE: Final = "live"
SILENT: Final = "silent"
GONE: Final = "gone"

LIVES: Final = {LIVE: "live", SILENT: "silent", GONE: "gone from source"}


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place in source that names a path and was never seen in use."""

    file: str
    line: int
    owner: str


class SourceState:
    """The findings of one rule in the recorded scan, if there is one."""

    def __init__(self, scan: RecordedScan | None, legacy: str) -> None:
        """Read the findings; without a scan nothing is known to be gone."""
        found = scan.findings_of(legacy) if scan else None
        self._is_known = found is not None
        self._findings = found or ()
        self._files = {one.file for one in self._findings}

    def life(self, look: Look, site: SiteReport) -> str:
        """Return whether a call site is live, silent, or gone from source."""
        if look.is_left(site):
            return LIVE
        is_own = site.relation == "own" and site.file.endswith(".py")
        return GONE if self._is_known and is_own and site.file not in self._files else SILENT

    def only_named(self, rule: RuleReport, owners: Owners) -> list[NamedPlace]:
        """Return the places in files that were never seen in use."""
        return list(self._only_named(rule, owners))

    def _only_named(self, rule: RuleReport, owners: Owners) -> Iterator[NamedPlace]:
        used = {site.file for site in rule.call_sites}
        for one in self._findings:
            if one.is_proven and one.file not in used:
                yield NamedPlace(one.file, one.line, " ".join(owners.of(one.file)))
