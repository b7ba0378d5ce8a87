"""Places in the source that the current stages would refuse or break.

``enforcer check`` looks ahead to the stage alias; a change may pass as long as the current stages
do not stop the program.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from enforcer.rules.model import Rule
from enforcer.rules.stages import REMOVED, STRICT
from enforcer.source.findings import InstancesCheck, MapCheck
from enforcer.source.resolution import Site

REFUSED: Final = "would-be-refused"


class Broken(NamedTuple):
    """One place that a stage breaks.

    Attributes:
        kind: one of the gate's kinds of findings.
        site: the place.
        path: the legacy path.
        message: what is wrong there.
        remedy: what to do; empty if that is to use the canonical path.

    """

    kind: str
    site: Site
    path: str
    message: str
    remedy: str = ""


def broken(check: MapCheck) -> Iterator[Broken]:
    """Yield each place that the current stages of a map break."""
    for one in check.rules:
        yield from _refused(one.rule, one.refused)
        if not one.rule.aliases() or one.rule.stage == REMOVED:
            continue
        for missing in one.would_break:
            message = (
                f'"{missing.path}" is only in the legacy code, which stage {one.rule.stage} '
                "does not run"
            )
            remedy = f'Add the name to "{missing.canonical_module}", or write fallback = "legacy"'
            yield from _each("would-break", missing.sites, missing.path, message, remedy)
        for changed in one.changed:
            remedy = "Write a [[factory]] with arguments or an adapter"
            for finding in changed.findings:
                sites = changed.sites
                path = changed.path
                yield from _each("would-call-another", sites, path, finding.message, remedy)
    for factory in check.factories:
        yield from _refused(factory.rule, factory.refused)
    for instances in check.failing_instances:
        yield from _keyless(instances)


def _keyless(check: InstancesCheck) -> Iterator[Broken]:
    message = f'"{check.rule.canonical}" is called without a key, which is an error'
    remedy = 'Pass a key, or write missing = "own"'
    path = check.rule.canonical
    yield from _each("instance-key-missing", check.keyless, path, message, remedy)


def absent(check: MapCheck) -> Iterator[tuple[Rule, str]]:
    """Yield the rules whose stage needs a canonical path that does not exist, with that path."""
    for one in check.rules:
        if one.rule.aliases():
            for canonical in one.absent:
                yield one.rule, canonical


def _refused(rule: Rule, sites: Iterable[Site]) -> Iterator[Broken]:
    why = "neither the baseline nor an exemption has it" if rule.stage == STRICT else "nobody may"
    message = f'a use of "{rule.legacy}" would be refused: its stage is {rule.stage}, and {why}'
    yield from _each(REFUSED, sites, rule.legacy, message, "")


def _each(
    kind: str, sites: Iterable[Site], path: str, message: str, remedy: str
) -> Iterator[Broken]:
    for site in sites:
        yield Broken(kind, site, path, message, remedy)
