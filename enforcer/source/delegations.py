"""Check of factories and rules for instances, from source.

Where the source does not show something, the first call at run time decides.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from enforcer.findings import ScanFinding
from enforcer.rules.factory_model import ERROR, Factory, Instances
from enforcer.rules.model import MigrationMap
from enforcer.runtime.delegation.parameters import ASYNC_ITERATOR
from enforcer.runtime.delegation.signatures import mismatches
from enforcer.source.calls import Call, lacks
from enforcer.source.definitions import PROPERTIES, Definition, DefinitionReader
from enforcer.source.findings import FactoryCheck, Finding, InstancesCheck, refusals
from enforcer.source.refusals import Refusals
from enforcer.source.resolution import Site


class DelegationChecker:
    """Checker of a map's factories and rules for instances."""

    def __init__(
        self,
        migration_map: MigrationMap,
        reader: DefinitionReader,
        refusals: Refusals,
        calls: Sequence[tuple[Site, Call]],
        callers: Mapping[str, Sequence[ScanFinding]],
    ) -> None:
        """Bind to what a check has read.

        Args:
            migration_map: the map.
            reader: reads definitions.
            refusals: judges places by the stages.
            calls: the program's calls.
            callers: the references to each legacy path.

        """
        self._map = migration_map
        self._reader = reader
        self._refusals = refusals
        self._callers = callers
        self._calls: dict[str, list[tuple[Site, Call]]] = defaultdict(list)
        for site, call in calls:
            self._calls[call.path].append((site, call))

    def factories(self) -> tuple[FactoryCheck, ...]:
        """Check every factory."""
        return tuple(self._check_factory(rule) for rule in self._map.factories)

    def instances(self) -> tuple[InstancesCheck, ...]:
        """Check every rule for instances."""
        return tuple(self._check_instances(rule) for rule in self._map.instances)

    def _check_factory(self, rule: Factory) -> FactoryCheck:
        legacy = self._reader.find(rule.legacy)
        answering = self._reader.find(rule.answering)
        calling = [site for site, _ in self._calls[_dotted(rule.legacy)]]
        refused = self._refusals.refused_calls(rule, calling)
        findings = (*self._factory_findings(rule, legacy, answering), *refusals(rule, refused))
        callers = tuple(sorted(self._callers.get(rule.legacy, ())))
        return FactoryCheck(rule, legacy, answering, findings, refused, callers)

    def _factory_findings(
        self, rule: Factory, legacy: Definition, answering: Definition
    ) -> Iterator[Finding]:
        yield from _ends(rule, answering)
        if rule.adapter and self._reader.find(rule.canonical).kind == "missing":
            yield _no_such("canonical-not-found", rule.canonical)
        if legacy.kind == "missing" and not self._is_aliased(rule):
            yield Finding(
                "factory-not-found", f'there is no "{rule.legacy}" whose calls could be delegated'
            )
        if legacy.made_into in PROPERTIES:
            message = f'"{rule.legacy}" is a {legacy.made_into}, which nobody calls'
            yield Finding("factory-not-found", message)
        elif legacy.kind == "class":
            message = f'"{rule.legacy}" is a class; write a [[rule]] for its name'
            yield Finding("factory-is-class", message)
        elif legacy.parameters is not None and answering.parameters is not None:
            arguments = {} if rule.adapter else rule.arguments
            for found in mismatches(legacy.parameters, answering.parameters, arguments):
                text = f"{found.message} {found.remedy}".removesuffix(".")
                yield Finding(found.slug, text)

    def _is_aliased(self, rule: Factory) -> bool:
        covering = self._map.match(rule.module)
        return covering is not None and not covering.implementation

    def _check_instances(self, rule: Instances) -> InstancesCheck:
        found = self._reader.find(rule.canonical)
        findings = list(_instances_findings(rule, found))
        if rule.sample and self._reader.find(rule.sample).kind == "missing":
            findings.append(_no_such("sample-not-found", rule.sample))
        keyless = tuple(sorted(self._keyless(rule, found)))
        if rule.missing == ERROR:
            findings += [
                Finding(
                    "instance-key-missing", f'"{rule.canonical}" is called without a key: {site}'
                )
                for site in keyless
            ]
        return InstancesCheck(rule, found, tuple(findings), keyless)

    def _keyless(self, rule: Instances, found: Definition) -> set[Site]:
        """Return the calls that visibly pass no key, on every path to the callable."""
        if found.parameters is None:
            return set()
        paths = {_dotted(rule.canonical)}
        for call_path in self._calls:
            if self._leads_to(call_path, rule):
                paths.add(call_path)
        return {
            site
            for path in paths
            for site, call in self._calls.get(path, ())
            if lacks(call, rule.parts[0], found.parameters, found.none_by_default)
        }

    def _leads_to(self, path: str, rule: Instances) -> bool:
        """Return whether a legacy path that is called leads to a rule's canonical callable."""
        module, _, name = path.rpartition(".")
        of_name = self._map.names_in(module).get(name)
        if of_name is not None:
            return of_name.canonical == rule.canonical
        covering = self._map.match(module)
        if covering is None or covering.implementation:
            return False
        moved = covering.canonical_of(module), covering.canonical_name(module, name)
        return ":".join(moved) == rule.canonical


def _ends(rule: Factory, answering: Definition) -> Iterator[Finding]:
    if answering.kind == "missing":
        slug = "adapter-not-found" if rule.adapter else "canonical-not-found"
        yield _no_such(slug, rule.answering)


def _no_such(slug: str, path: str) -> Finding:
    return Finding(slug, f'there is no "{path}"')


def _instances_findings(rule: Instances, found: Definition) -> Iterator[Finding]:
    if found.kind == "missing":
        yield _no_such("canonical-not-found", rule.canonical)
    taken = found.parameters
    if taken is None:
        return
    if found.is_generator or taken.form == ASYNC_ITERATOR:
        message = f'"{rule.canonical}" is a generator, which gives no instance'
        yield Finding("not-keyed", message)
    elif found.made_into:
        message = (
            f'"{rule.canonical}" is decorated with {found.made_into}, and no function any more'
        )
        yield Finding("not-keyed", message)
    first = rule.parts[0]
    if first not in taken.names and not taken.kwargs:
        message = f'"{rule.canonical}" has no parameter "{first}": it takes {taken}'
        yield Finding("instance-key-unknown", message)


def _dotted(path: str) -> str:
    return path.replace(":", ".")
