"""The parts of CPython's import system that the enforcer relies on, each named once.

All of it is in ``Lib/importlib/_bootstrap.py`` of 3.11 to 3.15, and ``self_check`` probes it
before it is relied on. C code calls the first four functions by their names (Python/import.c),
so they stay when the functions around them change:

- ``_find_and_load(name, import_)`` runs for each import of a module that isn't loaded, and for
  each ``import_module``. From 3.14 on it calls itself if the module was removed meanwhile.
- ``_handle_fromlist`` imports the submodules that a from-import names; ``from_name`` is the
  submodule's full name.
- ``_lock_unlock_module`` waits for another thread that executes a module; it detects deadlocks.
- ``_get_module_lock(name)`` returns the lock of a module. The import system refers to the lock
  weakly, so it lives as long as other code refers to it.
- ``_load_unlocked`` sets ``spec._initializing`` to true before it executes a module, and to
  false afterwards, even after an error. Only the probe calls it.

Every other function of the import system is recognised by its globals, and by its local variable
``name``, the module that it imports.

C code reads ``module.__spec__`` on each import of a cached module, then
``spec._initializing`` (``import_ensure_initialized``, Python/import.c). If the value is true, it
calls ``_lock_unlock_module``. Up to 3.12 it discards an exception that one of these reads raises.
"""

import _frozen_importlib
import _imp
import sys
import types
from _frozen_importlib import ModuleSpec as ModuleSpec  # noqa: PLC0414 - an export
from _functools import partial
from gc import get_referents

from enforcer.runtime.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, Protocol, TypeVar

    from enforcer.runtime.imports.bytecode import LazyStatement

    class ModuleLock(Protocol):
        """The lock of one module; its methods are looked up for each call."""

        def acquire(self) -> object:
            """Wait for the lock; raise a RuntimeError where threads wait in a circle."""

        def release(self) -> None:
            """Release the lock."""

    F = TypeVar("F", bound=Callable[..., object])

_bootstrap: "Any" = _frozen_importlib

# Bound at import: a program may replace sys._getframe, and a global is the faster look-up.
getframe = sys._getframe

SWALLOWS_ERRORS = sys.version_info < (3, 13)
"""Whether C discards an exception raised while it reads ``__spec__``."""

WAITS_APART = sys.version_info >= (3, 15)
"""Whether ``_find_and_load`` locks a module that it found once to wait, and again to load it.

It also continues with the partially executed module if threads would wait for each other in a
circle.
"""


def _code(name: str) -> object:
    """Return a function's code, or None if this CPython lacks the function."""
    return getattr(getattr(_bootstrap, name, None), "__code__", None)


# Modules whose frames are passed over like the import system's: an alias imports a submodule that
# a from-import asks it for, on behalf of that statement.
_ALIASES = ("enforcer.runtime.imports.alias", "enforcer.runtime.imports.alias_link")
_LAZY = sys.version_info >= (3, 15)
LAZY_TYPE: type | None = getattr(types, "LazyImportType", None)
"""The type of the placeholder that a lazy import binds to a name (PEP 810), from 3.15 on."""

_GLOBALS = vars(_bootstrap)
_FIND_AND_LOAD = _code("_find_and_load")
_FILE = getattr(_FIND_AND_LOAD, "co_filename", "<frozen importlib._bootstrap>")
_HANDLE_FROMLIST = _code("_handle_fromlist")
_LOCK_UNLOCK = _code("_lock_unlock_module")

# The getset descriptor reads md_dict of a module, past any __getattribute__ of a subclass.
_NAMESPACE: "Any" = vars(types.ModuleType)["__dict__"]

# C functions that _call_with_frames_removed calls to create and execute an extension or built-in
# module. They tell the frame of such a call from all other frames of the import system.
_INITIALISERS = tuple(
    getattr(_imp, name, None)
    for name in ("create_dynamic", "exec_dynamic", "create_builtin", "exec_builtin")
)

RETRIES = "_find_and_load" in getattr(_FIND_AND_LOAD, "co_names", ())
"""Whether an import is retried if the load that it waited for failed, from 3.14 on.

Both ways retry: ``_find_and_load``, which calls itself, and C
(``PyImport_ImportModuleLevelObject``, Python/import.c).
"""

# With a fromlist, __import__ returns the module itself, not its top package. This is
# importlib.__import__: even if builtins.__import__ was replaced, the import runs through
# _find_and_load, whose callers can be told apart.
import_module: "Callable[[str], object]" = partial(_bootstrap.__import__, fromlist=("__name__",))
# The built-in __import__ is C and leaves no frame below a module's body. If threads would wait for
# each other in a circle, it continues with the partially executed module (_lock_unlock_module
# catches _DeadlockError); up to 3.14 import_module raises.
import_by_c: "Callable[[str], object]" = partial(__import__, fromlist=("__name__",))
module_from_spec = _bootstrap.module_from_spec
load_unlocked = _bootstrap._load_unlocked
module_lock: "Callable[[str], ModuleLock]" = _bootstrap._get_module_lock
acquire_global_lock = _imp.acquire_lock
release_global_lock = _imp.release_lock


def as_import_system(function: "F") -> "F":
    """Mark a function that may run below an import as the import system's own code.

    CPython removes frames of this name from the traceback of a failed import
    (``remove_importlib_frames``, Python/import.c), and ``warnings.warn(stacklevel=…)`` passes
    over them (``is_internal_frame``, Python/_warnings.c): the caller's line is what people see.
    """
    function.__code__ = function.__code__.replace(co_filename=_FILE)
    return function


def trimmed(error: BaseException) -> BaseException:
    """Return an error without its traceback if the enforcer raised it.

    The property that C calls raises it again, so that property's frame is the only one left.
    """
    return error.with_traceback(None) if raised_here(error) else error


def raised_here(error: BaseException) -> bool:
    """Return whether code of the enforcer raised an error, or C code that it called."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    name = "" if innermost is None else str(innermost.tb_frame.f_globals.get("__name__"))
    return name.startswith("enforcer.")


def cut(error: BaseException) -> None:
    """Remove the enforcer's inner frames from the traceback of an error that it raised.

    Called where the error leaves the enforcer: the first frame there is the enforcer's, and stays.
    Frames that have a frame of the program below them stay too, such as those around a canonical
    ``__init__``.
    """
    last = step = error.__traceback__
    while step is not None:
        if not str(step.tb_frame.f_globals.get("__name__")).startswith("enforcer."):
            last = step
        step = step.tb_next
    if last is not None:
        last.tb_next = None


def replaced_find_and_load() -> object | None:
    """Return the object that replaced ``_find_and_load``, or None if nothing did."""
    now = vars(_bootstrap).get("_find_and_load")
    return None if getattr(now, "__code__", None) is _FIND_AND_LOAD else now


def is_import_system(frame: "FrameType | None") -> bool:
    """Return whether a frame runs the import system's own code, and no extension module's."""
    return frame is not None and frame.f_globals is _GLOBALS and extension_spec(frame) is None


def is_from_list(frame: "FrameType | None") -> bool:
    """Return whether a frame looks for the names of a from-import on a package."""
    return frame is not None and frame.f_code is _HANDLE_FROMLIST


def from_list_import(frame: "FrameType | None") -> str | None:
    """Return the submodule that a frame imports for the names of a from-import, or None."""
    if frame is None or not is_import_system(frame) or not is_from_list(frame.f_back):
        return None
    return str(frame.f_back.f_locals.get("from_name", ""))  # type: ignore[union-attr]


def is_waiting(frame: "FrameType") -> bool:
    """Return whether a frame waits for a module that another thread executes."""
    return frame.f_code is _LOCK_UNLOCK


def is_own_read(frame: "FrameType") -> bool:
    """Return whether the import system reads a package's spec for its own purposes in a frame."""
    return is_import_system(frame) and look_of(frame) is None and from_list_import(frame) is None


def look_of(frame: "FrameType") -> "FrameType | None":
    """Return the frame of ``_find_and_load`` on whose behalf a frame reads a module's spec.

    Up to 3.14 ``_find_and_load`` reads it itself; from 3.15 on it passes the module to
    ``_is_initializing``. Functions that it passes the name to read specs of packages for their
    own purposes.
    """
    if frame.f_code is _FIND_AND_LOAD:
        return frame
    above = frame.f_back
    if above is None or above.f_code is not _FIND_AND_LOAD or "name" in frame.f_code.co_varnames:
        return None
    return above


def passing(frame: "FrameType") -> "FrameType | None":
    """Return the frame of ``_find_and_load`` on whose behalf a frame uses the module's lock.

    Up to 3.14 the frame of a context manager (``_ModuleLockManager``) is in between.
    """
    if frame.f_code is _FIND_AND_LOAD:
        return frame
    above = frame.f_back
    if above is None or above.f_code is not _FIND_AND_LOAD or is_waiting(frame):
        return None
    return above


def is_retry(loading: "FrameType") -> bool:
    """Return whether ``_find_and_load`` runs again because the module that it read was removed."""
    return loading.f_back is not None and loading.f_back.f_code is _FIND_AND_LOAD


def imports_in_progress(frame: "FrameType | None", name: str) -> "Iterator[FrameType]":
    """Yield the frames of this thread's imports of one module, the innermost first."""
    while frame is not None:
        # f_locals is a snapshot up to 3.12 and a proxy from 3.13 on (PEP 667); it is only read.
        if frame.f_code is _FIND_AND_LOAD and frame.f_locals.get("name") == name:
            yield frame
        frame = frame.f_back


def importer(loading: "FrameType", path: str) -> "FrameType | None":
    """Return the frame for which ``_find_and_load`` runs, past the import system's own frames.

    Returns:
        The frame of the program, or the frame of the import system that imports the module for
        a from-import or on the way to a module below it.

    """
    above = loading.f_back
    while above is not None:
        if is_import_system(above):
            if above.f_code is _HANDLE_FROMLIST or is_for_child(above, path):
                return above
        elif above.f_globals.get("__name__") not in _ALIASES:
            return above
        above = above.f_back
    return None


def import_module_call(loading: "FrameType") -> "FrameType | None":
    """Return the frame that called ``importlib.import_module``, or None for other imports."""
    call = loading.f_back
    if call is None or call.f_globals is not _GLOBALS:
        return None
    call = call.f_back
    return call.f_back if call is not None and is_import_module(call) else None


def is_import_module(frame: "FrameType") -> bool:
    """Return whether a frame is a call of ``importlib.import_module``."""
    is_named_so = frame.f_code.co_name == "import_module"
    return is_named_so and look_up(frame.f_globals, "__name__", None) == "importlib"


def is_for_child(frame: "FrameType | None", path: str) -> bool:
    """Return whether the import system imports a package on the way to a module below it.

    It does so before it loads that module. ``importlib.__import__`` does so afterwards, for the top
    package that it returns, which may be the module itself.
    """
    if frame is None or frame.f_globals is not _GLOBALS:
        return False
    known = frame.f_locals
    wanted = str(known.get("name", ""))
    if wanted == path:
        return "fromlist" in known and "module" in known
    return wanted.startswith(f"{path}.")


def is_anybodys(frame: "FrameType") -> bool:
    """Return whether one instruction of a frame imports for many modules (the import system's)."""
    return frame.f_globals is _GLOBALS


def extension_spec(frame: "FrameType | LazyStatement") -> ModuleSpec | None:
    """Return the spec of the extension module that a frame initialises, or None.

    While an extension module is initialised, C has no frame: the innermost one is the import
    system's ``_call_with_frames_removed``, whose parameter ``f`` is the C function.
    """
    if frame.f_globals is not _GLOBALS or "f" not in frame.f_code.co_varnames:
        return None
    known: dict[str, Any] = frame.f_locals  # type: ignore[union-attr]
    call = known.get("f")
    (subject, *_) = known.get("args") or (None,)
    if not any(call is initialise for initialise in _INITIALISERS):
        return None
    spec = subject
    if not isinstance(subject, ModuleSpec):  # exec_dynamic and exec_builtin get the module
        spec = (namespace_of(subject) or {}).get("__spec__")
    return spec if isinstance(spec, ModuleSpec) else None


class _Here(Exception):  # noqa: N818 - no error
    """Raised for its traceback."""


@as_import_system
def frame_beside(depth: int) -> "FrameType":
    """Return a frame above the caller's, as ``sys._getframe`` does, without its audit event.

    An audit hook may refuse the event by raising, and an import must not fail because of that. A
    traceback has the frame as well, at about three times the cost.
    """
    try:
        raise _Here  # noqa: TRY301 - for the traceback
    except _Here as error:
        frame: FrameType = error.__traceback__.tb_frame  # type: ignore[union-attr]
    for _ in range(depth + 1):
        frame = frame.f_back  # type: ignore[assignment]
    return frame


@as_import_system
def frame_above(depth: int) -> "FrameType":
    """Return a frame above the caller's, even if an audit hook refuses ``sys._getframe``."""
    try:
        return getframe(depth + 1)
    except ValueError:
        raise  # there are not as many frames
    except Exception:  # noqa: BLE001 - an audit hook refuses
        return frame_beside(depth + 1)


@as_import_system
def import_if_there(name: str) -> bool:
    """Import a module unless it or one of its packages does not exist.

    Returns:
        Whether the module exists.

    """
    try:
        import_by_c(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
        return False
    return True


def is_initializing_spec(spec: object) -> bool:
    """Return whether a spec's module is being executed by some thread."""
    if isinstance(spec, ModuleSpec):
        # Read from the dictionary: the attribute of a watched spec is a property that counts.
        return bool(vars(spec).get("_initializing", False))
    return bool(getattr(spec, "_initializing", False))


def is_initializing(module: object) -> bool:
    """Return whether some thread is still executing a module."""
    return is_initializing_spec(getattr(module, "__spec__", None))


def is_pending(path: str) -> bool:
    """Return whether a package loads a submodule on demand, promised by ``lazy import a.b``."""
    return path in getattr(sys, "lazy_modules", ())


def has_lazy_imports(namespace: "dict[str, object]") -> bool:
    """Return whether a namespace has imports that were not made yet (PEP 810)."""
    return LAZY_TYPE is not None and any(
        type(value) is LAZY_TYPE for value in list(namespace.values())
    )


def namespace_of(module: object) -> "dict[str, object] | None":
    """Return a module's namespace without resolving lazy imports in it.

    From 3.15 on reading ``module.__dict__`` resolves every lazy import in it (PEP 810). The
    garbage collector's view of the module has the dictionary too (``module_traverse``,
    Objects/moduleobject.c), without side effects.

    Returns:
        The dictionary, or None for an object that has none.

    """
    if not issubclass(type(module), types.ModuleType):
        try:
            found: dict[str, object] | None = getattr(module, "__dict__", None)
        except Exception:  # noqa: BLE001 - an object in sys.modules may raise anything here
            return None
        return found
    if _LAZY:
        for referent in get_referents(module):
            if type(referent) is dict and "__name__" in referent:
                return referent
    # A class derived from ModuleType may have a __getattribute__ of its own.
    own: dict[str, object] = _NAMESPACE.__get__(module)
    return own
