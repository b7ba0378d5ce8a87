"""Gather what stands in the way of a change: from the map, the baseline, and what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from enforcer.baseline.comparing import Judged, Verdict, compare
from enforcer.baseline.model import Baseline, Entry
from enforcer.baseline.reading import UPDATE
from enforcer.baseline.record import Record
from enforcer.baseline.renames import follow_renames, missing_files
from enforcer.gate.findings import Finding, Level
from enforcer.recording.use import EXEMPTED
from enforcer.rules.exemptions import FUNCTION, Exemption
from enforcer.rules.model import TREE_SUFFIX, MigrationMap, Rule
from enforcer.rules.stages import REMOVED
from enforcer.rules.values import nearest
from enforcer.source.tree import own_files


@dataclass(frozen=True, slots=True)
class Gate:
    """Hold what a gate found.

    Attributes:
        findings: everything, sorted by place.
        map_file: the migration map.
        root: the folder that files are relative to.
        tolerated: how many entries of the baseline were met.

    """

    findings: tuple[Finding, ...]
    map_file: str
    root: str
    tolerated: int

    @property
    def is_open(self) -> bool:
        """Tell whether nothing closes it."""
        return all(finding.level != Level.ERROR for finding in self.findings)


def gather(
    migration_map: MigrationMap,
    baseline: Baseline,
    seen: Record | None,
    *,
    today: date,
    warn_before: timedelta,
) -> Gate:
    """Gather findings.

    Args:
        migration_map: the map.
        baseline: what is tolerated.
        seen: what a run has seen, if there was one.
        today: the day to compare dates with.
        warn_before: how long before its day something is named.

    """
    gathering = _Gathering(migration_map, baseline, today, warn_before)
    judged: list[Judged] = []
    if seen is not None:
        judged = compare(gathering.baseline, seen.lines(), is_complete=seen.is_complete)
    findings = {*gathering.dates(), *gathering.names(), *gathering.verdicts(judged, seen)}
    tolerated = sum(one.verdict == Verdict.TOLERATED for one in judged)
    return Gate(tuple(sorted(findings)), migration_map.path, migration_map.root, tolerated)


class _Gathering:
    def __init__(
        self, migration_map: MigrationMap, baseline: Baseline, today: date, warn_before: timedelta
    ) -> None:
        self._map = migration_map
        self._root = Path(migration_map.root)
        self.baseline = follow_renames(baseline, self._root)
        self._today = today.isoformat()
        self._soon = (today + warn_before).isoformat()
        self._rules = {rule.legacy.removesuffix(TREE_SUFFIX): rule for rule in migration_map}

    # Days that have come.

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

    # Names that nothing has.

    def names(self) -> Iterator[Finding]:
        for entry in self.baseline:
            if not self._has_rule(entry.path):
                yield self._unknown_path(entry.path, self.baseline.path, entry.line)
        for exemption in self._map.allow:
            if not self._has_rule(exemption.path):
                yield self._unknown_path(exemption.path, self._map.path, exemption.line)
            caller = exemption.caller.partition(FUNCTION)[0]
            if not (self._root / caller).exists():
                yield self._unknown_caller(caller, self._map.path, exemption.line)
        for file in missing_files(self.baseline, self._root):
            line = min(entry.line for entry in self.baseline if entry.file == file)
            yield self._unknown_caller(file, self.baseline.path, line)

    def _has_rule(self, path: str) -> bool:
        path = path.removesuffix(TREE_SUFFIX)
        covered = path
        while covered:
            if covered in self._rules:
                return True
            covered = covered.rpartition(":" if ":" in covered else ".")[0]
        return False

    def _unknown_path(self, path: str, file: str, line: int) -> Finding:
        remedy = nearest(path, self._rules)
        return self._finding(
            "unknown-path", (file, line), f'no rule has the path "{path}"', remedy.rstrip("."), path
        )

    def _unknown_caller(self, caller: str, file: str, line: int) -> Finding:
        files = [str(each.relative_to(self._root)) for each in own_files(self._root)]
        remedy = nearest(caller, files) if files else "Remove the line"
        if "or write one of" in remedy:
            remedy = "Remove the line"
        message = f'there is no file "{caller}"'
        return self._finding("unknown-caller", (file, line), message, remedy.rstrip("."), "")

    # What was seen.

    def verdicts(self, judged: list[Judged], seen: Record | None) -> Iterator[Finding]:
        for one in judged:
            if one.verdict == Verdict.NEW:
                yield from self._new(one.entry, one.lines, seen)
            elif one.verdict == Verdict.GREW:
                yield from self._grown(one.entry, one.lines)
            elif one.verdict in (Verdict.STALE, Verdict.SHRANK):
                yield self._stale(one)

    def _new(self, entry: Entry, lines: tuple[int, ...], seen: Record | None) -> Iterator[Finding]:
        sites = seen.sites_of(entry.key) if seen is not None else []
        if sites and all(site.outcome == EXEMPTED for site in sites):
            return  # by an exemption or a marker, which has a day of its own
        for line in lines:
            yield self._finding(
                "new-use",
                (entry.file, line),
                f'a new use of "{entry.path}" in {entry.function}',
                self._instead(entry.path),
                entry.path,
            )

    def _grown(self, entry: Entry, lines: tuple[int, ...]) -> Iterator[Finding]:
        number = f"{len(lines)} call sites of {entry.path!r} in {entry.function}"
        for line in lines:
            yield self._finding(
                "grown-use",
                (entry.file, line),
                f"{number}, and the baseline has {entry.count}".replace("'", '"'),
                self._instead(entry.path),
                entry.path,
            )

    def _stale(self, one: Judged) -> Finding:
        entry = one.entry
        message = f"{entry} is gone"
        if one.lines:
            message = f"{entry}: only {len(one.lines)} of them {_is(len(one.lines))} left"
        return self._finding(
            "stale-entry",
            (self.baseline.path, entry.line),
            message,
            f"Run: {UPDATE}",
            entry.path,
        )

    def _instead(self, path: str) -> str:
        module = path.partition(":")[0]
        rule = self._rules.get(path) or self._map.match(module)
        if rule is None:
            return "Use the canonical path"
        canonical = rule.canonical if path in self._rules else rule.canonical_of(module)
        return f'Use "{canonical}"'

    # Making findings.

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
        shown = Path(file)
        if shown.is_absolute() and shown.is_relative_to(self._root):
            file = str(shown.relative_to(self._root))
        level = Level.ERROR if is_error else Level.WARNING
        return Finding(file, line, kind, level, message, f"{remedy}.", path)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
