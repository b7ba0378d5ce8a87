"""Plain objects that answer for legacy modules and names without the enforcer.

Almost always that is the canonical module itself. If the map says more than "this is that", a
plain module replaces it, whose own ``__getattr__`` (PEP 562) asks the canonical one. Nothing here
counts, and no class of the enforcer is left behind.
"""

import sys
from types import ModuleType

from enforcer.record import Record
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from enforcer.rules.model import Rule

LEFT: "set[str]" = set()
"""The legacy paths with plain entries in a process that stopped watching."""


class Extras(Record):
    """The attributes of a legacy module that its canonical module lacks.

    Attributes:
        renamed: legacy name → canonical name.
        apart: the children that are not those of the canonical package.
        kept: the names that the legacy module's own code answers first: legacy factories.
        own_code: returns that code, executed; None if it is not asked, or is gone.

    """

    renamed: "Mapping[str, str]"
    apart: "AbstractSet[str]"
    kept: "AbstractSet[str]" = frozenset()
    own_code: "Callable[[], ModuleType | None] | None" = None


def plain_module(
    legacy: str, canonical: str, spec: "cpython.ModuleSpec | None", extras: Extras
) -> object:
    """Return the object that ``sys.modules`` gets for a legacy path.

    Args:
        legacy: the legacy path.
        canonical: the canonical one, whose module is loaded.
        spec: the spec of a plain module that replaces the canonical one.
        extras: the attributes that the canonical module lacks.

    """
    module: object = sys.modules[canonical]
    renamed = _left_to_rename(module, extras.renamed)
    if not (renamed or extras.apart or extras.own_code):
        return module
    extras.renamed = renamed
    return _stand_in(legacy, canonical, spec, extras)


def _left_to_rename(module: object, renamed: "Mapping[str, str]") -> "dict[str, str]":
    """Add renamed names to a canonical module; return those that can't be added."""
    namespace = cpython.namespace_of(module)
    left = {}
    for old, new in renamed.items():
        if namespace is None or new not in namespace:
            left[old] = new
        # One step, since another thread may be executing the module.
        elif namespace.setdefault(old, namespace[new]) is not namespace[new]:
            left[old] = new  # the name means something else there
    return left


def _stand_in(
    legacy: str, canonical: str, spec: "cpython.ModuleSpec | None", extras: Extras
) -> ModuleType:
    module = ModuleType(legacy)
    namespace = vars(module)
    # ModuleType sets it to None, which would hide the canonical one from __getattr__.
    del namespace["__doc__"]

    @cpython.as_import_system
    def __getattr__(name: str) -> object:  # noqa: N807 - the module's own
        if name in extras.apart:
            raise _lacking(legacy, name)  # so that _handle_fromlist imports it, and sets it here
        # A legacy factory keeps its own code, whatever canonical has under its name.
        if name in extras.kept and extras.own_code is not None:
            own = extras.own_code()
            if own is not None and hasattr(own, name):
                return getattr(own, name)
        target = _loaded(canonical)
        if name == "__all__":
            return _public(target, extras)
        try:
            return getattr(target, extras.renamed.get(name, name))
        except AttributeError:
            own = None
            # Dunders are asked by the import system, copy and inspect: nobody wants code to run for
            # them.
            if extras.own_code is not None and not name.startswith("__"):
                own = extras.own_code()
            if own is None or not hasattr(own, name):
                raise _lacking(legacy, name) from None
            return getattr(own, name)

    def __dir__() -> "list[str]":  # noqa: N807 - the module's own
        return sorted({*dir(_loaded(canonical)), *extras.renamed, *extras.kept, *namespace})

    target = look_up(cpython.namespace_of(sys.modules.get(canonical)) or {}, "__path__", None)
    if target is not None:
        # The same list: what the canonical package appends later is found here, too.
        namespace["__path__"] = target
    if spec is not None:
        namespace.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent)
    namespace.update(__getattr__=__getattr__, __dir__=__dir__)
    return module


@cpython.as_import_system
def _loaded(canonical: str) -> object:
    module = look_up(sys.modules, canonical, None)
    if module is None:
        cpython.import_by_c(canonical)
        module = sys.modules[canonical]
    return module


def _public(module: object, extras: Extras) -> "list[str]":
    """Return the names that ``from legacy import *`` binds."""
    public = getattr(module, "__all__", None)
    if public is None:
        public = [name for name in dir(module) if not name.startswith("_")]
    return list(dict.fromkeys((*public, *extras.renamed)))


def _lacking(module: str, name: str) -> AttributeError:
    return AttributeError(f"module {module!r} has no attribute {name!r}", name=name)


def add_names(module: object, rules: "Mapping[str, Rule]") -> None:
    """Add legacy names to a module that lives on, if it lacks them.

    A name that it still defines keeps its definition, which its own code uses.

    Args:
        module: the module, executed.
        rules: legacy name → rule.

    """
    namespace = cpython.namespace_of(module)
    if namespace is None:
        return
    lacking = {}
    for name, rule in rules.items():
        if name in namespace:
            continue
        # A name for another name of the same module needs no import.
        is_here = sys.modules.get(rule.target) is module
        if is_here and rule.target_name in namespace:
            namespace[name] = namespace[rule.target_name]
        else:
            lacking[name] = rule
    if lacking:
        _answer(namespace, lacking)


def _answer(namespace: "dict[str, object]", rules: "Mapping[str, Rule]") -> None:
    # The module's own one goes on answering all other names.
    before = namespace.get("__getattr__")

    @cpython.as_import_system
    def __getattr__(name: str) -> object:  # noqa: N807 - the module's own
        rule = rules.get(name)
        if rule is None:
            if before is not None:
                return before(name)  # type: ignore[operator]
            raise _lacking(str(namespace.get("__name__")), name)
        value = getattr(cpython.import_by_c(rule.target), rule.target_name)
        namespace[name] = value  # the next look-up is native
        return value

    namespace["__getattr__"] = __getattr__
