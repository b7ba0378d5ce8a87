"""What ``enforcer check`` prints: each rule with what it will meet, and a summary."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from enforcer.findings import ScanFinding
from enforcer.output.document import BLANK, STRONG, Document, Line
from enforcer.output.words import counted, first, listed
from enforcer.rules.factory_model import OWN
from enforcer.rules.model import LEGACY_FALLBACK, NAME, Rule
from enforcer.rules.stages import REMOVED, STRICT
from enforcer.source.definitions import Definition
from enforcer.source.findings import (
    FactoryCheck,
    Finding,
    InstancesCheck,
    MapCheck,
    MissingName,
    RuleCheck,
)
from enforcer.source.module_files import Located
from enforcer.source.resolution import Site
from enforcer.source.rollouts import rollout_lines
from enforcer.source.scan_output import line_of

MOST_PLACES = 3
"""How many places are named within a sentence."""

MOST_SITES = 20
"""How many places are shown that ask for one missing name."""

MOST_NAMES = 10
"""How many names are shown that nobody asks for."""

BREAKS = "red"
WARNS = "yellow"
TELLS = ""

_LISTED = frozenset({"instance-key-missing", "would-be-refused"})
"""Findings of places, which are shown as one list."""


def document(found: MapCheck) -> Document:
    """Yield a section for each rule, sections for the map, and the summary."""
    yield from _blocks(found)
    yield Line(summary(found), "bold red" if found.findings else "bold green")


def _blocks(found: MapCheck) -> Iterator[Line]:
    for rule in found.rules:
        yield Line(heading(rule, found.map_file), STRONG, tuple(sections(rule, found.root)))
        yield BLANK
    for factory in found.factories:
        title = factory_heading(factory, found.map_file)
        yield Line(title, STRONG, tuple(factory_sections(factory, found.root)))
        yield BLANK
    for instances in found.instances:
        title = instances_heading(instances, found.map_file)
        yield Line(title, STRONG, tuple(instances_sections(instances, found.root)))
        yield BLANK
    for of_the_whole in (rollouts(found), unreadable(found), unproven(found), unmatched(found)):
        if of_the_whole is not None:
            yield of_the_whole
            yield BLANK


def _section(title: str, style: str = TELLS, lines: Iterable[str] = ()) -> Line:
    return Line(title, style, tuple(map(Line, lines)))


def heading(check: RuleCheck, map_file: str) -> str:
    """Return a rule with its stage and its line in the map."""
    rule = check.rule
    place = f"{Path(map_file).name}:{rule.line}"
    return f"{rule.legacy} -> {rule.canonical} ({rule.stage}, {place})"


def factory_heading(check: FactoryCheck, map_file: str) -> str:
    """Return a factory with its stage and its line in the map."""
    rule = check.rule
    by = f" by {rule.adapter}" if rule.adapter else ""
    place = f"{Path(map_file).name}:{rule.line}"
    return f"{rule.legacy}() -> {rule.canonical}(){by} ({rule.stage}, {place})"


def factory_sections(check: FactoryCheck, root: str) -> Iterator[Line]:
    """Yield the sections of a factory; what breaks comes last."""
    yield _section(f"canonical: {_defined(check.answering, root)}")
    yield _section(f"legacy: {_defined(check.legacy, root)}")
    # Of a factory in an aliased module the imports are those of the module's rule.
    yield from _callers(check.callers)
    yield from _broken(check.findings)
    yield from _refused(check.rule, check.refused, "call")


def instances_heading(check: InstancesCheck, map_file: str) -> str:
    """Return a rule for instances with its line in the map."""
    rule = check.rule
    return f"{rule.canonical} by {rule.key} ({rule.stage}, {Path(map_file).name}:{rule.line})"


def instances_sections(check: InstancesCheck, root: str) -> Iterator[Line]:
    """Yield the sections of a rule for instances."""
    yield _section(f"canonical: {_defined(check.canonical, root)}")
    yield from _broken(check.findings)
    if not check.keyless:
        return
    number = counted(len(check.keyless), "call names", "calls name")
    lines = _listed(check.keyless)
    if check.rule.missing == OWN:
        yield _section(
            f'{number} no key, and get instances of their own (missing = "own")', TELLS, lines
        )
    else:
        yield _section(
            f'{number} no key, which is an error. Pass one, or write missing = "own". '
            "(instance-key-missing)",
            BREAKS,
            lines,
        )


def _broken(findings: Sequence[Finding]) -> Iterator[Line]:
    for finding in findings:
        if finding.slug not in _LISTED:
            yield _section(f"{finding.message}. ({finding.slug})", BREAKS)


def _refused(rule: Rule, sites: Sequence[Site], what: str) -> Iterator[Line]:
    """Yield the places that the stage of a rule refuses."""
    if not sites:
        return
    number = counted(len(sites), f"{what} would be", f"{what}s would be")
    why = "nothing is tolerated any more. Mend them, or write a milder stage."
    if rule.stage == STRICT:
        why = (
            "neither the baseline nor an exemption has them. Mend them, or take them into "
            "the baseline."
        )
    title = f"{number} refused: the stage is {rule.stage}, and {why} (would-be-refused)"
    yield _section(title, BREAKS, _listed(sites))


def _defined(found: Definition, root: str) -> str:
    if found.kind == "missing":
        return "no such name"
    file = found.file
    shown = found.module
    if file is not None:
        shown = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
    place = f"{shown}:{found.line}" if found.line else shown
    return f"{place}, takes {found.parameters}" if found.parameters is not None else place


def summary(found: MapCheck) -> str:
    """Return in one line what was checked and whether something would break."""
    parts = [counted(len(found.rules), "rule")]
    if found.factories:
        parts.append(counted(len(found.factories), "factory", "factories"))
    if found.instances:
        parts.append(counted(len(found.instances), "rule") + " for instances")
    checked = ", ".join([*parts, counted(found.files, "file")])
    if not found.findings:
        return f"{checked}: nothing would break"
    verb = "thing" if found.findings == 1 else "things"
    return f"{checked}: {found.findings:,} {verb} would break"


def unreadable(found: MapCheck) -> Line | None:
    """Return the files that were skipped."""
    if not found.unreadable:
        return None
    number = counted(len(found.unreadable), "file")
    lines = (f"{one.file}: {one.error}" for one in found.unreadable)
    return _section(f"{number} could not be read (unreadable-file)", WARNS, lines)


def unproven(found: MapCheck) -> Line | None:
    """Return the names that are computed, and may be legacy paths."""
    if not found.unproven:
        return None
    number = counted(len(found.unproven), "name is", "names are")
    title = f"{number} computed, and may lead to a legacy path (unproven-name)"
    return _section(title, WARNS, map(line_of, found.unproven))


def unmatched(found: MapCheck) -> Line | None:
    """Return the entries of the map that match nothing."""
    if not found.unmatched:
        return None
    name = Path(found.map_file).name
    number = counted(len(found.unmatched), "entry", "entries")
    lines = (
        f"{name}:{one.line}: {one.message}. {one.remedy}." if one.line else f"{name}: {one.message}"
        for one in found.unmatched
    )
    return _section(f"{number} of the map {_match(number)} nothing (unmatched-entry)", WARNS, lines)


def rollouts(found: MapCheck) -> Line | None:
    """Return the stages for a part of the fleet, and whether they apply here."""
    if not found.rollouts or found.place is None:
        return None
    title = "stages for a part of the fleet; rules are judged by the hardest that some host has"
    return _section(title, TELLS, rollout_lines(found.rollouts, found.place))


def _match(number: str) -> str:
    return "matches" if number.startswith("1 ") else "match"


def sections(check: RuleCheck, root: str) -> Iterator[Line]:
    """Yield the sections of a rule; what breaks comes first."""
    yield _section(f"canonical: {_code(check.canonical, root, 'no such module')}")
    yield _section(f"legacy: {_code(check.legacy, root, 'no code of its own')}{_fate(check)}")
    yield from _breaking(check)
    yield from _warning(check)
    yield from _telling(check)


def _code(located: Located | None, root: str, missing: str) -> str:
    if located is None:
        return missing
    if located.file is None:
        return "a namespace package" if located.kind == "namespace" else "built in"
    file = located.file
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _fate(check: RuleCheck) -> str:
    """Return what happens to the legacy module's own code."""
    rule = check.rule
    if check.legacy is None:
        return ""
    if rule.kind == NAME:
        return ", which lives on"
    if rule.implementation:
        return ", which goes on running (implementation = true)"
    if rule.fallback == LEGACY_FALLBACK:
        return ', which runs only for names that canonical lacks (fallback = "legacy")'
    if check.canonical is None:
        return ", which goes on running while canonical is missing"
    return ", which no longer runs from stage alias on"


def _breaking(check: RuleCheck) -> Iterator[Line]:
    rule = check.rule
    if check.canonical is None and rule.stage != REMOVED:
        yield _section(
            f'there is no module "{rule.target}". Add it, or mend canonical. (canonical-not-found)',
            BREAKS,
        )
    for failed in check.failed_imports:
        yield _section(
            f'importing "{failed.module}" fails: {failed.error}. '
            "Mend it before you raise the rule. (canonical-import-fails)",
            BREAKS,
        )
    if check.canonical_name_missing:
        yield _section(
            f'"{rule.target}" has no name "{rule.target_name}". '
            "Add it, or mend canonical. (canonical-not-found)",
            BREAKS,
        )
    if check.unmoved:
        number = counted(len(check.unmoved), "module is", "modules are")
        yield _section(
            f"{number} only in the legacy package, whose code goes on answering. "
            "Add what the canonical package lacks. (canonical-not-found)",
            BREAKS,
            map(_missing, check.unmoved),
        )
    if check.would_break:
        yield _section(
            f"{counted(len(check.would_break), 'name')} would break: only the legacy code has "
            'them. Add them to the canonical module, write names, or fallback = "legacy". '
            "(would-break)",
            BREAKS,
            map(_missing, check.would_break),
        )
    if check.renamed_missing:
        yield _section(
            f"{counted(len(check.renamed_missing), 'renamed name')} would lead nowhere. "
            "Mend names. (renamed-name-missing)",
            BREAKS,
            (
                f"{renamed.old} = {renamed.new}{_nearest(renamed.nearest)}"
                for renamed in check.renamed_missing
            ),
        )
    if check.circular and not rule.implementation:
        yield _section(
            "the canonical code imports the legacy path, which would lead back to it. "
            f"{_way_out(check)} (canonical-imports-legacy)",
            BREAKS,
            map(str, check.circular),
        )
    for changed in check.changed:
        slugs = ", ".join(dict.fromkeys(finding.slug for finding in changed.findings))
        places = f" Asked for in {_places(changed.sites)}." if changed.sites else ""
        yield _section(
            f"calls of {changed.path} would mean something else.{places} Write a [[factory]] "
            f"with arguments or an adapter for it. ({slugs})",
            BREAKS,
            (finding.message for finding in changed.findings),
        )
    yield from _refused(rule, check.refused, "use")


def _way_out(check: RuleCheck) -> str:
    if check.rule.kind == NAME:
        return "Move the definition to the canonical module."
    if check.legacy is None:
        return "Import what it needs from where it is now: there is no code at the legacy path."
    return "Write implementation = true until the code has moved."


def _warning(check: RuleCheck) -> Iterator[Line]:
    if check.broken_already:
        yield _section(
            f"{counted(len(check.broken_already), 'name')} broken already: "
            "neither side has them. (broken-already)",
            WARNS,
            map(_missing, check.broken_already),
        )
    if check.doubled:
        number = counted(len(check.doubled), "class", "classes")
        yield _section(
            f"{number} on both sides, which stay two: isinstance() and except tell them apart, "
            "with the enforcer as without. Import one side from the other. (class-on-both-sides)",
            WARNS,
            (f"{one.path}, {one.canonical}: {_places(one.sites)}" for one in check.doubled),
        )
    if check.unsure:
        why = f": {check.unsure_why}" if check.unsure_why else ""
        yield _section(
            f"{counted(len(check.unsure), 'name')} can't be told from the source{why}. "
            "Ask again with --import. (unsure-name)",
            WARNS,
            map(_missing, check.unsure),
        )
    if check.typing_only:
        yield _section(
            f"{counted(len(check.typing_only), 'name')} missing for type checkers only",
            WARNS,
            map(_missing, check.typing_only),
        )


def _telling(check: RuleCheck) -> Iterator[Line]:
    if check.served:
        yield _section(
            f"{counted(len(check.served), 'name')} served from the legacy code",
            TELLS,
            map(_missing, check.served),
        )
    if check.circular and check.rule.implementation:
        yield _section(
            f"the canonical code imports the legacy path, as it may: {_places(check.circular)}"
        )
    if check.unasked:
        yield _section(
            f"{counted(len(check.unasked), 'name')} only in the legacy code, "
            "and nothing here asks for them",
            TELLS,
            first([one.path for one in check.unasked], MOST_NAMES),
        )
    yield from _callers(check.callers, "not used")
    if check.inside_legacy:
        number = counted(check.inside_legacy, "more use")
        yield _section(f"{number} in legacy files, which no longer run")


def _callers(found: Iterable[ScanFinding], unused: str = "") -> Iterator[Line]:
    """Yield the places that use a path, or what is said of none, and the texts that name it."""
    callers = [one for one in found if one.is_use or one.through]
    texts = [one for one in callers if one.form in ("string", "text")]
    uses = [one for one in callers if one not in texts]
    if uses:
        places = counted(len(uses), "place")
        yield _section(f"used in {places}", TELLS, map(line_of, uses))
    elif unused:
        yield _section(unused)
    if texts:
        number = counted(len(texts), "text")
        yield _section(f"named by {number}", TELLS, map(line_of, texts))


def _missing(missing: MissingName) -> str:
    name = missing.path
    is_renamed = missing.name != missing.canonical_name
    renamed = f", renamed to {missing.canonical_name}" if is_renamed else ""
    places = _places(missing.sites, MOST_SITES)
    if missing.by_star and missing.canonical_name in missing.nearest:
        return f"{name}{renamed}: {places} (canonical has it, and its __all__ lacks it)"
    return f"{name}{renamed}: {places}{_nearest(missing.nearest)}"


def _nearest(names: Sequence[str]) -> str:
    return f" (canonical has {', '.join(names)})" if names else ""


def _listed(sites: Sequence[Site]) -> list[str]:
    """Return each place on a line; of very many the first, and how many more JSON lists."""
    return first(list(map(str, sites)), MOST_SITES, note=", which --json lists")


def _places(sites: Sequence[Site], most: int = MOST_PLACES) -> str:
    return listed(list(map(str, sites)), most)
