"""Evaluation of the gate: compare map, baseline, source and recorded uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from enforcer.baseline.comparison import Judged, Verdict, compare
from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reader import UPDATE, UPDATE_SOURCE
from enforcer.baseline.renamed_files import follow_renames
from enforcer.baseline.run_record import Record
from enforcer.gate.dates import DatedFindings
from enforcer.gate.finding_writer import FindingWriter, within
from enforcer.gate.findings import Finding, Level
from enforcer.gate.seen import NOBODY
from enforcer.gate.source_findings import SourceFindings
from enforcer.gate.unmatched import Names
from enforcer.report.words import IN_SAFE_MODE
from enforcer.rules.model import MigrationMap
from enforcer.source.check import check_map

_BLIND_REMEDY = "Mend the map, or run all processes with it"
_SAFE_REMEDY = "Remove enforcer.off or the variable that says so, and restart them"


@dataclass(frozen=True, slots=True)
class Gate:
    """Result of a gate.

    Attributes:
        findings: all findings, sorted by file and line.
        map_file: the migration map.
        root: the folder that the map calls its root.
        top: the folder that the findings' files are relative to: the top of the repository.
        tolerated: how many call sites of the baseline were met.

    """

    findings: tuple[Finding, ...]
    map_file: str
    root: str
    top: str
    tolerated: int

    @property
    def is_open(self) -> bool:
        """Return whether no finding closes the gate."""
        return all(finding.level != Level.ERROR for finding in self.findings)


def gather(  # noqa: PLR0913 - what to compare, and what to call it
    migration_map: MigrationMap,
    baseline: Baseline,
    seen: Record | None,
    *,
    today: date,
    warn_before: timedelta,
    update: str = UPDATE,
    update_source: str = UPDATE_SOURCE,
    is_stale_error: bool = True,
    reads_source: bool = True,
) -> Gate:
    """Collect all findings.

    Args:
        migration_map: the map.
        baseline: the tolerated call sites.
        seen: the record of a run, if there was one.
        today: the date to compare with.
        warn_before: how long before its date something is reported.
        update: the command that removes stale entries from the baseline.
        update_source: the command that takes the source into the baseline.
        is_stale_error: whether stale entries close the gate.
        reads_source: whether references in the source are compared with the baseline.

    """
    baseline = follow_renames(baseline, migration_map)
    writer = FindingWriter(
        migration_map,
        baseline,
        today.isoformat(),
        update=update,
        update_source=update_source,
        is_stale_error=is_stale_error,
    )
    judged: list[Judged] = []
    if seen is not None:
        judged = compare(
            baseline,
            seen.lines(),
            is_complete=seen.shows_what_is_gone,
            blind=seen.blind,
        )
    check = check_map(migration_map, baseline=baseline)
    source = SourceFindings(baseline, check, seen, writer)
    # Before broken(): the stages refuse nothing that the baseline has in the source.
    in_source = list(source.references()) if reads_source else []
    of_run = _RunFindings(seen, writer)
    findings = {
        *DatedFindings(migration_map, writer, (today + warn_before).isoformat()),
        *_unknown_names(migration_map, baseline, judged, writer),
        *source.broken(),
        *in_source,
        *of_run.verdicts(judged),
        *of_run.blind(),
    }
    tolerated = sum(min(len(one.lines), one.entry.count) for one in judged if _is_old(one))
    root, top = migration_map.root, str(writer.top)
    return Gate(tuple(sorted(findings)), migration_map.path, root, top, tolerated)


def _unknown_names(
    migration_map: MigrationMap, baseline: Baseline, judged: list[Judged], writer: FindingWriter
) -> Iterator[Finding]:
    stale = frozenset(one.entry.key for one in judged if one.verdict == Verdict.STALE)
    for one in Names(migration_map).unknown(baseline, stale):
        kind = "unknown-path" if one.path else "unknown-caller"
        yield writer.write(kind, one.place, one.message, one.remedy.rstrip("."), one.path)


class _RunFindings:
    """Findings in the record of a run."""

    def __init__(self, seen: Record | None, writer: FindingWriter) -> None:
        self._seen = seen
        self._writer = writer

    def verdicts(self, judged: list[Judged]) -> Iterator[Finding]:
        for one in judged:
            if one.verdict == Verdict.NEW:
                yield from self._new(one)
            elif one.verdict == Verdict.GREW:
                yield from self._grown(one.entry, one.lines)
            elif one.verdict in (Verdict.STALE, Verdict.SHRANK):
                yield self._writer.stale(one, self._writer.update)

    def blind(self) -> Iterator[Finding]:
        """Yield the rules that not all processes watched: it is unknown whether they are used."""
        seen = self._seen
        if seen is None:
            return
        for sentence in seen.lost:
            yield self._writer.write(
                "blind-store",
                self._writer.in_map(0),
                sentence.rstrip("."),
                'See "enforcer report", mend the cause, and begin a store anew',
                "",
                is_error=seen.is_complete,
            )
        for path, reason in seen.blind.items():
            if reason == NOBODY and not seen.is_complete:
                # A rule that was added to the map since.
                continue
            yield self._writer.write(
                "blind-rule",
                self._writer.in_map_at(path),
                f'"{path}" is {reason}: what was not seen may be there all the same',
                _SAFE_REMEDY if reason.endswith(IN_SAFE_MODE) else _BLIND_REMEDY,
                path,
                is_error=seen.is_complete,
            )

    def _new(self, one: Judged) -> Iterator[Finding]:
        entry = one.entry
        sites = self._seen.sites_of(entry.key) if self._seen is not None else []
        sites = [site for site in sites if site.line in one.lines]
        if sites and self._writer.are_exempted(sites):
            # The expiry of the exemption is a finding of its own.
            return
        for line in one.lines:
            yield self._writer.write(
                "new-use",
                (entry.file, line),
                f'a new use of "{entry.path}"{within(entry)}{one.other_names}',
                self._writer.instead(entry.path),
                entry.path,
            )

    def _grown(self, entry: Entry, lines: tuple[int, ...]) -> Iterator[Finding]:
        message = f'{len(lines)} call sites of "{entry.path}"{within(entry)}, and the baseline has '
        for line in lines:
            yield self._writer.write(
                "grown-use",
                (entry.file, line),
                f"{message}{entry.count}",
                self._writer.instead(entry.path),
                entry.path,
            )


def _is_old(one: Judged) -> bool:
    return one.verdict not in (Verdict.NEW, Verdict.STALE)
