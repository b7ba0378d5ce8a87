"""Check that this CPython imports as the enforcer expects.

Each check makes the import system do the very thing that is relied upon, with modules that
nobody else knows. Where one fails, aliasing goes on and imports that load a module are still
recorded; what is blind is said.
"""

import sys
from types import ModuleType

from enforcer.imports import bootstrap, bytecode
from enforcer.imports.callers import statement_frame
from enforcer.imports.hooks import hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enforcer.imports.bytecode import ImportStatement

_NAME = "_enforcer_selfcheck"
_PROGRAM = compile(f"import {_NAME}", "<enforcer selfcheck>", "exec")


class _RefusedError(ImportError):
    """Stand for a refusal."""


class _Cached:
    """Take the place of a cached module."""

    refusing = False

    def __init__(self) -> None:
        self.statements: list[ImportStatement | None] = []

    @property
    def __spec__(self) -> object:
        frame = statement_frame(bootstrap.getframe(1), _NAME)
        self.statements.append(bytecode.import_statement(frame))
        if not self.refusing:
            return None
        if not bootstrap.SWALLOWS_ERRORS:
            raise _RefusedError
        spec = bootstrap.ModuleSpec(_NAME, None)
        vars(spec)["_initializing"] = True
        bootstrap.module_locks[_NAME] = _refuse
        return spec


def _refuse() -> object:
    raise _RefusedError


class _Loading:
    """Take the place of a hook, and of a loader."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def create_module(self, spec: bootstrap.ModuleSpec) -> None:
        """Let the import system make the module."""

    def exec_module(self, _module: ModuleType) -> None:
        self.calls.append("exec")

    def starting(self, _spec: bootstrap.ModuleSpec) -> None:
        self.calls.append("starting")

    def finished(self, _spec: bootstrap.ModuleSpec) -> None:
        self.calls.append("finished")


def blind_spots() -> list[str]:
    """Give what can't be seen or done on this CPython, a sentence each."""
    blind = []
    if not _cached_imports_are_seen():
        blind.append("Imports of a module that is loaded already can't be seen here.")
    if not _cached_imports_can_be_refused():
        blind.append("Strict rules can't refuse a module that is loaded already here.")
    if not _loads_are_followed():
        blind.append("Imports that load a module can't be followed here.")
    return blind


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
    finally:
        bootstrap.module_locks.pop(_NAME, None)
    return False


def _run(cached: _Cached) -> None:
    sys.modules[_NAME] = cached  # type: ignore[assignment]
    try:
        exec(_PROGRAM, {"__name__": _NAME, "__builtins__": {"__import__": __import__}})  # noqa: S102 - the program is above
    finally:
        del sys.modules[_NAME]


def _loads_are_followed() -> bool:
    loading = _Loading()
    spec = bootstrap.ModuleSpec(_NAME, loading)  # type: ignore[arg-type]
    hook(spec, loading)
    try:
        bootstrap.load_unlocked(spec)
    finally:
        sys.modules.pop(_NAME, None)
    return loading.calls == ["starting", "exec", "finished"] and type(spec) is bootstrap.ModuleSpec
