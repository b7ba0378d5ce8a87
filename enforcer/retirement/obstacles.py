"""The next step of every rule, with its obstacles judged from source and recorded uses.

The map is checked as if each rule had its next stage already, with the same code that judges the
current stages (``enforcer.source.check``). Uses that a store has are added where the source can't
tell: third-party callers, and imports by a name that is computed.
"""

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from enforcer.baseline.tolerance import Tolerance
from enforcer.gate.source import absent, broken
from enforcer.output.times import short
from enforcer.owners import Owners
from enforcer.report.model import Report, RuleReport, SiteReport
from enforcer.report.words import place
from enforcer.retirement.recorded_sites import (
    call_site_of,
    file_of_place,
    is_in_source,
    is_mended,
    whom,
)
from enforcer.retirement.steps import (
    Obstacle,
    Step,
    next_stage,
    own_stages,
    rollouts_of,
    stage_of,
)
from enforcer.rules.model import FACTORY, MigrationMap, Rule
from enforcer.rules.stages import ALIAS, OBSERVE, REMOVED, STRICT
from enforcer.runtime.imports.proposals import why_not
from enforcer.source.check import check_map
from enforcer.source.findings import FactoryCheck, MapCheck, RuleCheck
from enforcer.source.module_files import Locator, search_path
from enforcer.source.names import NameReader
from enforcer.source.tree import exclusions, own_files
from enforcer.store.queries import DAY
from enforcer.verdict.model import Verdict

if TYPE_CHECKING:
    from enforcer.rules.rollout import Rollout

RECORDED: Final = "recorded-use"
MISSING: Final = "would-break"
UNWATCHED: Final = "not-watched"
IMPLEMENTATION: Final = "implementation"

_OF_CODE: Final = frozenset(("canonical-import-fails", "renamed-name-missing"))
"""Findings of a check that have no place in a caller's file, and that the gate does not have."""


def next_steps(
    path: str,
    report: Report | None,
    owners: Owners,
    now: int,
    verdicts: Iterable[Verdict],
) -> list[Step]:
    """Return the next step of every rule and factory of a map, in the order of the map.

    Args:
        path: the map, without mistakes.
        report: what a store has, with all of its rules; None if nothing was recorded.
        owners: the owners of files.
        now: the time, in nanoseconds since the epoch.
        verdicts: the verdicts on the rules, which decide on stage removed.

    Raises:
        BaselineError: if the map's baseline can't be read.

    """
    # Loaded twice, since the rules of the second are changed.
    current, following = own_stages(path), own_stages(path)
    for rule in following:
        _advance(rule)
    judge = _Judge(following, check_map(following), report, owners, now)
    judge.tolerated = Tolerance(following, {})
    judge.rollouts = rollouts_of(path)
    judge.verdicts = {one.legacy: one for one in verdicts}
    return [judge.step(rule, then) for rule, then in zip(current, following, strict=True)]


def _advance(rule: Rule) -> None:
    if rule.stage == STRICT and not rule.refuse:
        rule.refuse = True
    elif rule.stage != REMOVED:
        rule.stage = next_stage(rule)


class _Judge:
    """Judge of steps, with the check of the map as it would be."""

    def __init__(
        self,
        following: MigrationMap,
        check: MapCheck,
        report: Report | None,
        owners: Owners,
        now: int,
    ) -> None:
        self._map = following
        self._owners = owners
        self._files = _files_of(following)
        self._names = NameReader(Locator(search_path(following.root)))
        self._now = now
        self.tolerated: Container[object] = ()
        self.verdicts: dict[str, Verdict] = {}
        self.rollouts: tuple[Rollout, ...] = ()
        self._rules = {one.rule.legacy: one for one in check.rules}
        self._factories = {one.rule.legacy: one for one in check.factories}
        self._recorded = {one.legacy: one for one in report.rules} if report else None
        self._broken: dict[str, list[Obstacle]] = {}
        for one in broken(check):
            self._broken.setdefault(_rule_of(following, one.path), []).append(
                self._at(one.site.file, one.site.line, one.kind, one.message)
            )
        for rule, canonical in absent(check):
            missing = Obstacle("", 0, "canonical-missing", f'"{canonical}" does not exist')
            self._broken.setdefault(rule.legacy, []).append(missing)

    def step(self, rule: Rule, then: Rule) -> Step:
        """Return the next step of a rule.

        Args:
            rule: the rule as it is.
            then: the same rule in its next stage.

        """
        following = next_stage(rule)
        notes = tuple(self._notes(rule, then)) if following else ()
        obstacles = sorted(set(self._obstacles(rule, then))) if following else ()
        verdict = self.verdicts.get(rule.legacy)
        return Step(rule, stage_of(rule), following, tuple(obstacles), notes, verdict)

    def _obstacles(self, rule: Rule, then: Rule) -> Iterator[Obstacle]:
        if then.stage == REMOVED:
            yield from self._verdict(rule)
            return
        if rule.kind != FACTORY and rule.implementation and rule.stage in (OBSERVE, ALIAS):
            message = (
                "the canonical module is still built on the legacy one: move its code, and remove "
                "implementation = true"
            )
            yield Obstacle("", 0, IMPLEMENTATION, message)
        yield from self._broken.get(rule.legacy, ())
        check = self._rules.get(rule.legacy) or self._factories.get(rule.legacy)
        for finding in check.findings if check is not None else ():
            if finding.slug in _OF_CODE or isinstance(check, FactoryCheck):
                yield Obstacle("", 0, finding.slug, finding.message)
        if rule.stage == OBSERVE:
            yield from self._missing(rule, then, check)
        if then.refuses:
            yield from self._uses(rule, then, check)

    def _verdict(self, rule: Rule) -> Iterator[Obstacle]:
        """Yield why a path can't be deleted: the verdict knows more than one stage's check."""
        verdict = self.verdicts.get(rule.legacy)
        for condition in verdict.deciding if verdict is not None else ():
            act = f" {condition.act}" if condition.act else ""
            message = f"{condition.facts[0]}.{act}".removesuffix(".")
            yield Obstacle("", 0, f"verdict-{condition.name}", message)

    def _missing(
        self, rule: Rule, then: Rule, check: RuleCheck | FactoryCheck | None
    ) -> Iterator[Obstacle]:
        """Yield recorded uses, which no source shows, of what the canonical module lacks."""
        found = (self._recorded or {}).get(rule.legacy)
        for site in self._recent(found, rule) if found is not None else ():
            if not is_in_source(site, check, self._files):
                reason = why_not(then, call_site_of(site), self._names.has)
                if reason:
                    message = f"{whom(site)}needs it: {reason}"
                    yield self._at(file_of_place(site), site.line, MISSING, message)

    def _uses(
        self, rule: Rule, then: Rule, check: RuleCheck | FactoryCheck | None
    ) -> Iterator[Obstacle]:
        """Yield the recorded uses that the next stage would refuse, or that none were recorded."""
        found = (self._recorded or {}).get(rule.legacy)
        if found is None:
            message = (
                "nothing was recorded: run the program with the enforcer, so that callers that the "
                "source does not show are known"
                if self._recorded is None
                else "no process has watched it yet: run the program with this map"
            )
            yield Obstacle("", 0, UNWATCHED, message)
            return
        for site in self._recent(found, rule):
            if self._is_refused(site, then) and not is_in_source(site, check, self._files):
                message = f"{whom(site)}used it until {short(site.last_seen)} UTC"
                yield self._at(file_of_place(site), site.line, RECORDED, message)

    def _notes(self, rule: Rule, then: Rule) -> Iterator[str]:
        found = (self._recorded or {}).get(rule.legacy)
        check = self._rules.get(rule.legacy) or self._factories.get(rule.legacy)
        if found is not None and then.refuses:
            for site in self._recent(found, rule):
                if self._is_refused(site, then) and is_mended(site, check, self._files):
                    yield (
                        f"{place(site)} is mended here; what is deployed used it until "
                        f"{short(site.last_seen)} UTC"
                    )
        for rollout in self.rollouts:
            if rollout.stage and rollout.covers(rule.legacy) and rollout.stage != then.stage:
                yield f"the table [[stage]] at line {rollout.line} sets {rollout.stage} in its part"

    def _recent(self, found: RuleReport, rule: Rule) -> Iterable[SiteReport]:
        since = self._now - quiet_days(self._map, rule) * DAY
        return (site for site in found.call_sites if site.last_seen >= since)

    def _is_refused(self, site: SiteReport, then: Rule) -> bool:
        return then.stage == REMOVED or call_site_of(site) not in self.tolerated

    def _at(self, file: str, line: int, kind: str, message: str) -> Obstacle:
        return Obstacle(file, line, kind, message, self._owners.of(file))


def _files_of(migration_map: MigrationMap) -> frozenset[str]:
    """Return the files that a check scans, relative to the root."""
    root = Path(migration_map.root)
    files = own_files(root, exclude=exclusions(migration_map))
    return frozenset(file.relative_to(root).as_posix() for file in files)


def quiet_days(migration_map: MigrationMap, rule: Rule) -> int:
    """Return for how many days nobody may have used a rule's path before its silence counts."""
    return rule.quiet_for or migration_map.quiet_for


def _rule_of(migration_map: MigrationMap, path: str) -> str:
    """Return the legacy path of the rule that covers a path of a finding."""
    exact = {rule.legacy for rule in migration_map}
    if path in exact:
        return path
    module, _, name = path.partition(":")
    rule = migration_map.names_in(module).get(name) or _longest(migration_map, path)
    return rule.legacy if rule is not None else path


def _longest(migration_map: MigrationMap, path: str) -> Rule | None:
    above = [
        rule
        for rule in migration_map.rules
        if rule.kind != "name" and f"{path}.".startswith(f"{rule.module}.")
    ]
    return max(above, key=lambda rule: len(rule.module), default=None)
