"""Make a loaded module report its imports, by the class of its spec or by its own.

Each import of a cached module reads ``module.__spec__`` and then ``spec._initializing``, with
the importing frame on top (``import_ensure_initialized``, Python/import.c). The class of the
*spec* is the better place for a property: the module keeps its type and the speed of its
attributes, and code that looks at ``__spec__`` runs nothing. The module's own class is used

- up to 3.11, where ``from m import X`` reads ``_initializing`` twice: ``__path__`` is missing,
  and the message about it, which is discarded, says whether the module is being executed
  (``module_getattro``, Objects/moduleobject.c);
- if a module has no spec, or one whose class can't be changed.
"""

import sys
from _thread import get_ident

from enforcer.recording.counter import FREE_THREADED
from enforcer.runtime.imports import cpython
from enforcer.runtime.imports.class_change import change_class
from enforcer.runtime.imports.cpython import ModuleSpec, getframe
from enforcer.runtime.imports.hooks import own_class_of
from enforcer.runtime.imports.own_class import has_own_class, own_class

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from enforcer.runtime.imports.sites import Sites

    Asked = Callable[["Sites", FrameType, object, object], bool]
    """Counts an import; its arguments are those of ``observed.Observing.asked``."""

BY_SPEC = sys.version_info >= (3, 12)
_MARK = "__enforcer_watched__"
_SPEC = "__spec__"


class _Watched:
    """The state of one watched spec, on its class."""

    __slots__ = ("asked", "own", "sites")

    def __init__(self, own: type[ModuleSpec], asked: "Asked", sites: "Sites") -> None:
        self.own = own
        self.asked = asked
        self.sites = sites


class _Initializing(ModuleSpec):
    """A spec whose module looks as if it was being executed."""

    _initializing = True


def watch(module: "ModuleType", spec: object, asked: "Asked", sites: "Sites") -> bool:
    """Make a module report its imports from now on.

    Args:
        module: the loaded module.
        spec: its spec; if it is reloaded, the one that it is about to get.
        asked: the function that counts.
        sites: the cache of classified instructions.

    Returns:
        Whether the class of the spec or of the module could be changed.

    """
    if has_own_class(module, (_SPEC,)):
        return _watch_module(module, asked, sites)  # an import would be counted twice
    if BY_SPEC and _watch_spec(spec, asked, sites):
        return True
    return _watch_module(module, asked, sites)


def is_watched(module: object, namespace: "dict[str, object]") -> bool:
    """Return whether a module reports its imports; run no code of others."""
    return _watched(namespace.get(_SPEC)) is not None or has_own_class(module, (_SPEC,))


def unwatch_all() -> None:
    """Restore the classes of the specs of all loaded modules."""
    for module in list(sys.modules.values()):
        spec = (cpython.namespace_of(module) or {}).get(_SPEC)
        watched = _watched(spec)
        if watched is not None:
            change_class(spec, watched.own)


def _watched(spec: object) -> _Watched | None:
    watched: _Watched | None = vars(type(spec)).get(_MARK)
    return watched


def _watch_spec(spec: object, asked: "Asked", sites: "Sites") -> bool:
    if not issubclass(type(spec), ModuleSpec):
        return False
    watched = _watched(spec)
    if watched is not None and watched.asked == asked:
        return True  # the spec belongs to several modules, or one module has several paths
    own = own_class_of(spec)  # type: ignore[arg-type]
    if _MARK in vars(own):  # left by a watch that ended
        own = vars(own)[_MARK].own
    members: dict[str, object] = {
        "__module__": own.__module__,
        "__qualname__": own.__qualname__,
        "__reduce_ex__": _reduce,
        "_initializing": _counting_spec(asked, sites),
        _MARK: _Watched(own, asked, sites),
    }
    try:
        change_class(spec, type(own.__name__, (own,), members))
    except Exception:  # noqa: BLE001 - __init_subclass__ of others may raise anything
        return False
    return True


def _reduce(spec: ModuleSpec, protocol: int) -> object:
    # Pickle finds a class by its name, which is that of the class that the spec had. From protocol
    # 2 on it compares the two and refuses, so at most protocol 1 is asked.
    own = vars(type(spec))[_MARK].own
    twin = own.__new__(own)
    vars(twin).update(vars(spec))
    return twin.__reduce_ex__(min(protocol, 1))


def _counting_spec(asked: "Asked", sites: "Sites") -> property:
    def read(spec: ModuleSpec) -> object:
        # The hot path, written out as in Alias.__spec__. C reads spec._initializing right after
        # __spec__, with no Python code between, so the frame above is the importing one.
        try:
            frame = getframe(1)
        except Exception:  # noqa: BLE001 - an audit hook refuses
            frame = cpython.frame_beside(1)
        offset = frame.f_lasti
        try:
            cache = sites.of_thread[get_ident()] if FREE_THREADED else sites
            code, uses = cache.first[offset]
            if code is not frame.f_code:
                uses = cache.others[id(frame.f_code) + offset]
        except KeyError:
            return asked(sites, frame, spec, spec) or cpython.is_initializing_spec(spec)
        next(uses)
        return False

    def write(spec: ModuleSpec, value: object) -> None:
        if value:
            sites.forget()  # a tool executes the module again
        vars(spec)["_initializing"] = value

    return property(read, write)


def _watch_module(module: "ModuleType", asked: "Asked", sites: "Sites") -> bool:
    created = own_class(module)
    namespace = cpython.namespace_of(module)
    if created is None or namespace is None:
        return False
    type.__setattr__(created, _SPEC, _counting_module(namespace, asked, sites))
    return True


def _counting_module(namespace: "dict[str, object]", asked: "Asked", sites: "Sites") -> property:
    def read(module: object) -> object:
        # The hot path, written out as in Alias.__spec__.
        try:
            frame = getframe(1)
        except Exception:  # noqa: BLE001 - an audit hook refuses
            frame = cpython.frame_beside(1)
        offset = frame.f_lasti
        try:
            cache = sites.of_thread[get_ident()] if FREE_THREADED else sites
            code, uses = cache.first[offset]
            if code is not frame.f_code:
                uses = cache.others[id(frame.f_code) + offset]
        except KeyError:
            spec = namespace.get(_SPEC)
            if asked(sites, frame, module, spec) and _SPEC in namespace:
                return _initializing(spec)
        else:
            next(uses)
        if _SPEC in namespace:
            return namespace[_SPEC]
        raise AttributeError(_SPEC)  # CPython replaces it by the module's own message

    def write(_module: object, value: object) -> None:
        namespace[_SPEC] = value

    def delete(module: object) -> None:
        if namespace.pop(_SPEC, namespace) is namespace:
            message = f"{type(module).__name__!r} object has no attribute {_SPEC!r}"
            raise AttributeError(message)

    return property(read, write, delete)


def _initializing(spec: object) -> _Initializing:
    """Return a spec that makes C acquire the module's lock."""
    asking = _Initializing.__new__(_Initializing)
    if issubclass(type(spec), ModuleSpec):
        vars(asking).update(vars(spec))
        vars(asking).pop("_initializing", None)
    return asking
