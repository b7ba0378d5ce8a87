"""Watch single deprecated names of a module that lives on.

The module gets a class of its own (a subclass of its class, assigned to ``__class__``) with a
descriptor for each legacy name. Code inside the module reads its globals, a dictionary, and never
runs the descriptor.
"""

import sys

from enforcer.recording.use import PROBE
from enforcer.rules.stages import REMOVED
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.cpython import getframe
from enforcer.runtime.imports.fetches import fetch, fetching, times_listed
from enforcer.runtime.imports.own_class import own_class, shield, watch_name
from enforcer.runtime.imports.sites import Sites
from enforcer.runtime.imports.uses import can_be_remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType, ModuleType

    from enforcer.rules.model import Rule
    from enforcer.runtime.imports.owner import Owner


_STEP = "not counted: the fetch is a step of an import, which is decided by itself"

MOST_DISPLACED = 32
"""How many nested patches are undone correctly; bounds the list if a program only sets."""


class LegacyName:
    """Descriptor of a legacy name: returns its canonical object and counts look-ups."""

    __slots__ = ("_displaced", "_namespace", "_rule", "_settled", "_sites", "_watch")

    def __init__(self, watch: "Owner", rule: "Rule", namespace: "dict[str, object]") -> None:
        self._watch = watch
        self._rule = rule
        self._namespace = namespace
        self._sites = Sites()
        self._displaced: list[object] = []
        self._settled: object = None
        watch.forgetful.append(self)

    @property
    def is_aliased(self) -> bool:
        """Whether the name resolves to the canonical object."""
        return self._rule.aliases()

    def forget(self) -> None:
        """Clear the cache: every instruction is classified again."""
        self._sites.forget()

    @cpython.as_import_system
    def __get__(self, module: "ModuleType | None", owner: type | None = None) -> object:
        if module is None:
            return self
        try:
            frame = getframe(1)
        except Exception:  # noqa: BLE001 - an audit hook refuses
            frame = cpython.frame_beside(1)
        uses = self._sites.find(frame)
        if uses is not None:
            next(uses)
        elif self._watch.enabled:
            try:
                wanted = self._watch.guarded(self._rule.legacy, self._look, fetching(frame))
            except ImportError as error:
                raise cpython.trimmed(error)  # noqa: B904 - the same error
            if wanted is False:
                return self._namespace.get(self._rule.name)
        return self._value()

    def _look(self, frame: "FrameType") -> bool:
        """Record a look-up; return whether the caller gets the canonical object."""
        uses = self._watch.uses
        rule = self._rule
        exported = self._namespace.get("__all__")
        caller = fetch(frame, rule.module, rule.name, exported, uses.ownership)
        if caller is None:
            uses.explain(rule.legacy, _STEP, frame)
            return not cpython.is_from_list(frame) or self._rule.stage == REMOVED
        path = f"{self._rule.module}:{self._rule.name}"
        if caller.mechanism == PROBE:
            uses.probe(self._rule, path, caller)
            return self._rule.stage == REMOVED or self._is_cheap()
        times = times_listed(caller, self._rule.name, exported)
        if times > 1 and self._watch.stars.is_repeated(frame, path, times):
            return True
        caller.names = (self._rule.name,)
        if rule.aliases() and self._lacks_target():
            self._rule = rule = self._watch.leave_unmoved(rule, path, rule.canonical)
        tally = uses.record(rule, path, caller, in_place=not rule.aliases())
        if times == 1 and can_be_remembered(tally) and caller.frame is frame:
            self._sites.remember(frame, (tally,))
        return True

    def _is_cheap(self) -> bool:
        # A walk over dir() meets only names in the namespace. A name that isn't there is asked
        # for on purpose, so it may cost an import.
        return self._rule.target in sys.modules or self._rule.name not in self._namespace

    @cpython.as_import_system
    def _lacks_target(self) -> bool:
        """Return whether the module of the canonical object does not exist."""
        target = self._rule.target
        return (
            self._rule.stage != REMOVED
            and target not in sys.modules
            and self._rule.name in self._namespace
            and self._watch.locate(target) is None
            and not cpython.import_if_there(target)
        )

    @cpython.as_import_system
    def _holder(self) -> object:
        """Return the module of the canonical object, imported as a from-import would.

        If another thread is executing it, the import waits for that.
        """
        target = self._rule.target
        if target == self._rule.module:
            return None
        holder: object = sys.modules.get(target)
        if holder is None or holder is not self._settled:
            holder = cpython.import_by_c(target)
            if not cpython.is_initializing(holder):
                self._settled = holder
        return holder

    @cpython.as_import_system
    def _value(self) -> object:
        rule = self._rule
        if rule.stage == REMOVED and self._watch.enabled and not self._watch.uses.is_safe:
            raise AttributeError(rule.name)
        if not rule.aliases():
            name = rule.name
            if name in self._namespace:
                return self._namespace[name]
            raise AttributeError(name)
        holder = self._holder()
        if holder is not None:
            return getattr(holder, rule.target_name)
        try:
            return self._namespace[rule.target_name]
        except KeyError:
            make = self._namespace.get("__getattr__")  # PEP 562; it knows the new name only
            if make is None:
                raise AttributeError(rule.target_name) from None
        return make(rule.target_name)  # type: ignore[operator]

    def __set__(self, module: "ModuleType", value: object) -> None:
        """Set the canonical object, so that a patch through the legacy name takes effect.

        ``mock.patch`` restores what it found in the module's own namespace, which may be a
        definition that no caller gets any more; then the canonical object is restored.
        """
        rule = self._rule
        if not rule.aliases() or rule.stage == REMOVED:
            self._namespace[rule.name] = value
            shield(type(module))
            return
        if self._displaced and value is self._namespace.get(rule.name):
            value = self._displaced.pop()
        elif rule.name in self._namespace:
            self._displaced.append(self._value())
            del self._displaced[:-MOST_DISPLACED]
        holder = self._holder()
        if holder is None:
            self._namespace[rule.target_name] = value
        else:
            setattr(holder, rule.target_name, value)

    def __delete__(self, module: "ModuleType") -> None:
        """Delete the canonical object, or the name itself if the module's own code answers."""
        rule = self._rule
        holder = self._holder() if rule.aliases() else None
        if holder is not None:
            delattr(holder, rule.target_name)
            return
        name = rule.target_name if rule.aliases() else rule.name
        if name not in self._namespace:
            raise AttributeError(name)
        del self._namespace[name]


class LiveModule:
    """Follows the load of a module with legacy names, legacy children or factories."""

    __slots__ = ("_name", "_rules", "_watch")

    def __init__(self, watch: "Owner", name: str, rules: "Mapping[str, Rule]") -> None:
        self._watch = watch
        self._name = name
        self._rules = rules

    def starting(self, _spec: cpython.ModuleSpec) -> None:
        """Do nothing: the module's own code runs first."""

    def finished(self, _spec: cpython.ModuleSpec) -> None:
        """Set the descriptors on the module, now that it was executed."""
        module = sys.modules.get(self._name)
        if module is not None and self._rules:
            self.watch_module(module)
        self._watch.parents.attach_children(self._name)
        self._watch.was_loaded(self._name)

    def watch_module(self, module: "ModuleType") -> None:
        """Set the descriptors on a loaded module."""
        created = own_class(module)
        namespace = cpython.namespace_of(module)
        if created is None or namespace is None:
            self._watch.notice(
                "blind",
                self._name,
                f'"{self._name}" can\'t be watched: its legacy names stay as they are.',
            )
            return
        for name, rule in self._rules.items():
            held = self._as_it_holds(rule, namespace)
            watch_name(created, name, LegacyName(self._watch, held, namespace), namespace)

    def _as_it_holds(self, rule: "Rule", namespace: "dict[str, object]") -> "Rule":
        """Return a rule, in stage alias if it is observed and the module lacks the name."""
        if rule.name in namespace or "__getattr__" in namespace:
            return rule
        return self._watch.replace_gone(rule, rule.legacy, rule.canonical) or rule
