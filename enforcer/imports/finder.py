"""Answer the import system for legacy modules, before any other finder.

The finder never imports anything to answer: whether a canonical module exists is read from
the specs of its packages, so that a probe runs no code.
"""

import sys
from _thread import get_ident

from enforcer.imports import bootstrap
from enforcer.imports.alias import link_of
from enforcer.imports.alias_link import AliasLink, importing
from enforcer.imports.bootstrap import getframe
from enforcer.imports.callers import RUN
from enforcer.imports.hooks import hook
from enforcer.imports.live_names import LiveModule
from enforcer.imports.observed import ObservedLink
from enforcer.recording.use import IMPORT_MODULE
from enforcer.rules.model import NAME
from enforcer.rules.stages import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FrameType, ModuleType

    from enforcer.imports.alias import Alias
    from enforcer.imports.callers import Caller
    from enforcer.imports.watch import Watch
    from enforcer.rules.model import Rule


class AliasLoader:
    """Load an alias by importing the canonical module.

    What tools ask a loader for (source, code, data, resources) is the canonical loader's.
    """

    def __init__(self, link: AliasLink, canonical: bootstrap.ModuleSpec) -> None:
        """Serve one legacy module whose canonical spec was located."""
        self._link = link
        self._canonical = canonical
        self.exec_module: Callable[[object], object] = importing(link.canonical)

    def create_module(self, spec: bootstrap.ModuleSpec) -> "Alias":
        """Give the alias; it binds when the canonical module is there."""
        link = self._link
        link.spec = spec
        frame = getframe(1)
        if not bootstrap.is_loading(frame):
            # LazyLoader and the like load a module by hand: nobody will tell of it.
            link.watch.guarded(link.legacy, link.record_importer, frame)
        elif link.watch.guarded(link.legacy, link.watch.is_probed, link.legacy, frame):
            self.exec_module = _leave_unbound
        return link.module

    def _ask(self, method: str, *arguments: object) -> object:
        loader = self._canonical.loader
        answer = getattr(loader, method, None)
        if answer is None:
            message = f"the loader of {self._canonical.name!r} has no {method}()"
            raise ImportError(message, name=self._link.legacy)
        return answer(*arguments)

    def is_package(self, _name: str) -> bool:
        """Tell whether the canonical module is a package."""
        return self._canonical.submodule_search_locations is not None

    def get_code(self, _name: str) -> "CodeType | None":
        """Give the canonical module's code, for ``python -m``."""
        return self._ask("get_code", self._canonical.name)  # type: ignore[return-value]

    def get_source(self, _name: str) -> str | None:
        """Give the canonical module's source."""
        return self._ask("get_source", self._canonical.name)  # type: ignore[return-value]

    def get_filename(self, _name: str) -> str:
        """Give the canonical module's file."""
        return self._ask("get_filename", self._canonical.name)  # type: ignore[return-value]

    def get_data(self, path: str) -> bytes:
        """Read a file that belongs to the canonical package."""
        return self._ask("get_data", path)  # type: ignore[return-value]

    def get_resource_reader(self, _name: str) -> object:
        """Give the canonical package's resources."""
        return self._ask("get_resource_reader", self._canonical.name)


def _leave_unbound(_module: object) -> None:
    """Load nothing for somebody who only looks below an alias."""


def _reloading(link: AliasLink) -> "Callable[[object], object]":
    def reload_canonical(_module: object) -> None:
        from importlib import reload

        target: ModuleType = sys.modules[link.canonical]
        reload(target)
        link.settle()

    return reload_canonical


def alias_spec(link: AliasLink, canonical: bootstrap.ModuleSpec) -> bootstrap.ModuleSpec:
    """Make the spec of an alias: its own name and loader, the canonical module's place."""
    spec = bootstrap.ModuleSpec(link.legacy, AliasLoader(link, canonical), origin=canonical.origin)  # type: ignore[arg-type]
    spec.submodule_search_locations = canonical.submodule_search_locations
    spec.has_location = canonical.has_location
    return spec


class Finder:
    """Find legacy modules, and modules with legacy names.

    Attributes:
        made: the empty packages made for legacy paths whose own are gone.

    """

    def __init__(self, watch: "Watch") -> None:
        """Serve one watch."""
        self._watch = watch
        self._heads = watch.map.heads()
        self.made: dict[str, bootstrap.ModuleSpec] = {}
        self._needed = _ancestors(watch.map.rules)
        self._parents = frozenset(
            rule.module.rpartition(".")[0] for rule in watch.map.rules if rule.kind != NAME
        )

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> bootstrap.ModuleSpec | None:
        """Give the spec of a module that the migration map speaks of, else None."""
        if name.partition(".")[0] not in self._heads:
            self._step_ahead()
            return None
        watch = self._watch
        if not watch.enabled or get_ident() in watch.locator.asking:
            return None
        rule = watch.map.match(name)
        if rule is None:
            return self._find_unmatched(name, path, target)
        if rule.stage == REMOVED:
            return self._refuse(rule, name, path)
        if not rule.aliases():
            return self._observe(rule, name, path, target)
        return self._alias(rule, name, target)

    def _step_ahead(self) -> None:
        """Be asked before pytest, which came later and puts itself first.

        It loads whatever is named like tests from the path that it is given. The path of an
        alias is the canonical package's: there it would load each such module a second time.
        """
        finders = sys.meta_path
        for index, finder in enumerate(finders):
            if finder is self:
                return
            if type(finder).__module__.startswith("_pytest.") and self in finders:
                # This finder is being asked: those that follow it keep their places.
                finders.remove(self)
                finders.insert(index, self)
                return

    def invalidate_caches(self) -> None:
        """Keep no caches; the finders that are asked keep their own."""

    def _find_unmatched(
        self, name: str, path: object, target: object
    ) -> bootstrap.ModuleSpec | None:
        watch = self._watch
        names = watch.map.names_in(name)
        if names or (name in self._parents and target is None):
            spec = watch.locator.find(name, path)  # type: ignore[arg-type]
            if spec is not None:
                if target is None:
                    hook(spec, LiveModule(watch, name, names))
                return spec
        if name in self._needed and watch.locator.find(name, path) is None:  # type: ignore[arg-type]
            # A legacy path's package that is gone from disk: an empty one holds the alias.
            spec = bootstrap.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = []
            self.made[name] = spec
            return spec
        return None

    def _observe(
        self, rule: "Rule", name: str, path: object, target: object
    ) -> bootstrap.ModuleSpec | None:
        watch = self._watch
        if link_of(sys.modules.get(name.rpartition(".")[0])) is None:
            spec = watch.locator.find(name, path)  # type: ignore[arg-type]
        else:
            # The package is aliased and shows its canonical path; this module stayed behind.
            spec = watch.locate_legacy(name)
        if spec is None or target is not None:
            return spec
        caller = watch.guarded(name, watch.probing, name, getframe(2))
        if caller is not None:
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        link = watch.links.get(name)
        if not isinstance(link, ObservedLink):
            link = watch.links[name] = ObservedLink(watch, rule, name)
        hook(spec, link)
        return spec

    def _refuse(self, rule: "Rule", name: str, path: object) -> bootstrap.ModuleSpec | None:
        watch = self._watch
        frame = getframe(2)
        caller = watch.guarded(name, watch.probing, name, frame)
        if caller is not None:
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        else:
            watch.guarded(name, self._record_removed, rule, name, frame)
        if watch.locator.find(name, path) is not None:  # type: ignore[arg-type]
            message = f"No module named {name!r}; it was removed (removed-import)"
            raise ModuleNotFoundError(message, name=name)
        return None

    def _record_removed(self, rule: "Rule", name: str, frame: "FrameType") -> None:
        wanted, caller = self._watch.importing(name, frame)
        self._watch.uses.record(rule, wanted, caller, in_place=False)

    def _alias(self, rule: "Rule", name: str, target: object) -> bootstrap.ModuleSpec | None:
        watch = self._watch
        link = watch.alias_link(rule, name)
        caller = watch.guarded(name, watch.probing, name, getframe(2))
        canonical = watch.locate(link.canonical)
        parent = link.canonical.rpartition(".")[0]
        if canonical is None and caller is None and parent and parent not in sys.modules:
            __import__(parent)  # a package may make its submodules itself
            canonical = watch.locate(link.canonical)
        if canonical is None:
            watch.notice(
                "missing",
                name,
                f'"{link.canonical}" does not exist; "{name}" is imported as it is.',
            )
            return None
        if caller is not None and target is None:
            if caller.mechanism == RUN:
                return self._run(rule, name, canonical, caller)
            watch.guarded(name, watch.uses.probe, rule, name, caller)
        spec = alias_spec(link, canonical)
        if target is not None and target is link.module:
            vars(spec.loader)["exec_module"] = _reloading(link)
        else:
            hook(spec, link)
        return spec

    def _run(
        self, rule: "Rule", name: str, canonical: bootstrap.ModuleSpec, caller: "Caller"
    ) -> bootstrap.ModuleSpec:
        """Let ``python -m legacy`` run the canonical module under its own name."""
        if canonical.submodule_search_locations is None:
            caller.mechanism = IMPORT_MODULE
            self._watch.guarded(name, self._record_run, rule, name, caller)
        spec = alias_spec(self._watch.alias_link(rule, name), canonical)
        spec.name = canonical.name
        return spec

    def _record_run(self, rule: "Rule", name: str, caller: "Caller") -> None:
        self._watch.uses.record(rule, name, caller, in_place=False)

    def stand_in(self, name: str) -> None:
        """Put the alias of a submodule in ``sys.modules``, whose canonical module is loaded."""
        watch = self._watch
        rule = watch.map.match(name)
        if name in sys.modules or rule is None or not rule.aliases() or rule.stage == REMOVED:
            return
        link = watch.alias_link(rule, name)
        canonical = watch.locate(link.canonical)
        if canonical is not None:
            link.spec = alias_spec(link, canonical)
            watch.locks.install(link)
            sys.modules.setdefault(name, link.module)  # type: ignore[arg-type]
            link.target()


def _ancestors(rules: "Iterable[Rule]") -> frozenset[str]:
    ancestors = set()
    for rule in rules:
        parent = rule.module.rpartition(".")[0]
        while parent and rule.kind != NAME and rule.aliases():
            ancestors.add(parent)
            parent = parent.rpartition(".")[0]
    return frozenset(ancestors)
