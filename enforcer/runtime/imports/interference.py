"""Detect changes by other code that hide imports from the enforcer.

Another tool may replace ``__import__``, empty ``sys.meta_path``, or put an object of its own in
place of a legacy module. Uses then go unseen, which has to be reported. Nothing is repaired here:
the change may be intended.

This runs in the reporter's thread, beside the program. So it imports nothing, and reads only what
runs no code of others: exact types, and dictionaries taken from a module's references. A process
that met no legacy module loads this module before its first line, and nothing else of the import
part: functions that need more import it once there is a watch, which has loaded it.
"""

import builtins
import sys
from gc import get_referents
from time import sleep

from enforcer.recording.notice import Notice
from enforcer.rules.stages import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

    from enforcer.rules.model import MigrationMap, Rule
    from enforcer.runtime.imports.watch import Watch
else:
    # The modules "types" and "importlib.machinery" would be much to load for five names.
    BuiltinFunctionType = type(len)
    FunctionType = type(lambda: None)
    MethodType = type(Notice("", "", "").__init__)
    ModuleSpec = type(sys.__spec__)
    ModuleType = type(sys)

SETTLING = 0.05
"""How long a fault has to last to be reported, in seconds: a load that is about to end is none."""

_FINDER_GONE = (
    "The enforcer's finder is gone from sys.meta_path: legacy modules that are loaded without "
    "it are neither aliased nor seen."
)
_CALLS = "Imports that it does not pass on to the original are not seen."


def interference(
    migration_map: "MigrationMap",
    finder: object,
    watch: "Watch | None",
    known: "Container[tuple[str, str]]" = frozenset(),
) -> list[Notice]:
    """Return a notice of kind ``blind`` for each change that hides imports now.

    Args:
        migration_map: what is watched.
        finder: the finder that should be in ``sys.meta_path``.
        watch: the watch of this process; None until a legacy module was imported.
        known: kinds and subjects of the notices that exist already.

    """
    try:
        found = dict(_all(migration_map, finder, watch))
        for subject in list(found):
            if ("blind", subject) in known or ("missing", subject) in known:
                del found[subject]
        if found:
            sleep(SETTLING)
            still = dict(_all(migration_map, finder, watch))
            found = {subject: still[subject] for subject in found if subject in still}
    except Exception:  # noqa: BLE001 - objects of others may raise anything; the next check may not
        return []
    return [Notice("blind", subject, text) for subject, text in found.items()]


def _all(
    migration_map: "MigrationMap", finder: object, watch: "Watch | None"
) -> "Iterator[tuple[str, str]]":
    yield from _functions()
    ahead = _ahead(finder)
    if ahead is None:
        yield "sys.meta_path", _FINDER_GONE
    outline = migration_map.outline
    # dict.copy() is one operation in C, so the program's threads may import meanwhile.
    for name, module in sys.modules.copy().items():
        is_name = issubclass(type(name), str)  # programs use keys of other types, too
        if is_name and module is not None and outline.speaks_of(name):
            yield from _module(migration_map, watch, name, module, ahead or ())
    if watch is not None:
        yield from _loads()
        yield from _packages(watch)


def _functions() -> "Iterator[tuple[str, str]]":
    statement = builtins.__import__
    own = type(statement) is BuiltinFunctionType and statement.__self__ is builtins
    if not own or statement.__name__ != "__import__":
        yield "__import__", f"__import__ was replaced by {_described(statement)}. {_CALLS}"
    importlib = sys.modules.get("importlib")
    namespace = _namespace(importlib)
    if "import_module" in namespace:
        call = namespace["import_module"]
        if type(call) is not FunctionType or call.__globals__ is not namespace:
            name = "importlib.import_module"
            yield name, f"{name} was replaced by {_described(call)}. {_CALLS}"


def _loads() -> "Iterator[tuple[str, str]]":
    from enforcer.runtime.imports.cpython import replaced_find_and_load

    loads = replaced_find_and_load()
    if loads is not None:
        name = "importlib._bootstrap._find_and_load"
        yield name, f"{name} was replaced by {_described(loads)}. {_CALLS}"


def _ahead(finder: object) -> list[str] | None:
    """Return the finders before the enforcer's; None if the enforcer's is gone."""
    ahead: list[str] = []
    for other in tuple(sys.meta_path):
        if other is finder:
            return ahead
        ahead.append(_described(other))
    return None


def _module(
    migration_map: "MigrationMap",
    watch: "Watch | None",
    name: str,
    module: object,
    ahead: "Sequence[str]",
) -> "Iterator[tuple[str, str]]":
    """Describe what is wrong with a loaded module that the map names."""
    if _is_loading(module):
        return
    names = migration_map.names_in(name)
    if names and not (watch is not None and _has_own_class(module, names)):
        listed = ", ".join(f'"{name}:{one}"' for one in names)
        yield name, f"{listed}: not seen, because {_reason(module, ahead)}."
    # If the module on one side of a rule is gone, the watch has the rule in another stage.
    rule = watch.match(name) if watch is not None else migration_map.match(name)
    if rule is not None and not _is_watched(watch, rule, name, module):
        yield name, f'Imports of "{name}" are not seen, because {_reason(module, ahead)}.'


def _is_watched(watch: "Watch | None", rule: "Rule", name: str, module: object) -> bool:
    link = watch.links.get(name) if watch is not None else None
    if link is None or link.module is not module or rule.stage == REMOVED:
        return False
    return rule.aliases() or _is_counted(module)


def _is_counted(module: object) -> bool:
    from enforcer.runtime.imports.spec_class import is_watched

    return is_watched(module, _namespace(module))


def _has_own_class(module: object, names: "Iterable[str]") -> bool:
    from enforcer.runtime.imports.own_class import has_own_class

    return has_own_class(module, names)


def _reason(module: object, ahead: "Sequence[str]") -> str:
    """Explain why a loaded module may not be watched."""
    if issubclass(type(module), ModuleType) and not _namespace(module).get("__spec__"):
        if not _is_empty(module):
            return _instead(_described(module))
        return _instead("an empty module, as C code makes with PyImport_AddModule(),")
    if type(module) is not ModuleType:
        return _instead(_described(module))
    if ahead:
        return f"it was loaded past the enforcer; asked before it were: {', '.join(ahead)}"
    return "it was loaded past the enforcer, or its class or its spec was replaced"


def _instead(what: str) -> str:
    return f"{what} stands in its place in sys.modules"


def _packages(watch: "Watch") -> "Iterator[tuple[str, str]]":
    """Find packages that no longer report fetches of a legacy module."""
    for link in list(watch.links.values()):
        package, _, child = link.legacy.rpartition(".")
        holder = sys.modules.get(package)
        if holder is None or _is_loading(holder) or watch.links.get(package) is not None:
            continue
        present = _namespace(holder).get(child)
        if present is None or present is not link.module:
            continue
        if not _has_own_class(holder, (child,)):
            statement = f'"from {package} import {child}"'
            yield link.legacy, f'{statement} is not seen: the class of "{package}" was replaced.'


def _namespace(module: object) -> "dict[str, object]":
    """Return a module's dictionary without asking the module, which might resolve lazy imports."""
    if issubclass(type(module), ModuleType):
        for referent in get_referents(module):
            if type(referent) is dict and "__name__" in referent:
                return referent
    return {}


def _is_loading(module: object) -> bool:
    spec = _namespace(module).get("__spec__")
    return issubclass(type(spec), ModuleSpec) and bool(
        object.__getattribute__(spec, "__dict__").get("_initializing")
    )


def _is_empty(module: object) -> bool:
    return all(name.startswith("__") for name in _namespace(module))


def _described(value: object) -> str:
    """Describe an object without running code of its class."""
    if type(value) is MethodType:
        return _described(value.__func__)
    if type(value) is FunctionType:
        # functools.wraps copies the names of the wrapped function; the code keeps its own.
        return f"{value.__globals__.get('__name__')}.{value.__code__.co_qualname}()"
    if type(value) is ModuleType:
        return "another module"
    kind = value if issubclass(type(value), type) else type(value)
    module = type.__dict__["__module__"].__get__(kind)
    # A class of modules may have a property of that name.
    where = f"{module}." if type(module) is str else ""
    return f"{where}{type.__dict__['__qualname__'].__get__(kind)}"
