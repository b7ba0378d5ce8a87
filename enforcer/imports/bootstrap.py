"""Name the parts of CPython's import system that the enforcer leans on.

All of it is in ``Lib/importlib/_bootstrap.py`` of 3.11 to 3.15, and is probed before it is
relied upon (``selfcheck``):

- ``_find_and_load(name, …)`` runs for each import of a module that isn't loaded, and for each
  ``import_module``; it returns without asking anybody once the module is there.
- ``_find_and_load_unlocked`` imports the parent first, then asks ``_find_spec``.
- ``_handle_fromlist`` imports the submodules that a from-import names.
- ``_load_unlocked`` sets ``spec._initializing`` to true before it executes a module, and to
  false afterwards, whatever happened.
- ``_module_locks`` maps a module's name to a callable that gives its lock, or None;
  ``_get_module_lock`` calls it while it holds the global import lock.
- ``_HierarchicalLockManager``, from 3.15 on, takes the locks of a missing module's packages
  first, and looks at the specs of those that are loaded.
- ``_lock_unlock_module`` waits for another thread that executes a module; it knows deadlocks.

C code reads ``module.__spec__`` on each import of a cached module, then
``spec._initializing`` (``import_ensure_initialized``, Python/import.c). Up to 3.12 it discards
an exception that this raises; where the answer is true it calls ``_lock_unlock_module``.
"""

import _frozen_importlib
import _imp
import sys
import types
from _frozen_importlib import ModuleSpec as ModuleSpec  # noqa: PLC0414 - an export
from gc import get_referents

from enforcer.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., object])

_bootstrap: "Any" = _frozen_importlib

getframe = sys._getframe

SWALLOWS_ERRORS = sys.version_info < (3, 13)
"""Whether C discards an exception raised while it reads ``__spec__``."""


def _code(path: str) -> object:
    """Give a function's code, or None on a CPython that does without the function."""
    found: object = _bootstrap
    for name in path.split("."):
        found = getattr(found, name, None)
    return getattr(found, "__code__", None)


# An alias imports a submodule that a from-import asks it for.
_ALIASES = ("enforcer.imports.alias", "enforcer.imports.alias_link")
_LAZY = sys.version_info >= (3, 15)
_LAZY_TYPE: type | None = getattr(types, "LazyImportType", None)
_FIND_AND_LOAD = _code("_find_and_load")
_FIND_AND_LOAD_UNLOCKED = _code("_find_and_load_unlocked")
_FIND_SPEC = _code("_find_spec")
_FRAMES_REMOVED = _code("_call_with_frames_removed")
_GCD_IMPORT = _code("_gcd_import")
_HANDLE_FROMLIST = _code("_handle_fromlist")
_IMPORT = _code("__import__")
_LOCK_CHAIN = _code("_HierarchicalLockManager.__enter__")
_LOAD_UNLOCKED = _code("_load_unlocked")
_LOCK_UNLOCK = _code("_lock_unlock_module")

_NAMESPACE: "Any" = vars(types.ModuleType)["__dict__"]

_INITIALISERS = tuple(
    getattr(_imp, name, None)
    for name in ("create_dynamic", "exec_dynamic", "create_builtin", "exec_builtin")
)

import_module: "Callable[[str], object]" = _bootstrap._gcd_import
module_from_spec = _bootstrap.module_from_spec
load_unlocked = _bootstrap._load_unlocked
module_lock = _bootstrap._ModuleLockManager
new_lock: "Callable[[str], object]" = _bootstrap._ModuleLock
module_locks: "dict[str, Callable[[], object]]" = _bootstrap._module_locks
DeadlockError: type[Exception] = _bootstrap._DeadlockError
wait_for: "Callable[[str], None]" = _bootstrap._lock_unlock_module
acquire_global_lock = _imp.acquire_lock
release_global_lock = _imp.release_lock


def as_import_system(function: "F") -> "F":
    """Mark a function that may be running below an import as the import system's own.

    CPython removes frames of this name from the traceback of a failed import
    (``remove_importlib_frames``, Python/import.c), and ``warnings.warn(stacklevel=…)`` passes
    over them (``is_internal_frame``, Python/_warnings.c): the caller's line is what people see.
    """
    function.__code__ = function.__code__.replace(co_filename=_FIND_AND_LOAD.co_filename)  # type: ignore[attr-defined]
    return function


def trimmed(error: BaseException) -> BaseException:
    """Return an error without its traceback, if the enforcer raised it.

    A property that C calls lets it pass, and its own frame is the only one that is left.
    """
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    name = "" if innermost is None else str(innermost.tb_frame.f_globals["__name__"])
    return error.with_traceback(None) if name.startswith("enforcer.") else error


def replaced_find_and_load() -> object | None:
    """Give what another tool put in the place of ``_find_and_load``; None if it did not."""
    now = vars(_bootstrap).get("_find_and_load")
    return None if getattr(now, "__code__", None) is _FIND_AND_LOAD else now


def is_find_and_load(frame: "FrameType") -> bool:
    """Tell whether a frame is the import system's own look at one module."""
    return frame.f_code is _FIND_AND_LOAD


def is_from_list(frame: "FrameType | None") -> bool:
    """Tell whether a frame looks for the names of a from-import on a package."""
    return frame is not None and frame.f_code is _HANDLE_FROMLIST


def is_waiting(frame: "FrameType | None") -> bool:
    """Tell whether a frame waits for a module that another thread executes."""
    return frame is not None and frame.f_code is _LOCK_UNLOCK


def imports_in_progress(frame: "FrameType | None", name: str) -> "Iterator[FrameType]":
    """Walk outwards through the imports of one module that this thread is in."""
    while frame is not None:
        if frame.f_code is _FIND_AND_LOAD and frame.f_locals.get("name") == name:
            yield frame
        frame = frame.f_back


def is_loading(frame: "FrameType | None") -> bool:
    """Tell whether a frame lies just below the loading of a module."""
    for _ in range(8):  # a wrapped loader puts its own frames in between
        if frame is None:
            return False
        if frame.f_code is _LOAD_UNLOCKED:
            return True
        frame = frame.f_back
    return False


def importer(frame: "FrameType") -> "FrameType | None":
    """Give the frame for which ``_find_and_load`` runs, past the import system's own calls."""
    above = frame.f_back
    while above is not None and (
        above.f_code is _GCD_IMPORT
        or (above.f_code is _FRAMES_REMOVED and extension_spec(above) is None)
        or above.f_globals.get("__name__") in _ALIASES
    ):
        above = above.f_back
    return above


def is_top_of_import(loading: "FrameType") -> bool:
    """Tell whether ``importlib.__import__`` only fetches the top package of what it imported."""
    gcd_import = loading.f_back
    call = gcd_import.f_back if gcd_import is not None else None
    return call is not None and call.f_code is _IMPORT and "module" in call.f_locals


def import_module_call(loading: "FrameType") -> "FrameType | None":
    """Give the frame that called ``importlib.import_module``, if that is what runs."""
    gcd_import = loading.f_back
    if gcd_import is None or gcd_import.f_code is not _GCD_IMPORT:
        return None
    call = gcd_import.f_back
    return call.f_back if call is not None and is_import_module(call) else None


def is_import_module(frame: "FrameType") -> bool:
    """Tell whether a frame is a call of ``importlib.import_module``."""
    is_named_so = frame.f_code.co_name == "import_module"
    return is_named_so and look_up(frame.f_globals, "__name__", None) == "importlib"


def is_parent_import(frame: "FrameType | None") -> bool:
    """Tell whether a frame imports a package because its child is imported."""
    return frame is not None and frame.f_code is _FIND_AND_LOAD_UNLOCKED


def called_import(frame: "FrameType") -> tuple[str, "FrameType | None"] | None:
    """Give what the import system imports through ``_call_with_frames_removed``.

    Returns:
        The module's name and the frame of the import system that wants it; None for
        any other frame.

    """
    if frame.f_code is not _FRAMES_REMOVED:
        return None
    (name, *_) = frame.f_locals.get("args") or ("",)
    # An extension that is initialised has the same frame above it, called with its spec or module.
    return (name, frame.f_back) if issubclass(type(name), str) else None


def is_anybodys(frame: "FrameType") -> bool:
    """Return whether one instruction of the import system runs on behalf of many modules."""
    return frame.f_code is _FRAMES_REMOVED


def extension_spec(frame: "FrameType") -> ModuleSpec | None:
    """Return the spec of the module written in C that a frame initialises, or None.

    Such a module imports with the import system's own frame above it.
    """
    if frame.f_code is not _FRAMES_REMOVED:
        return None
    call = frame.f_locals.get("f")
    (subject, *_) = frame.f_locals.get("args") or (None,)
    if not any(call is initialise for initialise in _INITIALISERS):
        return None
    spec = subject
    if not isinstance(subject, ModuleSpec):  # the second phase is called with the module
        spec = (namespace_of(subject) or {}).get("__spec__")
    return spec if isinstance(spec, ModuleSpec) else None


def is_reading_spec(frame: "FrameType") -> bool:
    """Tell whether a frame looks at a package's spec for the import system's own use."""
    return frame.f_code in (_FIND_AND_LOAD_UNLOCKED, _FIND_SPEC, _LOCK_CHAIN)


def is_initializing_spec(spec: object) -> bool:
    """Tell whether a spec says that some thread is still executing its module."""
    if isinstance(spec, ModuleSpec):
        # Not by asking a spec that is watched, which would count.
        return bool(vars(spec).get("_initializing", False))
    return bool(getattr(spec, "_initializing", False))


def is_initializing(module: object) -> bool:
    """Tell whether some thread is still executing a module."""
    return is_initializing_spec(getattr(module, "__spec__", None))


def is_pending(path: str) -> bool:
    """Tell whether a package loads a submodule when asked for it, as a lazy import named it."""
    return path in getattr(sys, "lazy_modules", ())


def has_lazy_imports(namespace: "dict[str, object]") -> bool:
    """Tell whether a namespace holds imports that were not made yet (PEP 810)."""
    return _LAZY_TYPE is not None and any(type(value) is _LAZY_TYPE for value in namespace.values())


def namespace_of(module: object) -> "dict[str, object] | None":
    """Give a module's namespace without reifying lazy imports in it.

    From 3.15 on reading ``module.__dict__`` reifies whatever is lazy in it (PEP 810), so the
    dictionary is taken from the module's own references (``module_traverse``).

    Returns:
        The dictionary, or None for an object that has none.

    """
    if not issubclass(type(module), types.ModuleType):
        try:
            found: dict[str, object] | None = getattr(module, "__dict__", None)
        except Exception:  # noqa: BLE001 - what a program puts in sys.modules may refuse anything
            return None
        return found
    if _LAZY:
        for referent in get_referents(module):
            if type(referent) is dict and "__name__" in referent:
                return referent
    # Past the module's own class, whose __getattribute__ may refuse.
    own: dict[str, object] = _NAMESPACE.__get__(module)
    return own
