"""Answer the import system about the modules that the migration map names.

Nothing is imported to answer: whether a canonical module exists is read from the specs of its
packages, so that a probe runs no code.
"""

import sys
from _thread import get_ident

from enforcer.recording.use import IMPORT_MODULE
from enforcer.rules.model import NAME
from enforcer.rules.stages import REMOVED
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.alias import link_of
from enforcer.runtime.imports.alias_loader import alias_spec, reloading
from enforcer.runtime.imports.branches import ancestors_of
from enforcer.runtime.imports.callers import RUN
from enforcer.runtime.imports.finder import Finder
from enforcer.runtime.imports.hooks import after_reload, hook
from enforcer.runtime.imports.live_names import LiveModule
from enforcer.runtime.imports.observed import ObservedLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Protocol

    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.alias_link import AliasLink
    from enforcer.runtime.imports.callers import Caller
    from enforcer.runtime.imports.link import Link
    from enforcer.runtime.imports.owner import Owner

    class Watching(Owner, Protocol):
        """The owner, which also creates links and attributes loads."""

        links: dict[str, Link]
        on_legacy: Callable[[], object]

        def follows(self, name: str) -> bool:
            """Return whether factories or instances wait for a module."""

        def alias_link(self, rule: Rule, legacy: str) -> AliasLink:
            """Return the link of an aliased path; create it at the first call."""

        def probing(self, name: str, frame: FrameType) -> Caller | None:
            """Return the caller that only asks for a module's spec."""

        def importing(self, name: str, frame: FrameType) -> tuple[str, Caller]:
            """Return the path that an import is really about, and its caller."""


# Finder is loaded at start-up, before cpython, so its function is marked here.
cpython.as_import_system(Finder.find_spec)


# Decisions about modules, with their reasons.
_LIVE = "loaded by its own finder, then watched: rules are about names in it"
_PACKAGE = "loaded by its own finder, then watched: a legacy module is in it"
_EMPTY = "created empty: it is gone from disk, and a legacy module is in it"
_OBSERVED = "not aliased: stage observe, and its own code exists"
_IMPLEMENTATION = "not aliased: implementation = true"


class Answers:
    """Specs of legacy modules, and of modules with legacy names."""

    def __init__(self, watch: "Watching") -> None:
        self._watch = watch
        self._needed = ancestors_of(watch.map.rules)
        self._parents = frozenset(
            rule.module.rpartition(".")[0] for rule in watch.map.rules if rule.kind != NAME
        )

    @cpython.as_import_system
    def answer(
        self, name: str, path: object, target: object, frame: "FrameType"
    ) -> cpython.ModuleSpec | None:
        """Return the spec of a module that the migration map names, else None.

        Args:
            name: the module's path.
            path: the ``__path__`` of its package; None for a top-level module.
            target: the module that ``importlib.reload`` reloads, else None.
            frame: the frame that asks for the spec.

        """
        watch = self._watch
        if not watch.enabled or get_ident() in watch.locator.asking:
            return None
        # The map's rule, not Watch.match: a canonical module that was missing may be there now.
        rule = watch.map.match(name)
        if rule is None:
            return self._find_unmatched(name, path, target)
        watch.on_legacy()
        if rule.stage == REMOVED and not watch.uses.is_safe:
            return self._refuse(rule, name, path, frame)
        if not rule.aliases():
            return self._observe(rule, name, path, target, frame)
        return self._alias(rule, name, path, target, frame)

    def _find_unmatched(self, name: str, path: object, target: object) -> cpython.ModuleSpec | None:
        watch = self._watch
        names = watch.map.names_in(name)
        follows = watch.follows(name)
        if names or follows:
            watch.on_legacy()
        if names or follows or (name in self._parents and target is None):
            spec = watch.locator.find(name, path)  # type: ignore[arg-type]
            if spec is not None:
                if target is None:
                    watch.uses.explain(name, _LIVE if names or follows else _PACKAGE)
                    hook(spec, LiveModule(watch, name, names))
                elif follows:
                    after_reload(spec, watch)
                return spec
        if name in self._needed and watch.locator.find(name, path) is None:  # type: ignore[arg-type]
            # The package of a legacy path is gone from disk: an empty one is made for the alias.
            watch.uses.explain(name, _EMPTY)
            spec = cpython.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = []
            return spec
        return None

    def _observe(
        self, rule: "Rule", name: str, path: object, target: object, frame: "FrameType"
    ) -> cpython.ModuleSpec | None:
        watch = self._watch
        if link_of(sys.modules.get(name.rpartition(".")[0])) is None:
            spec = watch.locator.find(name, path)  # type: ignore[arg-type]
        else:
            # The package is aliased and has the canonical __path__; this module did not move.
            spec = watch.locate_legacy(name)
        link = watch.links.get(name)
        if spec is None and target is None and name not in watch.unmoved:
            replaced = watch.replace_gone(rule, name, rule.canonical_of(name))
            if replaced is not None:
                return self._alias(replaced, name, path, target, frame)
        if spec is None or target is not None:
            if spec is not None and isinstance(link, ObservedLink) and link.module is target:
                watch.guarded(name, link.reloading, spec)
            return spec
        caller = watch.guarded(name, watch.probing, name, frame)
        if caller is not None:
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        if not isinstance(link, ObservedLink):
            link = watch.links[name] = ObservedLink(watch, rule, name)
        watch.uses.explain(name, _IMPLEMENTATION if rule.implementation else _OBSERVED, frame)
        hook(spec, link)
        return spec

    def _refuse(
        self, rule: "Rule", name: str, path: object, frame: "FrameType"
    ) -> cpython.ModuleSpec | None:
        watch = self._watch
        caller = watch.guarded(name, watch.probing, name, frame)
        if caller is not None:
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        else:
            watch.guarded(name, self._record_removed, rule, name, frame)
        # A finder that returns None is followed by the next one, which would find the file. Only an
        # error can hide it, so a probe (find_spec) gets one too.
        if watch.locator.find(name, path) is not None:  # type: ignore[arg-type]
            message = f"No module named {name!r}; it was removed (removed-import)"
            raise ModuleNotFoundError(message, name=name)
        return None

    def _record_removed(self, rule: "Rule", name: str, frame: "FrameType") -> None:
        wanted, caller = self._watch.importing(name, frame)
        self._watch.uses.record(rule, wanted, caller, in_place=False)

    @cpython.as_import_system
    def _alias(
        self, rule: "Rule", name: str, path: object, target: object, frame: "FrameType"
    ) -> cpython.ModuleSpec | None:
        watch = self._watch
        if name not in watch.links:
            # Before anything is loaded below: threads that import this module meanwhile wait at
            # its lock, and the gate there counts them by this link.
            watch.alias_link(rule, name)
        caller = watch.guarded(name, watch.probing, name, frame)
        moved = rule.canonical_of(name)
        canonical = watch.locate(moved)
        parent = moved.rpartition(".")[0]
        if canonical is None and caller is None and parent and parent not in sys.modules:
            # A package may create its submodules itself, as six.moves does.
            cpython.import_if_there(parent)
            canonical = watch.locate(moved)
        if canonical is None:
            return self._leave_unmoved(rule, name, path, target, frame)
        watch.unmoved.pop(name, None)
        link = watch.alias_link(rule, name)
        if caller is not None and target is None:
            if caller.mechanism == RUN:
                return self._run(rule, name, canonical, caller)
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        watch.uses.explain(name, f'aliased to "{moved}": stage {rule.stage}', frame)
        spec = alias_spec(link, canonical)
        if target is not None and target is link.module:
            spec.loader.exec_module = reloading(link)  # type: ignore[union-attr,method-assign]
        else:
            hook(spec, link)
        return spec

    @cpython.as_import_system
    def _leave_unmoved(
        self, rule: "Rule", name: str, path: object, target: object, frame: "FrameType"
    ) -> cpython.ModuleSpec | None:
        """Observe a legacy module whose canonical one is missing."""
        unmoved = self._watch.leave_unmoved(rule, name, rule.canonical_of(name))
        spec = self._observe(unmoved, name, path, target, frame)
        package, _, child = name.rpartition(".")
        around = link_of(sys.modules.get(package))
        if spec is not None and around is not None:
            around.keep_apart(child)
        return spec

    def _run(
        self, rule: "Rule", name: str, canonical: cpython.ModuleSpec, caller: "Caller"
    ) -> cpython.ModuleSpec:
        """Return the spec by which ``python -m legacy`` runs the canonical module's code."""
        if canonical.submodule_search_locations is None:
            caller.mechanism = IMPORT_MODULE
            self._watch.guarded(name, self._record_run, rule, name, caller)
        spec = alias_spec(self._watch.alias_link(rule, name), canonical)
        spec.name = canonical.name
        return spec

    def _record_run(self, rule: "Rule", name: str, caller: "Caller") -> None:
        self._watch.uses.record(rule, name, caller, in_place=False)

    def stand_in(self, name: str) -> None:
        """Insert the alias of a submodule whose canonical module is loaded into ``sys.modules``."""
        watch = self._watch
        rule = watch.match(name)
        if name in sys.modules or rule is None or not rule.aliases() or rule.stage == REMOVED:
            return
        link = watch.alias_link(rule, name)
        canonical = watch.locate(link.canonical)
        if canonical is None:
            return
        # Another thread may be loading this very module. Its lock is the import system's, so a
        # deadlock is detected there.
        lock = cpython.module_lock(name)
        try:
            lock.acquire()
        except RuntimeError:
            return  # a thread that waits for this one is about to load it
        try:
            self._put(name, link, canonical)
        finally:
            lock.release()
        link.target()

    def _put(self, name: str, link: "AliasLink", canonical: cpython.ModuleSpec) -> None:
        if name not in sys.modules:
            link.spec = alias_spec(link, canonical)
            self._watch.locks.install(link)
            sys.modules[name] = link.module  # type: ignore[assignment]
