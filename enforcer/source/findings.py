"""Results of a check: for each rule, factory and rule for instances, and for the whole map."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from enforcer.rules.factory_model import ERROR
from enforcer.rules.stages import REMOVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.findings import ScanFinding
    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.model import Rule
    from enforcer.rules.rollout import Place, Rollout
    from enforcer.source.definitions import Definition
    from enforcer.source.module_files import Located
    from enforcer.source.resolution import Site
    from enforcer.source.unmatched import Unmatched


@dataclass(frozen=True, slots=True)
class MissingName:
    """A name that is asked for under a legacy path and missing under the canonical one.

    Attributes:
        module: the legacy module that is asked.
        name: the name that is asked of it; empty if the module itself is missing.
        canonical_module: the module that will be asked instead.
        canonical_name: the name that it will be asked for; differs where it was renamed.
        sites: where it is asked for.
        nearest: similar names of the canonical module.
        by_star: whether ``from … import *`` should bring it; then the canonical module may have
            it and not export it.

    """

    module: str
    name: str
    canonical_module: str
    canonical_name: str
    sites: "tuple[Site, ...]"
    nearest: tuple[str, ...] = ()
    by_star: bool = False

    @property
    def path(self) -> str:
        """Return the legacy path that is asked for."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True, slots=True)
class LegacyName:
    """A name that a legacy module defines, the canonical one lacks and nobody asks for.

    The name is empty where the whole module is meant.
    """

    module: str
    name: str

    @property
    def path(self) -> str:
        """Return its legacy path."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True, slots=True)
class FailedImport:
    """A canonical module that could not be imported, and why."""

    module: str
    error: str


@dataclass(frozen=True, slots=True)
class RenamedName:
    """An entry of ``names`` whose new name the canonical module lacks."""

    old: str
    new: str
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A function that has another signature on the canonical side.

    Attributes:
        module: the legacy module.
        name: the name there.
        findings: what calls would mean to the canonical function.
        sites: where the name is asked for.

    """

    module: str
    name: str
    findings: "tuple[Finding, ...]"
    sites: "tuple[Site, ...]" = ()

    @property
    def path(self) -> str:
        """Return its legacy path."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class DoubledClass:
    """A class that exists both in legacy code that still runs and in canonical code.

    Attributes:
        module: the legacy module.
        name: the name there.
        canonical: the dotted path of the canonical class.
        sites: where the legacy one is asked for.

    """

    module: str
    name: str
    canonical: str
    sites: "tuple[Site, ...]"

    @property
    def path(self) -> str:
        """Return its legacy path."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class RuleCheck:
    """Result for one rule.

    Attributes:
        rule: the rule.
        canonical: the canonical module; None if it was not found.
        failed_imports: the canonical modules whose import failed, where they were imported.
        canonical_name_missing: whether the canonical name of a name rule is missing.
        legacy: the legacy module's own code; None if there is none.
        uses: the places that use the legacy path, imports and look-ups alike.
        strings: the string literals that name it.
        inside_legacy: how many uses are in files that will not run once this is aliased.
        would_break: what the legacy code has and the canonical code lacks.
        unmoved: modules that only the legacy package has; their own code still answers.
        broken_already: what neither has.
        served: what the legacy module will continue to serve.
        unsure: what may or may not exist.
        unsure_why: why the names of the canonical module are unknown from its source.
        typing_only: what is missing, but only type checkers ask for it.
        circular: where canonical code imports the legacy path.
        renamed_missing: entries of ``names`` that lead nowhere, beyond those in
            ``would_break``.
        unasked: what only the legacy code has and nobody asks for.
        changed: what has another signature on the canonical side.
        doubled: classes that remain duplicated, because the legacy code still runs.
        refused: the places that the rule's stage refuses today.
        callers: every reference in source, as ``enforcer scan`` finds it.

    """

    rule: "Rule"
    canonical: "Located | None" = None
    failed_imports: "tuple[FailedImport, ...]" = ()
    canonical_name_missing: bool = False
    legacy: "Located | None" = None
    uses: "tuple[Site, ...]" = ()
    strings: "tuple[Site, ...]" = ()
    inside_legacy: int = 0
    would_break: list[MissingName] = field(default_factory=list)
    unmoved: list[MissingName] = field(default_factory=list)
    broken_already: list[MissingName] = field(default_factory=list)
    served: list[MissingName] = field(default_factory=list)
    unsure: list[MissingName] = field(default_factory=list)
    unsure_why: str = ""
    typing_only: list[MissingName] = field(default_factory=list)
    circular: "tuple[Site, ...]" = ()
    renamed_missing: list[RenamedName] = field(default_factory=list)
    unasked: list[LegacyName] = field(default_factory=list)
    changed: list[ChangedCall] = field(default_factory=list)
    doubled: list[DoubledClass] = field(default_factory=list)
    refused: "tuple[Site, ...]" = ()
    callers: "tuple[ScanFinding, ...]" = ()

    @property
    def absent(self) -> "tuple[str, ...]":
        """Return the canonical paths that do not exist, whose legacy code still answers."""
        if self.rule.stage == REMOVED:
            return ()
        absent = [self.rule.target] if self.canonical is None else []
        if self.canonical_name_missing:
            absent.append(self.rule.canonical)
        return (*absent, *(missing.canonical_module for missing in self.unmoved))

    @property
    def findings(self) -> "tuple[Finding, ...]":
        """Return what would break, one finding for each thing to mend."""
        return tuple(self._findings())

    def _findings(self) -> "Iterator[Finding]":
        rule = self.rule
        if self.canonical is None and rule.stage != REMOVED:
            yield Finding("canonical-not-found", f'there is no module "{rule.target}"')
        for failed in self.failed_imports:
            message = f'importing "{failed.module}" fails: {failed.error}'
            yield Finding("canonical-import-fails", message)
        if self.canonical_name_missing:
            message = f'"{rule.target}" has no name "{rule.target_name}"'
            yield Finding("canonical-not-found", message)
        for missing in self.unmoved:
            message = f'there is no module "{missing.canonical_module}"'
            yield Finding("canonical-not-found", message)
        for missing in self.would_break:
            yield Finding("would-break", f'"{missing.path}" is only in the legacy code')
        for renamed in self.renamed_missing:
            message = (
                f'"{rule.target}" has no name "{renamed.new}", the new name of "{renamed.old}"'
            )
            yield Finding("renamed-name-missing", message)
        if self.circular and not rule.implementation:
            message = f'canonical code imports "{rule.legacy}"'
            yield Finding("canonical-imports-legacy", message)
        for changed in self.changed:
            yield from changed.findings
        yield from refusals(rule, self.refused)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that would break.

    Attributes:
        slug: the name of the section of ``docs/messages.md`` that explains it.
        message: what it is, without a full stop.

    """

    slug: str
    message: str


def refusals(rule: "Rule", sites: "tuple[Site, ...]") -> "Iterator[Finding]":
    """Yield a finding for each place that a rule's stage refuses."""
    for site in sites:
        yield Finding("would-be-refused", f'stage {rule.stage} refuses "{rule.legacy}" to {site}')


@dataclass(frozen=True, slots=True)
class FactoryCheck:
    """Result for one factory.

    Attributes:
        rule: the factory.
        legacy: the definition of the legacy factory.
        answering: the definition of the canonical one, or of the adapter.
        findings: what prevents delegation, and the places that would be refused.
        refused: the places whose calls the factory's stage refuses today.
        callers: every reference in source, as ``enforcer scan`` finds it.

    """

    rule: "Factory"
    legacy: "Definition"
    answering: "Definition"
    findings: tuple[Finding, ...] = ()
    refused: "tuple[Site, ...]" = ()
    callers: "tuple[ScanFinding, ...]" = ()


@dataclass(frozen=True, slots=True)
class InstancesCheck:
    """Result for one rule for instances.

    Attributes:
        rule: the rule.
        canonical: the definition of the class or factory.
        findings: what prevents it.
        keyless: the calls that pass no key.

    """

    rule: "Instances"
    canonical: "Definition"
    findings: tuple[Finding, ...] = ()
    keyless: "tuple[Site, ...]" = ()


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that could not be parsed, and why."""

    file: str
    error: str


@dataclass(frozen=True, slots=True)
class MapCheck:
    """Result for a whole map.

    Attributes:
        map_file: the map.
        root: the folder whose files were scanned.
        files: how many files there are.
        rules: one result for each rule, in the order of the map.
        factories: one result for each factory.
        instances: one result for each rule for instances.
        unreadable: the files that could not be parsed.
        imported: whether the canonical modules were imported.
        unmatched: entries of the map that match no file and no test.
        rollouts: stages for a part of the fleet; rules are judged by the hardest of them.
        place: where this runs, which decides which of them apply here.
        unproven: names that are computed, and may be legacy paths.

    """

    map_file: str
    root: str
    files: int
    rules: tuple[RuleCheck, ...]
    unreadable: tuple[UnreadableFile, ...] = ()
    imported: bool = False
    factories: tuple[FactoryCheck, ...] = ()
    instances: tuple[InstancesCheck, ...] = ()
    unmatched: "tuple[Unmatched, ...]" = ()
    rollouts: "tuple[Rollout, ...]" = ()
    place: "Place | None" = None
    unproven: "tuple[ScanFinding, ...]" = ()

    @property
    def callers(self) -> "Iterator[ScanFinding]":
        """Yield every reference to the path of a rule or a factory."""
        for rule in self.rules:
            yield from rule.callers
        for factory in self.factories:
            yield from factory.callers

    @property
    def failing_instances(self) -> tuple[InstancesCheck, ...]:
        """Return the rules for instances that the current stages apply to calls without a key."""
        return tuple(
            one
            for one in self.instances
            if one.keyless and one.rule.missing == ERROR and one.rule.applies()
        )

    @property
    def findings(self) -> int:
        """Return how many things would break."""
        found = [len(rule.findings) for rule in self.rules]
        found += [len(factory.findings) for factory in self.factories]
        found += [len(instances.findings) for instances in self.instances]
        return sum(found)
