"""Classify an attribute fetch from a module: import, read or probe."""

from _thread import _local

from enforcer.recording.use import ATTRIBUTE, IMPORT_STATEMENT, PROBE
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.callers import Caller, module_name
from enforcer.runtime.imports.lazy import lazy_fetch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from enforcer.runtime.imports.callers import Ownership

_MOST_READS = 100
_ASKING = frozenset({"hasattr", "getattr_static"})
# Modules that replace an attribute by its dotted path → their functions that fetch for that.
_PATCHING = {
    "_pytest.monkeypatch": ("resolve", "annotated_getattr"),
    "unittest.mock": ("get_original",),
}


def fetching(frame: "FrameType") -> "FrameType":
    """Return the frame that fetches a name, past a ``__getattribute__`` of the module's class."""
    while frame.f_code.co_name == "__getattribute__" and frame.f_back is not None:
        frame = frame.f_back
    return frame


def fetch(
    frame: "FrameType", package: str, name: str, exported: object, ownership: "Ownership"
) -> Caller | None:
    """Classify a fetch of one name from a module.

    Args:
        frame: the frame that fetches.
        package: the module it fetches from.
        name: the name it fetches.
        exported: the module's ``__all__``, or None; a star import uses the names in it.
        ownership: classifies files as own or third-party code.

    Returns:
        The caller, with mechanism ``probe`` if it only looks; None if the fetch is part of
        another import and does not count.

    """
    if cpython.is_import_system(frame):
        return None
    if cpython.extension_spec(frame) is not None:
        return Caller(frame, ATTRIBUTE)  # C has no bytecode that would show a from-import
    lazy = lazy_fetch(frame, package, name)
    if lazy is not None:
        walks = lazy.statement.names is None  # as below
        return None if walks else Caller(lazy, IMPORT_STATEMENT)  # type: ignore[arg-type]
    statement = bytecode.from_import(frame)
    if statement is not None:
        return _by_statement(frame, name, statement.names, exported)
    if bytecode.calls(frame) and _is_patching(frame):
        return ownership.asking(frame, name)
    asking = bytecode.calls(frame) and _asks(frame, name)
    return Caller(frame, PROBE if asking else ATTRIBUTE)


def _asks(frame: "FrameType", name: str) -> bool:
    literal = name in frame.f_code.co_consts
    return not literal or bytecode.called_name(frame) in _ASKING


class Stars(_local):
    """Recognises a star import's repeated fetches of one name.

    ``from m import *`` fetches each entry of ``__all__``, and a name may be listed twice. Each
    thread has its own memory (``_thread._local``, the C class behind ``threading.local``).
    """

    def __init__(self) -> None:
        self._reads: dict[tuple[int, int, str], int] = {}

    def is_repeated(self, frame: "FrameType", path: str, times: int) -> bool:
        """Return whether a star import fetched a path before, and remember this fetch.

        Args:
            frame: the frame that executes the star import.
            path: the legacy path that it fetches.
            times: how often ``__all__`` lists it.

        """
        if len(self._reads) > _MOST_READS:
            self._reads.clear()  # entries of star imports that raised half-way
        key = (id(frame), frame.f_lasti, path)
        reads = self._reads.pop(key, 0) + 1
        if reads < times:
            self._reads[key] = reads
        return reads > 1


def times_listed(caller: Caller, name: str, exported: object) -> int:
    """Return how often a fetch will be repeated: once for each entry of ``__all__``."""
    if caller.names == ("*",) and isinstance(exported, (list, tuple)):
        return exported.count(name)
    return 1


def _by_statement(
    frame: "FrameType", name: str, names: tuple[str, ...] | None, exported: object
) -> Caller | None:
    if names is None:
        # `import a.old as m` fetches `old` by IMPORT_FROM after IMPORT_NAME, which was counted.
        return None
    if names == ("*",):
        listed = isinstance(exported, (list, tuple)) and name in exported
        return Caller(frame, IMPORT_STATEMENT, ("*",)) if listed else None
    return Caller(frame, IMPORT_STATEMENT)


def _is_patching(frame: "FrameType") -> bool:
    """Return whether a frame fetches for ``monkeypatch.setattr("package.old.name", …)``.

    Pytest imports each part of the path that is no attribute yet. Which parts these are depends
    on the modules loaded before, but the use must not: such a fetch counts as an import. A fetch
    that follows an import is part of that import.
    """
    name = frame.f_code.co_name
    if name not in _PATCHING.get(module_name(frame), ()):
        return False
    around = frame.f_back
    return name != "annotated_getattr" or around is None or around.f_code.co_name != "resolve"
