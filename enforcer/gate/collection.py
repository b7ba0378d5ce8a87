"""Evaluation of the gate: compare map, baseline, source and recorded uses."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from enforcer.baseline.comparison import Judged, Verdict, compare
from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reader import UPDATE, UPDATE_SOURCE
from enforcer.baseline.renamed_files import follow_renames
from enforcer.baseline.run_record import Record, SeenSite
from enforcer.gate.findings import Finding, Level
from enforcer.gate.in_source import sites_in_source
from enforcer.gate.seen import NOBODY
from enforcer.gate.source import REFUSED, absent, broken
from enforcer.gate.unmatched import Names
from enforcer.owners import Owners, split_owners
from enforcer.report.words import IN_SAFE_MODE
from enforcer.rules.exemptions import Exemption
from enforcer.rules.model import FACTORY, NAME, TREE_SUFFIX, MigrationMap, Rule
from enforcer.rules.repository import is_installed, top_of, with_slashes
from enforcer.rules.stages import REMOVED
from enforcer.source.check import check_map
from enforcer.source.findings import MapCheck
from enforcer.source.unmatched import EXPECTING

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
    gathering = _Gathering(migration_map, baseline, today, warn_before, update)
    gathering.update_source = update_source
    gathering.is_stale_error = is_stale_error
    judged: list[Judged] = []
    if seen is not None:
        judged = compare(
            gathering.baseline,
            seen.lines(),
            is_complete=seen.shows_what_is_gone,
            blind=seen.blind,
        )
    check = check_map(migration_map, baseline=gathering.baseline)
    in_source: list[Finding] = []
    if reads_source:
        in_source = list(gathering.references(check, seen))
    findings = {
        *gathering.dates(),
        *gathering.names(judged),
        *gathering.source(check, seen),
        *in_source,
        *gathering.verdicts(judged, seen),
        *gathering.blind(seen),
    }
    tolerated = sum(min(len(one.lines), one.entry.count) for one in judged if _is_old(one))
    root, top = migration_map.root, str(gathering.top)
    return Gate(tuple(sorted(findings)), migration_map.path, root, top, tolerated)


class _Gathering:
    def __init__(
        self,
        migration_map: MigrationMap,
        baseline: Baseline,
        today: date,
        warn_before: timedelta,
        update: str,
    ) -> None:
        self._map = migration_map
        self._root = Path(migration_map.root)
        self.top = Path(top_of(migration_map.root, migration_map.path))
        self.baseline = follow_renames(baseline, migration_map)
        self._update = update
        self.update_source = UPDATE_SOURCE
        self.is_stale_error = True
        self._known_in_source: set[tuple[str, int]] = set()
        self._today = today.isoformat()
        self._soon = (today + warn_before).isoformat()
        self._owners = Owners(str(self.top))
        self._rules = {rule.legacy.removesuffix(TREE_SUFFIX): rule for rule in migration_map}

    # Expired and expiring dates.

    def dates(self) -> Iterator[Finding]:
        for rule in self._map:
            if rule.remove_after and rule.stage != REMOVED and rule.remove_after < self._soon:
                yield self._rule_day(rule)
        for exemption in self._map.allow:
            if exemption.until < self._soon:
                yield self._exemption_day(exemption)

    def _rule_day(self, rule: Rule) -> Finding:
        is_past = rule.remove_after < self._today
        verb = "was" if is_past else "is"
        return self._finding(
            "expired-rule" if is_past else "expiring-rule",
            self._in_map(rule.line),
            f'"{rule.legacy}" {verb} to be removed after {rule.remove_after}',
            f'Mend its callers and write stage = "{REMOVED}", or a later day',
            rule.legacy,
            is_error=is_past,
        )

    def _exemption_day(self, exemption: Exemption) -> Finding:
        is_past = not exemption.holds_on(self._today)
        verb = "ended" if is_past else "ends"
        return self._finding(
            "expired-exemption" if is_past else "expiring-exemption",
            self._in_map(exemption.line),
            f'the exemption of {exemption.caller} for "{exemption.path}" {verb} '
            f"on {exemption.until} ({exemption.reason})",
            "Mend the caller and remove the exemption, or write a later day",
            exemption.path,
            is_error=is_past,
        )

    # Unknown names.

    def names(self, judged: list[Judged]) -> Iterator[Finding]:
        stale = frozenset(one.entry.key for one in judged if one.verdict == Verdict.STALE)
        for one in Names(self._map).unknown(self.baseline, stale):
            kind = "unknown-path" if one.path else "unknown-caller"
            yield self._finding(kind, one.place, one.message, one.remedy.rstrip("."), one.path)

    # The source.

    def source(self, check: MapCheck, seen: Record | None) -> Iterator[Finding]:
        """Yield what the current stages break in the source, and canonical paths that don't exist.

        A run knows better what is refused at the places that it has seen: a marker may allow it.
        """
        known = {(site.file, site.line) for site in seen or ()}
        for entry in check.unmatched:
            # A missing test is a mistake; files to exclude may be created later.
            yield self._finding(
                "unmatched-entry",
                self._in_map(entry.line),
                entry.message,
                entry.remedy,
                "",
                is_error=entry.key == EXPECTING,
            )
        for rule, canonical in absent(check):
            yield self._finding(
                "canonical-missing",
                self._in_map(rule.line),
                f'"{canonical}" does not exist: the code of "{rule.legacy}" still answers',
                "Add it, or mend canonical",
                rule.legacy,
            )
        for one in broken(check):
            place = one.site.file, one.site.line
            if one.kind == REFUSED and (
                place in known or (one.site.file, one.site.at[0]) in self._known_in_source
            ):
                continue
            remedy = one.remedy or self._instead(one.path)
            yield self._finding(one.kind, place, one.message, remedy, one.path)

    def references(self, check: MapCheck, seen: Record | None) -> Iterator[Finding]:
        """Yield the references that the baseline does not have, and those that are gone.

        They only warn until the source was taken into the baseline. Of a place that a run has seen
        the run knows better.
        """
        source = self.baseline.source
        is_error = source is not None
        for unread in check.unreadable:
            yield self._finding(
                "unreadable-source",
                (unread.file, 0),
                f"it can't be read, and may use any legacy path: {unread.error}",
                "Mend it, or leave it out with exclude",
                "",
                is_error=is_error,
            )
        known = source if source is not None else self.baseline
        found = sites_in_source(check.callers)
        judged_already = {(site.file, site.line) for site in seen or ()}
        judged_already |= {
            (one.site.file, one.site.at[0]) for one in broken(check) if one.kind == REFUSED
        }
        for one in compare(known, found.lines(), is_complete=is_error):
            entry = one.entry
            if one.verdict in (Verdict.STALE, Verdict.SHRANK):
                yield self._stale(one, self.update_source, " in the source")
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
        if all(map(self._is_exempted, sites)):
            return
        how = "a new reference" if one.verdict == Verdict.NEW else "one more reference"
        remedy = self._instead(entry.path)
        if not is_error:
            remedy += f", or take the source into the baseline: {self.update_source}"
        for line in lines:
            yield self._finding(
                "new-reference",
                (entry.file, line),
                f'{how} to "{entry.path}"{_in(entry)}{one.other_names}',
                remedy,
                entry.path,
                is_error=is_error,
            )

    # The record of a run.

    def verdicts(self, judged: list[Judged], seen: Record | None) -> Iterator[Finding]:
        for one in judged:
            if one.verdict == Verdict.NEW:
                yield from self._new(one, seen)
            elif one.verdict == Verdict.GREW:
                yield from self._grown(one.entry, one.lines)
            elif one.verdict in (Verdict.STALE, Verdict.SHRANK):
                yield self._stale(one, self._update)

    def blind(self, seen: Record | None) -> Iterator[Finding]:
        """Yield the rules that not all processes watched: it is unknown whether they are used."""
        if seen is None:
            return
        for sentence in seen.lost:
            yield self._finding(
                "blind-store",
                self._in_map(0),
                sentence.rstrip("."),
                'See "enforcer report", mend the cause, and begin a store anew',
                "",
                is_error=seen.is_complete,
            )
        for path, reason in seen.blind.items():
            if reason == NOBODY and not seen.is_complete:
                # A rule that was added to the map since.
                continue
            yield self._finding(
                "blind-rule",
                self._in_map(self._rules[path].line),
                f'"{path}" is {reason}: what was not seen may be there all the same',
                _SAFE_REMEDY if reason.endswith(IN_SAFE_MODE) else _BLIND_REMEDY,
                path,
                is_error=seen.is_complete,
            )

    def _new(self, one: Judged, seen: Record | None) -> Iterator[Finding]:
        entry = one.entry
        sites = seen.sites_of(entry.key) if seen is not None else []
        sites = [site for site in sites if site.line in one.lines]
        if sites and all(map(self._is_exempted, sites)):
            # The expiry of the exemption is a finding of its own.
            return
        for line in one.lines:
            yield self._finding(
                "new-use",
                (entry.file, line),
                f'a new use of "{entry.path}"{_in(entry)}{one.other_names}',
                self._instead(entry.path),
                entry.path,
            )

    def _is_exempted(self, site: SeenSite) -> bool:
        return any(
            exemption.holds_on(self._today) and exemption.covers(site)
            for exemption in self._map.allow
        )

    def _grown(self, entry: Entry, lines: tuple[int, ...]) -> Iterator[Finding]:
        message = f'{len(lines)} call sites of "{entry.path}"{_in(entry)}, and the baseline has '
        for line in lines:
            yield self._finding(
                "grown-use",
                (entry.file, line),
                f"{message}{entry.count}",
                self._instead(entry.path),
                entry.path,
            )

    def _stale(self, one: Judged, update: str, where: str = "") -> Finding:
        entry = one.entry
        message = f"{entry} is gone{where and f' from{where[3:]}'}"
        if one.lines:
            message = f"{entry}: only {len(one.lines)} of them {_is(len(one.lines))} left{where}"
        return self._finding(
            "stale-entry",
            (self.baseline.path, entry.line),
            message,
            f"Run: {update}",
            entry.path,
            is_error=self.is_stale_error,
        )

    def _from_top(self, file: str) -> str:
        """Return a file's path relative to the top of the repository, as code hosts show it."""
        if file.startswith("<") or (is_installed(file) and not Path(file).is_absolute()):
            return file
        here = Path(os.path.normpath(self._root / file))
        is_inside = here.is_relative_to(self.top)
        return (here.relative_to(self.top) if is_inside else here).as_posix()

    def _instead(self, path: str) -> str:
        module = path.partition(":")[0]
        rule = self._rules.get(path) or self._map.match(module)
        if rule is None:
            return "Use the canonical path"
        is_named = rule.kind in (NAME, FACTORY)
        canonical = rule.canonical if is_named else rule.canonical_of(module)
        return f'Use "{canonical}"'

    # Construction of findings.

    def _in_map(self, line: int) -> tuple[str, int]:
        return self._map.path, line

    def _finding(  # noqa: PLR0913 - one parameter for each part
        self,
        kind: str,
        place: tuple[str, int],
        message: str,
        remedy: str,
        path: str,
        *,
        is_error: bool = True,
    ) -> Finding:
        file, line = place
        file = self._from_top(file)
        level = Level.ERROR if is_error else Level.WARNING
        # No full stop after a command, which people copy.
        is_command = remedy.endswith((self._update, self.update_source))
        remedy = remedy if is_command else f"{remedy}."
        owners = self._owners.of(with_slashes(file))
        return Finding(file, line, kind, level, message, remedy, path, owners, self._owning(path))

    def _owning(self, path: str) -> tuple[str, ...]:
        """Return the owners of the rule of a path, by the map."""
        rule = self._rules.get(path) or self._map.match(path.partition(":")[0])
        return split_owners(rule.owner) if rule is not None else ()


def _is_old(one: Judged) -> bool:
    return one.verdict not in (Verdict.NEW, Verdict.STALE)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _in(entry: Entry) -> str:
    return "" if entry.function == "<module>" else f" in {entry.function}()"
