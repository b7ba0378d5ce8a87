"""The legacy factories and the kept instances of one interpreter."""

import sys
from types import FunctionType

from enforcer.errors import InstanceError
from enforcer.runtime.delegation.factories import LegacyFactory
from enforcer.runtime.delegation.keyed_classes import KeyedClass
from enforcer.runtime.delegation.keyed_functions import KeyedFunction
from enforcer.runtime.delegation.objects import find
from enforcer.runtime.delegation.parameters import declared
from enforcer.runtime.delegation.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from enforcer.rules.factory_model import Factory, Instances
    from enforcer.rules.model import MigrationMap
    from enforcer.runtime.imports.watch import Watch


class Delegation:
    """Installs the map's factories and instances as modules are loaded."""

    def __init__(self, migration_map: "MigrationMap", watch: "Watch") -> None:
        """Prepare; nothing is changed before a module is loaded."""
        self._watch = watch
        self._legacy: dict[str, list[LegacyFactory]] = {}
        self._answering: dict[str, list[LegacyFactory]] = {}
        self._instances: dict[str, list[Instances]] = {}
        self._registries: dict[str, Registry] = {}
        self._kept: list[KeyedClass | KeyedFunction] = []
        self._owners: dict[int, str] = {}
        for rule in migration_map.factories:
            factory = LegacyFactory(watch, rule)
            self._legacy.setdefault(rule.module, []).append(factory)
            answering = rule.answering.partition(":")[0]
            self._answering.setdefault(answering, []).append(factory)
        for instances in migration_map.instances:
            if instances.applies():
                self._instances.setdefault(instances.module, []).append(instances)

    def follows(self, name: str) -> bool:
        """Return whether something has to be installed when a module is loaded."""
        return name in self._legacy or name in self._instances or name in self._answering

    def loaded(self, name: str, module: "ModuleType") -> None:
        """Install what the map has for a module that was executed."""
        for instances in self._instances.get(name, ()):
            self._watch.guarded(instances.canonical, self._keep, instances, module)
        for factory in self._legacy.get(name, ()):
            self._watch.guarded(factory.rule.legacy, factory.place, module)
        for factory in self._answering.get(name, ()):
            if factory.rule.module in sys.modules:
                self._watch.guarded(factory.rule.legacy, factory.check, name)

    def _keep(self, instances: "Instances", module: "ModuleType") -> None:
        holder, _, raw = find(module, instances.name)
        found = raw.__func__ if isinstance(raw, (classmethod, staticmethod)) else raw
        if type(found) is FunctionType:
            found = declared(found)  # the innermost function, so that decorators run at each call
        owner = self._owners.get(id(found))
        if owner is not None:
            if owner != instances.canonical:
                text = f'"{instances.canonical}" is "{owner}", which is kept by a rule of its own.'
                self._note("refused", instances.canonical, text)
            return
        # A reloaded module has a new class with instances of its own.
        registry = Registry(instances, lambda text: self._note("held", instances.canonical, text))
        try:
            kept = _keep_by(registry, found, holder if isinstance(raw, classmethod) else None)
        except InstanceError as error:
            self._note("refused", instances.canonical, str(error))
            return
        self._owners[id(found)] = instances.canonical
        self._kept.append(kept)
        self._registries[instances.canonical] = registry

    def _note(self, kind: str, subject: str, text: str) -> None:
        self._watch.notice(kind, subject, text)

    def names_of(self, legacy: str) -> "dict[str, Callable[[], object]]":
        """Return the factories of an aliased legacy module: name → function that creates it."""
        return {
            factory.rule.name: factory.without_code
            for factory in self._legacy.get(legacy, ())
            if factory.rule.aliases() and "." not in factory.rule.name
        }

    def why_not(self, rule: "Factory") -> str:
        """Return why the calls of a legacy factory are not delegated; empty if they are."""
        for factory in self._legacy.get(rule.module, ()):
            if factory.rule is rule:
                return factory.why_not()
        return "another map is in force"

    def release(self, canonical: str, key: object) -> bool:
        """Release an instance; return whether there was one."""
        registry = self._registries.get(canonical)
        return registry is not None and registry.release(key)

    def forget_sites(self) -> None:
        """Clear the cache of call sites."""
        for factories in self._legacy.values():
            for factory in factories:
                factory.forget()

    def forget_threads(self) -> None:
        """Forget the instances that other threads were creating, in a forked child without them."""
        for kept in self._kept:
            kept.registry.forget_making()

    def remove(self) -> None:
        """Undo all changes to the program's objects."""
        for factories in self._legacy.values():
            for factory in factories:
                factory.remove()
        while self._kept:
            kept = self._kept.pop()
            kept.remove()
            kept.registry.clear()
        self._owners.clear()
        self._registries.clear()


def _keep_by(registry: Registry, found: object, owner: type | None) -> KeyedClass | KeyedFunction:
    if isinstance(found, type):
        return KeyedClass(registry, found)
    if type(found) is FunctionType:
        return KeyedFunction(registry, found, owner)
    message = f'"{registry.rule.canonical}" is no class and no function (not-keyed)'
    raise InstanceError(message)
