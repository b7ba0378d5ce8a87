"""Answers to imports in safe mode: legacy modules as plain entries of ``sys.modules``.

This answers in safe mode, and in processes where the part that watches imports failed to start.
``sys.modules[legacy]`` is the canonical module (or a plain module, see ``plain_modules``), so a
cached legacy import is the import system's own and costs nothing. Nothing is counted or refused.
A rule that does not alias is served by the legacy code if that still exists.

The canonical module is imported in ``exec_module``. In ``create_module``, before ``sys.modules``
has an entry, threads that import both in opposite order would deadlock. Until then the entry is a
placeholder, which forwards to the canonical module for code that got hold of it.
"""

import sys
from _thread import get_ident
from types import ModuleType

from enforcer.rules.model import LEGACY_FALLBACK
from enforcer.rules.stages import OBSERVE
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.branches import ancestors_of, children_apart
from enforcer.runtime.imports.hooks import hook
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.module_files import Locator
from enforcer.runtime.imports.plain_modules import Extras, add_names, plain_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from enforcer.rules.model import MigrationMap, Rule


class PlainAnswers:
    """Specs of legacy modules, and of modules with legacy names.

    Attributes:
        on_legacy: called without arguments before the load of a legacy module.

    """

    def __init__(self, migration_map: "MigrationMap", *, keeps_own_code: bool = False) -> None:
        """Prepare the answers for one map.

        Args:
            migration_map: the map.
            keeps_own_code: whether legacy code that still exists answers, in every stage.

        """
        self._map = migration_map
        self.on_legacy: Callable[[], object] = int
        self._keeps_own_code = keeps_own_code
        self._locator = Locator()
        self._apart = children_apart(migration_map, serves_removed=True)
        self._needed = ancestors_of(migration_map.rules)
        self._factories: dict[str, set[str]] = {}
        for factory in migration_map.factories:
            self._factories.setdefault(factory.module, set()).add(factory.name)

    @cpython.as_import_system
    def answer(
        self, name: str, path: object, target: object, frame: "FrameType"
    ) -> "cpython.ModuleSpec | None":
        """Return the spec of a module that the migration map names, else None.

        Args:
            name: the module's path.
            path: the ``__path__`` of its package; None for a top-level module.
            target: the module that ``importlib.reload`` reloads, else None.
            frame: the frame that asks for the spec.

        """
        if target is not None or get_ident() in self._locator.asking:
            return None
        rule = self._map.match(name)
        if rule is None:
            return self._find_unmatched(name, path)
        self.on_legacy()
        if self._answers_itself(rule):
            spec = self._locator.locate_legacy(name)
            if spec is not None:
                return spec
        canonical = self._locate(rule.canonical_of(name), name, frame)
        if canonical is None:
            return self._locator.locate_legacy(name)
        return _spec(name, canonical, PlainLoader(self, rule, name, canonical))

    def _answers_itself(self, rule: "Rule") -> bool:
        return self._keeps_own_code or rule.implementation or rule.stage == OBSERVE

    def _find_unmatched(self, name: str, path: object) -> "cpython.ModuleSpec | None":
        names = self._map.names_in(name)
        if names:
            spec = self._locator.find(name, path)  # type: ignore[arg-type]
            if spec is not None:
                hook(spec, _Names(name, names))
                return spec
        if name in self._needed and self._locator.find(name, path) is None:  # type: ignore[arg-type]
            # The package of a legacy path is gone from disk: an empty one is made for the entry.
            spec = cpython.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = []
            return spec
        return None

    @cpython.as_import_system
    def _locate(self, canonical: str, name: str, frame: "FrameType") -> "cpython.ModuleSpec | None":
        spec = self._locator.locate(canonical)
        parent = canonical.rpartition(".")[0]
        if spec is not None or not parent or parent in sys.modules:
            return spec
        if next(cpython.imports_in_progress(frame, name), None) is None:
            return None  # a probe, which must run no code
        # A package may create its submodules itself, as six.moves does.
        cpython.import_if_there(parent)
        return self._locator.locate(canonical)

    def module_for(self, rule: "Rule", legacy: str, spec: "cpython.ModuleSpec | None") -> object:
        """Return the object that ``sys.modules`` gets for a legacy path.

        Args:
            rule: the rule that covers it.
            legacy: the path; its canonical module is loaded.
            spec: the spec of a plain module that replaces the canonical one.

        """
        canonical = rule.canonical_of(legacy)
        module = plain_module(legacy, canonical, spec, self._extras(rule, legacy))
        if module is not sys.modules[canonical]:
            self._locator.stand_ins.add(legacy)
        return module

    def _extras(self, rule: "Rule", legacy: str) -> Extras:
        """Return the attributes of a legacy module that its canonical one lacks."""
        kept = self._factories.get(legacy, set())
        own_code = None
        if kept or rule.fallback == LEGACY_FALLBACK:
            own_code = _own_code(self._locator, legacy)
        renamed = rule.names if legacy == rule.module else {}
        return Extras(renamed, self._apart.get(legacy, frozenset()), kept, own_code)


def _own_code(locator: Locator, legacy: str) -> "Callable[[], ModuleType | None] | None":
    """Return a function that executes a legacy module's own code, once; None if it is gone."""
    spec = locator.locate_legacy(legacy)
    if spec is None or spec.loader is None:
        return None
    executed: list[ModuleType] = []

    @cpython.as_import_system
    def execute() -> ModuleType | None:
        # The lock under which the import system would load this module, so deadlocks are detected.
        lock = cpython.module_lock(legacy)
        lock.acquire()
        try:
            if not executed:
                code = cpython.module_from_spec(spec)
                executed.append(code)
                try:
                    spec.loader.exec_module(code)  # type: ignore[union-attr]
                except BaseException:
                    executed.clear()
                    raise
            return executed[0]
        finally:
            lock.release()

    return execute


class _Names:
    """Adds legacy names to a module once it was executed."""

    __slots__ = ("_name", "_rules")

    def __init__(self, name: str, rules: "Mapping[str, Rule]") -> None:
        self._name = name
        self._rules = rules

    def starting(self, _spec: "cpython.ModuleSpec") -> None:
        """Do nothing: the module's own code runs first."""

    def finished(self, _spec: "cpython.ModuleSpec") -> None:
        """Add the names that it lacks."""
        module = sys.modules.get(self._name)
        if module is not None:
            add_names(module, self._rules)


def _spec(
    name: str, canonical: "cpython.ModuleSpec", loader: "PlainLoader"
) -> "cpython.ModuleSpec":
    spec = cpython.ModuleSpec(name, loader, origin=canonical.origin)  # type: ignore[arg-type]
    spec.submodule_search_locations = canonical.submodule_search_locations
    return spec


class PlainLoader:
    """Loads a legacy module by importing the canonical one and putting that in its place.

    Attributes:
        has_begun: whether the canonical module may be imported.

    """

    def __init__(
        self, answers: PlainAnswers, rule: "Rule", legacy: str, canonical: "cpython.ModuleSpec"
    ) -> None:
        self._answers = answers
        self._rule = rule
        self._legacy = legacy
        self._spec = canonical
        self._canonical = rule.canonical_of(legacy)
        self.has_begun = False

    def create_module(self, _spec: "cpython.ModuleSpec") -> "Placeholder":
        """Return the placeholder, which is the entry until the canonical module is loaded."""
        return Placeholder(self._legacy, self)

    @cpython.as_import_system
    def exec_module(self, placeholder: "Placeholder") -> None:
        """Import the canonical module, and replace the placeholder by it."""
        self.has_begun = True
        module = cpython.import_by_c(self._canonical)
        if not cpython.is_initializing(module):
            self.replace(placeholder)

    def replace(self, placeholder: "Placeholder") -> None:
        """Replace the placeholder by the canonical module.

        It stays while the canonical module executes, as when that imports its own legacy path. An
        import that found the canonical module itself would wait for the lock of the legacy path,
        which no thread holds, and so get a module that is only partially executed.
        """
        legacy = self._legacy
        if look_up(sys.modules, legacy, None) is not placeholder:
            return
        module = self._answers.module_for(self._rule, legacy, placeholder.__spec__)
        sys.modules[legacy] = module  # type: ignore[assignment]
        package, _, child = legacy.rpartition(".")
        namespace = cpython.namespace_of(look_up(sys.modules, package, None)) or {}
        if namespace.get(child) is placeholder:
            namespace[child] = module

    def target(self) -> object:
        """Return the canonical module, after waiting for a thread that executes it."""
        module: object = look_up(sys.modules, self._canonical, None)
        if module is None or cpython.is_initializing(module):
            module = cpython.import_by_c(self._canonical)
        return module

    def renamed(self, name: str) -> str:
        """Return the canonical module's name for a legacy name."""
        return self._rule.canonical_name(self._legacy, name)

    def __getattr__(self, name: str) -> object:
        value = getattr(self._spec.loader, name)
        if not callable(value) or name.startswith("__"):
            return value

        def ask(*arguments: object) -> object:
            return value(*(self._spec.name if one == self._legacy else one for one in arguments))

        return ask


class Placeholder(ModuleType):
    """Forwards to a canonical module for code that imported it while it was being loaded."""

    def __init__(self, legacy: str, loader: PlainLoader) -> None:
        super().__init__(legacy)
        del self.__dict__["__doc__"]
        self.__dict__["__enforcer_loader__"] = loader

    @cpython.as_import_system
    def __getattr__(self, name: str) -> object:
        loader: PlainLoader = self.__dict__["__enforcer_loader__"]
        if not loader.has_begun:
            raise AttributeError(name)  # _init_module_attrs asks which attributes are missing
        module = loader.target()
        if not cpython.is_initializing(module):
            loader.replace(self)
        return getattr(module, loader.renamed(name))

    def __setattr__(self, name: str, value: object) -> None:
        """Set the import system's attributes here, and all others on the canonical module."""
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(self.__dict__["__enforcer_loader__"].target(), name, value)

    def __dir__(self) -> "list[str]":
        return dir(self.__dict__["__enforcer_loader__"].target())
