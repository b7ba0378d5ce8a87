"""Check that this CPython imports as the enforcer expects.

Each check makes the import system do exactly what is relied on, with modules that no program
knows. If one fails, aliasing works all the same and imports that load a module are recorded; the
blind spots are reported.
"""

import sys
from types import ModuleType

from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.callers import statement_frame
from enforcer.runtime.imports.hooks import hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from enforcer.runtime.imports.bytecode import ImportStatement

_NAME = "_enforcer_selfcheck"
_CHILD = f"{_NAME}.child"
# An import within `try` is never lazy, in any mode of PEP 810.
_PROGRAM = compile(f"try: import {_NAME}\nfinally: pass", "<enforcer selfcheck>", "exec")


class _RefusedError(ImportError):
    """A refusal, raised by the checks."""


class _Cached:
    """A cached module that records how its spec is read."""

    refusing = False
    initializing = False

    def __init__(self) -> None:
        self.statements: list[ImportStatement | None] = []
        self.readers: list[FrameType] = []

    @property
    def __spec__(self) -> object:
        self.readers.append(cpython.frame_above(1))
        frame = statement_frame(cpython.frame_above(1), _NAME)
        self.statements.append(bytecode.import_statement(frame))
        if self.initializing:
            return _initializing_spec()
        if not self.refusing:
            return None
        if not cpython.SWALLOWS_ERRORS:
            raise _RefusedError
        self.lock = cpython.module_lock(_NAME)
        self.lock.acquire = _refuse  # type: ignore[method-assign]
        return _initializing_spec()


def _initializing_spec() -> cpython.ModuleSpec:
    spec = cpython.ModuleSpec(_NAME, None)
    vars(spec)["_initializing"] = True
    return spec


def _refuse() -> object:
    raise _RefusedError


class _Loading:
    """A loader that also follows its own load, and records both."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def create_module(self, spec: cpython.ModuleSpec) -> None:
        """Return None, so that the import system creates the module."""

    def exec_module(self, _module: ModuleType) -> None:
        self.calls.append("exec")

    def starting(self, _spec: cpython.ModuleSpec) -> None:
        self.calls.append("starting")

    def finished(self, _spec: cpython.ModuleSpec) -> None:
        self.calls.append("finished")


def blind_spots() -> list[str]:
    """Return a sentence for each thing that can't be seen or done on this CPython.

    A check that raises counts as failed: it must not break the import of the program during which
    it runs.
    """
    return [text for holds, text in _CHECKS if not _passes(holds)]


def _passes(holds: "Callable[[], bool]") -> bool:
    try:
        return holds()
    except Exception:  # noqa: BLE001 - the watched program comes first
        return False


def _cached_imports_are_seen() -> bool:
    cached = _Cached()
    _run(cached)
    return [seen and seen.name for seen in cached.statements] == [_NAME]


def _cached_imports_can_be_refused() -> bool:
    cached = _Cached()
    cached.refusing = True
    try:
        _run(cached)
    except _RefusedError:
        return True
    return False


def _waiting_is_seen() -> bool:
    """Check that an import of a module that looks initialising asks for the module's lock."""
    waiting: list[bool] = []
    lock: Any = cpython.module_lock(_NAME)

    def acquire() -> object:
        waiting.append(cpython.is_waiting(cpython.frame_above(1)))
        return type(lock).acquire(lock)

    lock.acquire = acquire
    cached = _Cached()
    cached.initializing = True
    try:
        _run(cached)
    finally:
        del lock.acquire
    return waiting == [True]


def _calls_are_told_apart() -> bool:
    """Check that the frames of an import call show which module it imports."""
    cached = _Cached()
    sys.modules[_NAME] = cached  # type: ignore[assignment]
    try:
        cpython.import_module(_NAME)
    finally:
        del sys.modules[_NAME]
    looks = [cpython.look_of(frame) for frame in cached.readers]
    return [look.f_locals["name"] for look in looks if look is not None] == [_NAME]


def _from_lists_are_told_apart() -> bool:
    """Check that the import of a submodule for a from-import is recognised as such."""
    package, cached = ModuleType(_NAME), _Cached()
    package.__path__ = []
    sys.modules[_NAME] = package
    sys.modules[_CHILD] = cached  # type: ignore[assignment]
    try:
        __import__(_NAME, fromlist=("child",))
    finally:
        del sys.modules[_NAME], sys.modules[_CHILD]
    return _CHILD in map(cpython.from_list_import, cached.readers)


def _run(cached: _Cached) -> None:
    sys.modules[_NAME] = cached  # type: ignore[assignment]
    try:
        exec(_PROGRAM, {"__name__": _NAME, "__builtins__": {"__import__": __import__}})  # noqa: S102 - the program is above
    finally:
        del sys.modules[_NAME]


def _loads_are_followed() -> bool:
    loading = _Loading()
    spec = cpython.ModuleSpec(_NAME, loading)  # type: ignore[arg-type]
    hook(spec, loading)
    try:
        cpython.load_unlocked(spec)
    finally:
        sys.modules.pop(_NAME, None)
    return loading.calls == ["starting", "exec", "finished"] and type(spec) is cpython.ModuleSpec


_CHECKS = (
    (_cached_imports_are_seen, "Imports of a module that is loaded already can't be seen here."),
    (
        _cached_imports_can_be_refused,
        "Strict rules can't refuse a module that is loaded already here.",
    ),
    (_loads_are_followed, "Imports that load a module can't be followed here."),
    (_calls_are_told_apart, "Import calls can't be told from other looks at a module here."),
    (
        _from_lists_are_told_apart,
        "Submodules that a from-import names can't be told from other imports here.",
    ),
    (_waiting_is_seen, "Imports that wait for another thread can't be counted here."),
)
