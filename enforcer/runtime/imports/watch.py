"""The watch of one interpreter's imports: its parts, and how they are installed and removed."""

import sys

from enforcer.recording.notice import Notice
from enforcer.recording.use import IMPORT_STATEMENT, PROBE
from enforcer.rules.stages import ALIAS, OBSERVE
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.alias import link_of
from enforcer.runtime.imports.alias_link import AliasLink
from enforcer.runtime.imports.alias_loader import alias_spec
from enforcer.runtime.imports.answers import Answers
from enforcer.runtime.imports.branches import children_apart, packages_of
from enforcer.runtime.imports.callers import Caller, Ownership, module_name, statement_frame
from enforcer.runtime.imports.fetches import Stars
from enforcer.runtime.imports.leaves import Leaves
from enforcer.runtime.imports.leftovers import leave_entries, restore_modules
from enforcer.runtime.imports.live_names import LiveModule
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.locks import Locks
from enforcer.runtime.imports.module_files import Locator
from enforcer.runtime.imports.observed import ObservedLink, Observing
from enforcer.runtime.imports.parents import Parents
from enforcer.runtime.imports.plain_modules import LEFT
from enforcer.runtime.imports.self_check import blind_spots
from enforcer.runtime.imports.spec_class import unwatch_all
from enforcer.runtime.imports.uses import Uses
from enforcer.runtime.refusals import (
    LegacyCallError,
    LegacyCallWarning,
    LegacyImportError,
    LegacyImportWarning,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from collections.abc import Set as AbstractSet
    from types import FrameType, ModuleType
    from typing import Protocol, TypeVar

    from enforcer.recording.recorder import Recorder
    from enforcer.recording.use import CallSite
    from enforcer.rules.factory_model import Factory
    from enforcer.rules.model import MigrationMap, Rule
    from enforcer.runtime.imports.link import Link
    from enforcer.runtime.imports.owner import Forgetful

    T = TypeVar("T")

    class Delegation(Protocol):
        """Delegates factories and keeps instances by the map (``enforcer.runtime.delegation``)."""

        def follows(self, name: str) -> bool:
            """Return whether it waits for a module."""

        def loaded(self, name: str, module: ModuleType) -> None:
            """Install what concerns a module that was executed."""

        def names_of(self, legacy: str) -> Mapping[str, Callable[[], object]]:
            """Return the names that an alias shows beside the canonical module's: name → maker."""

        def why_not(self, rule: Factory) -> str:
            """Return why the calls of a legacy factory are not delegated; empty if they are."""

        def release(self, canonical: str, key: object) -> bool:
            """Release an instance; return whether there was one."""

        def forget_sites(self) -> None:
            """Clear the cache of call sites."""

        def forget_threads(self) -> None:
            """Forget the threads of the process that this one was forked from."""

        def remove(self) -> None:
            """Undo all changes to the program's objects."""


class Watch:
    """Watches the imports of this interpreter by one migration map.

    Attributes:
        map: the migration map.
        uses: records uses.
        answers: returns the specs of legacy modules.
        enabled: whether anything is recorded or refused.
        links: legacy path → its link, for each path that was imported so far.
        unmoved: legacy path → its rule in stage observe, if the canonical module is missing.
        gone: legacy path → its rule in stage alias, if it is observed and its code is gone.
        notices: notices for the map's owner, by kind and subject.
        branches: the packages of the legacy modules that have rules of their own.
        delegation: delegates factories and keeps instances; None if the map has neither.
        on_legacy: called without arguments, on the importing thread, before each load of a module
            that may be used by a legacy path or name; it must be cheap.
        on_error: called with each error of the enforcer's own.

    """

    def __init__(
        self,
        migration_map: "MigrationMap",
        recorder: "Recorder",
        baseline: "Container[CallSite]",
        notices: "dict[tuple[str, str], Notice]",
    ) -> None:
        """Create all parts; nothing outside is changed before :meth:`install`."""
        self.map = migration_map
        self.uses = Uses(recorder, Ownership(migration_map.root, migration_map.path), baseline)
        self.enabled = True
        self.links: dict[str, Link] = {}
        self.unmoved: dict[str, Rule] = {}
        self.gone: dict[str, Rule] = {}
        self.notices = notices
        self.forgetful: list[Forgetful] = []
        self.locks = Locks()
        self.locator = Locator()
        self.leaves = Leaves()
        self.stars = Stars()
        self.parents = Parents(self)
        self.observing = Observing(self)
        self.answers = Answers(self)
        self.branches = packages_of(migration_map.rules)
        self.delegation: Delegation | None = None
        self.on_legacy: Callable[[], object] = int
        self.on_error: Callable[[Exception], object] = _ignore
        self._apart = children_apart(migration_map)

    # What lies above the imports.

    def follows(self, name: str) -> bool:
        """Return whether factories or instances wait for a module."""
        return self.delegation is not None and self.delegation.follows(name)

    def was_loaded(self, name: str) -> None:
        """Install factories and instances of a module that was executed."""
        module = sys.modules.get(name)
        if self.delegation is not None and module is not None and self.enabled:
            self.guarded(name, self.delegation.loaded, name, module)

    def own_code_loaded(self, name: str, code: "ModuleType") -> None:
        """Install those of a legacy module's own code, executed behind its alias."""
        if self.follows(name):
            self.guarded(name, self.delegation.loaded, name, code)  # type: ignore[union-attr]

    # Answers for the parts.

    def match(self, path: str) -> "Rule | None":
        """Return the rule that covers a module path, as it holds in this process."""
        return (
            look_up(self.unmoved, path, None)
            or look_up(self.gone, path, None)
            or self.map.match(path)
        )

    def leave_unmoved(self, rule: "Rule", legacy: str, canonical: str) -> "Rule":
        """Return the rule in stage observe for a legacy path whose canonical one is missing.

        A warning or a refusal would point callers to a path that does not exist.
        """
        text = f'"{canonical}" does not exist; "{legacy}" is imported as it is, and observed.'
        self.notice("missing", legacy, text)
        return self.unmoved.setdefault(legacy, rule.in_stage(OBSERVE))

    def replace_gone(self, rule: "Rule", legacy: str, canonical: str) -> "Rule | None":
        """Return the rule in stage alias for an observed legacy path that has no code of its own.

        Lowering a stage must not break a program: a path whose file is gone can only be served by
        the canonical module.

        Args:
            rule: the rule of the path.
            legacy: the path of a module or a name.
            canonical: its canonical path.

        Returns:
            None if the rule does not observe the path, or if there is no canonical module either.

        """
        if not rule.is_observed or self.locate(canonical.partition(":")[0]) is None:
            return None
        text = f'"{legacy}" is gone: in stage observe, too, it gives "{canonical}".'
        self.notice("gone", legacy, text)
        return self.gone.setdefault(legacy, rule.in_stage(ALIAS))

    def alias_link(self, rule: "Rule", legacy: str) -> AliasLink:
        """Return the link of an aliased path; create it at the first call."""
        link = self.links.get(legacy)
        if isinstance(link, AliasLink):
            return link
        made = AliasLink(self, rule, legacy)
        if link is None:
            # setdefault is atomic: threads that import the path at once get one link.
            return self.links.setdefault(legacy, made)  # type: ignore[return-value]
        self.links[legacy] = made  # its canonical module turned up
        return made

    def is_linked(self, path: str, module: object) -> bool:
        """Return whether a loaded module is a watched legacy module."""
        link = self.links.get(path)
        if link is None or link.module is module:
            return link is not None
        # While its body runs, the gate on its lock sees imports from it.
        spec = (cpython.namespace_of(module) or {}).get("__spec__")
        if spec is link.spec and cpython.is_initializing_spec(spec) and link.module is None:
            return True
        return link.module is module  # another thread may have ended the load meanwhile

    def apart(self, package: str) -> "AbstractSet[str]":
        """Return the children of a legacy package that are not those of its canonical package."""
        return self._apart.get(package, frozenset())

    def is_canonical_code(self, rule: "Rule", frame: "FrameType") -> bool:
        """Return whether a frame runs code of a rule's canonical module, or below it."""
        name = module_name(frame)
        return name == rule.target or name.startswith(f"{rule.target}.")

    def locate(self, name: str) -> "cpython.ModuleSpec | None":
        """Return a module's spec without importing anything."""
        return self.locator.locate(name)

    def locate_legacy(self, name: str) -> "cpython.ModuleSpec | None":
        """Return the spec of a legacy module's own code."""
        return self.locator.locate_legacy(name)

    def probing(self, name: str, frame: "FrameType") -> Caller | None:
        """Return the caller that only asks for a module's spec; None if the module is imported."""
        if next(cpython.imports_in_progress(frame, name), None) is not None:
            return None
        return self.uses.ownership.asking(frame, name)

    def is_probed(self, name: str, frame: "FrameType") -> bool:
        """Return whether a module is imported because a caller probes for one below it."""
        loading = next(cpython.imports_in_progress(frame, name), None)
        if loading is None:
            return False
        return self.uses.ownership.asking(loading.f_back, name).mechanism == PROBE

    def importing(self, name: str, frame: "FrameType") -> tuple[str, Caller]:
        """Return the path that an import is really about, and its caller.

        A package is often imported only on the way to a module below it.
        """
        loading = next(cpython.imports_in_progress(frame, name), None)
        importer = cpython.importer(loading, name) if loading is not None else frame
        if importer is not None and cpython.is_for_child(importer, name):
            return self.importing(str(importer.f_locals["name"]), importer)
        importer = importer and statement_frame(importer, name)
        statement = bytecode.import_statement(importer) if importer is not None else None
        if importer is not None and statement is not None:
            direct = statement.absolute(importer.f_globals) == name
            names = (statement.names or ()) if direct else ()
            return name, Caller(importer, IMPORT_STATEMENT, names)
        return name, self.uses.ownership.asking(importer, name)

    def note_leaf(self, legacy: str, frame: "FrameType") -> None:
        """Remember that C code imported ``a.b`` for a frame, because it may read ``a`` next."""
        if "." in legacy and not bytecode.wants_module(frame):
            self.leaves.note(legacy, frame)

    @cpython.as_import_system
    def guarded(self, subject: str, call: "Callable[..., T]", *arguments: object) -> "T | None":
        """Call a part of the enforcer whose errors must not break the program.

        Args:
            subject: the legacy path that the call is about.
            call: the function; of its errors only a refusal is raised.
            arguments: its arguments.

        Returns:
            Its result; None if it failed, which becomes a notice.

        """
        try:
            return call(*arguments)
        except (LegacyCallError, LegacyCallWarning, LegacyImportError, LegacyImportWarning):
            raise
        except Exception as error:  # noqa: BLE001 - the watched program comes first
            text = f'Uses of "{subject}" were not recorded: {error!r}.'
            self.notice("blind", subject, text)
            self.on_error(error)
            return None

    def notice(self, kind: str, subject: str, text: str) -> None:
        """Keep a notice for the map's owner; once for each subject."""
        if (kind, subject) not in self.notices:
            self.uses.explain(subject, f"notice ({kind}): {text}")
        self.notices.setdefault((kind, subject), Notice(kind, subject, text))

    # Coming and going.

    def install(self, *, is_late: bool) -> None:
        """Check this CPython, and take over loaded modules if the enforcer was enabled late.

        Args:
            is_late: whether to take over modules that were loaded before. No other thread may
                be importing meanwhile.

        """
        for text in blind_spots():
            self.notice("blind", text, text)
        if not is_late:
            return
        # A copy, because another thread may add a module: the iteration would raise RuntimeError.
        for name in sorted(name for name in sys.modules.copy() if isinstance(name, str)):
            self._take_over(name, sys.modules.get(name))

    def _take_over(self, name: str, module: "ModuleType | None") -> None:
        names = self.map.names_in(name)
        if names and module is not None:
            LiveModule(self, name, names).watch_module(module)
        rule = self.match(name)
        if module is None or link_of(module) is not None:
            return
        if rule is None:
            self._go_along(name, module)
            return
        if name in LEFT:
            LEFT.discard(name)
        else:
            self.notice(
                "late",
                name,
                f'"{name}" had been imported before the enforcer was enabled; '
                "who imported it until then was not seen.",
            )
        if rule.aliases():
            canonical = self.locate(rule.canonical_of(name))
            if canonical is not None:
                self._replace(rule, name, canonical)
                return
            rule = self.leave_unmoved(rule, name, rule.canonical_of(name))
        link = self.links[name] = ObservedLink(self, rule, name)
        link.spec = getattr(module, "__spec__", None)
        link.watch_module(module)
        self.parents.attach(link)
        self.locks.install(link)
        self._go_along(name, module)

    def _go_along(self, name: str, module: "ModuleType") -> None:
        """Do for a module that was loaded before what happens at a load."""
        if self.follows(name) and not cpython.is_initializing(module):
            self.was_loaded(name)

    def _replace(self, rule: "Rule", name: str, canonical: cpython.ModuleSpec) -> None:
        link = self.alias_link(rule, name)
        link.spec = alias_spec(link, canonical)
        sys.modules[name] = link.module  # type: ignore[assignment]
        self.locks.install(link)
        self.parents.attach(link)
        parent, _, child = name.rpartition(".")
        package = sys.modules.get(parent)
        if package is not None and link_of(package) is None:
            setattr(package, child, link.module)

    def forget_sites(self) -> None:
        """Clear the caches of call sites: after a fork, or when recording ends."""
        for watching in [*self.links.values(), *self.forgetful]:
            watching.forget()
        if self.delegation is not None:
            self.delegation.forget_sites()

    def forget_threads(self) -> None:
        """Forget the threads of the process that this one was forked from."""
        self.locks.forget_threads(list(self.links.values()))
        if self.delegation is not None:
            self.delegation.forget_threads()

    def calm(self) -> None:
        """Count, warn and refuse no more; all objects stay as they are."""
        self.uses.is_safe = True
        self.forget_sites()

    def remove(self) -> None:
        """Stop watching; aliased paths stay aliased, by plain entries."""
        self.enabled = False
        self.forget_sites()
        if self.delegation is not None:
            self.delegation.remove()
        self.locks.forget()
        restore_modules(self.map)
        unwatch_all()
        leave_entries(self.map, self.links)


def _ignore(_error: Exception) -> None:
    return
