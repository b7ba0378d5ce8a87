"""Findings in the source: what the stages break, and references that the baseline lacks."""

from collections.abc import Iterator

from enforcer.baseline.comparison import Judged, Verdict, compare
from enforcer.baseline.model import Baseline
from enforcer.baseline.run_record import Record
from enforcer.gate.finding_writer import FindingWriter, within
from enforcer.gate.findings import Finding
from enforcer.gate.in_source import sites_in_source
from enforcer.gate.source import REFUSED, absent, broken
from enforcer.source.findings import MapCheck
from enforcer.source.unmatched import EXPECTING


class SourceFindings:
    """Findings of one check of the source."""

    def __init__(
        self, baseline: Baseline, check: MapCheck, seen: Record | None, writer: FindingWriter
    ) -> None:
        """Bind to what is compared.

        Args:
            baseline: the tolerated call sites.
            check: the check of the source.
            seen: the record of a run, if there was one.
            writer: writes the findings.

        """
        self._baseline = baseline
        self._check = check
        self._seen = seen
        self._writer = writer
        self._known_in_source: set[tuple[str, int]] = set()

    def broken(self) -> Iterator[Finding]:
        """Yield what the current stages break in the source, and canonical paths that don't exist.

        A run knows better what is refused at the places that it has seen: a marker may allow it.
        """
        known = {(site.file, site.line) for site in self._seen or ()}
        for entry in self._check.unmatched:
            # A missing test is a mistake; files to exclude may be created later.
            yield self._writer.write(
                "unmatched-entry",
                self._writer.in_map(entry.line),
                entry.message,
                entry.remedy,
                "",
                is_error=entry.key == EXPECTING,
            )
        for rule, canonical in absent(self._check):
            yield self._writer.write(
                "canonical-missing",
                self._writer.in_map(rule.line),
                f'"{canonical}" does not exist: the code of "{rule.legacy}" still answers',
                "Add it, or mend canonical",
                rule.legacy,
            )
        for one in broken(self._check):
            place = one.site.file, one.site.line
            if one.kind == REFUSED and (
                place in known or (one.site.file, one.site.at[0]) in self._known_in_source
            ):
                continue
            remedy = one.remedy or self._writer.instead(one.path)
            yield self._writer.write(one.kind, place, one.message, remedy, one.path)

    def references(self) -> Iterator[Finding]:
        """Yield the references that the baseline does not have, and those that are gone.

        They only warn until the source was taken into the baseline. Of a place that a run has seen
        the run knows better.
        """
        source = self._baseline.source
        is_error = source is not None
        for unread in self._check.unreadable:
            yield self._writer.write(
                "unreadable-source",
                (unread.file, 0),
                f"it can't be read, and may use any legacy path: {unread.error}",
                "Mend it, or leave it out with exclude",
                "",
                is_error=is_error,
            )
        known = source if source is not None else self._baseline
        found = sites_in_source(self._check.callers)
        judged_already = {(site.file, site.line) for site in self._seen or ()}
        judged_already |= {
            (one.site.file, one.site.at[0]) for one in broken(self._check) if one.kind == REFUSED
        }
        for one in compare(known, found.lines(), is_complete=is_error):
            entry = one.entry
            if one.verdict in (Verdict.STALE, Verdict.SHRANK):
                yield self._writer.stale(one, self._writer.update_source, " in the source")
            elif one.verdict == Verdict.TOLERATED:
                if is_error:
                    self._known_in_source |= {(entry.file, line) for line in one.lines}
            else:
                lines = [line for line in one.lines if (entry.file, line) not in judged_already]
                yield from self._new_reference(one, found, lines, is_error=is_error)

    def _new_reference(
        self, one: Judged, found: Record, lines: list[int], *, is_error: bool
    ) -> Iterator[Finding]:
        entry = one.entry
        sites = [site for site in found.sites_of(entry.key) if site.line in lines]
        if self._writer.are_exempted(sites):
            return
        how = "a new reference" if one.verdict == Verdict.NEW else "one more reference"
        remedy = self._writer.instead(entry.path)
        if not is_error:
            remedy += f", or take the source into the baseline: {self._writer.update_source}"
        for line in lines:
            yield self._writer.write(
                "new-reference",
                (entry.file, line),
                f'{how} to "{entry.path}"{within(entry)}{one.other_names}',
                remedy,
                entry.path,
                is_error=is_error,
            )
