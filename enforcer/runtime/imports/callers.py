"""Find the code that caused a use, and classify its file as own or third-party code.

The frame right above the enforcer is often ``importlib``, ``pickle`` or a framework. An import
statement belongs to the frame that executes it, in any code. An import *call* belongs to the
nearest frame of the team's own code; ``via`` has the frame that called.
"""

import os
import sys

from enforcer.recording.use import (
    CALL,
    ENTRY_POINT,
    IMPORT_MODULE,
    IMPORT_STATEMENT,
    OWN,
    PICKLE,
    PROBE,
    THIRD_PARTY,
    CallSite,
)
from enforcer.rules.repository import (
    SITE_FOLDERS,
    is_below,
    is_portable,
    top_of,
    with_slashes,
)
from enforcer.runtime.imports import bytecode, cpython
from enforcer.runtime.imports.bytecode import LazyStatement
from enforcer.runtime.imports.lazy import lazy_statement
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.path_folding import fold_label, fold_path
from enforcer.runtime.imports.places import CELL, place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from enforcer.recording.items import Item

# Packages that import on behalf of their callers.
_MACHINERY = frozenset({"enforcer", "importlib", "pickle", "pkgutil", "runpy", "traceback"})
# Packages whose frames are between a factory and the code that calls it.
_WRAPPERS = frozenset({"enforcer", "wrapt"})
_UNPICKLERS = frozenset({"load", "loads", "find_class"})
_MOST_WRAPPERS = 6
COMMAND_LINE = "<command line>"

UNCERTAIN = " (by a matching statement)"
"""Suffix of ``via`` if several statements can have made a lazy import."""

RUN = "run"
"""The mechanism of ``python -m``, which finds a module's spec and runs its code itself."""


def module_name(frame: "FrameType | LazyStatement") -> str:
    """Return the ``__name__`` of the module whose code a frame runs."""
    extension = cpython.extension_spec(frame)
    name = look_up(frame.f_globals, "__name__", "") if extension is None else extension.name
    return name if isinstance(name, str) else ""


def statement_frame(frame: "FrameType", legacy: str) -> "FrameType":
    """Return the frame whose statement imports a path, even if ``__import__`` was replaced.

    Args:
        frame: the frame that imports.
        legacy: the path that it imports.

    Returns:
        The frame of the statement that called the replacement, or a stand-in for a statement that
        was executed lazily; the same frame if there is neither.

    """
    if bytecode.import_statement(frame) is not None:
        return frame
    lazy = lazy_statement(frame, legacy)
    if lazy is not None:
        return lazy  # type: ignore[return-value]
    around = frame.f_back
    for _ in range(_MOST_WRAPPERS):
        if around is None or is_machinery(around):
            break
        statement = bytecode.import_statement(around)
        if statement is not None:
            return around if statement.absolute(around.f_globals) == legacy else frame
        lazy = lazy_statement(around, legacy)
        if lazy is not None:
            return lazy  # type: ignore[return-value]
        around = around.f_back
    return frame


def statement_of(frame: "FrameType", legacy: str) -> "FrameType":
    """Return a stand-in for the statement whose lazy import a frame resolves, or the frame."""
    return lazy_statement(frame, legacy) or frame  # type: ignore[return-value]


def is_machinery(frame: "FrameType") -> bool:
    """Return whether a frame only imports on behalf of others."""
    if cpython.extension_spec(frame) is not None:
        return False
    name = module_name(frame)
    return name.partition(".")[0] in _MACHINERY or frame.f_code.co_filename.startswith(
        "<frozen importlib"
    )


def _mechanism_of(frame: "FrameType") -> str:
    name = module_name(frame)
    if name.startswith("importlib.metadata"):
        return ENTRY_POINT
    if name == "pickle":
        return PICKLE
    if name == "runpy":
        return RUN
    if name == "traceback":
        # To suggest a name, traceback imports the module that an ImportError names, from 3.12 on.
        return PROBE
    return PROBE if name == "importlib.util" and frame.f_code.co_name == "find_spec" else ""


def _real(path: str) -> str:
    """Return a path without symlinks; unchanged if the system reports an error."""
    try:
        return with_slashes(os.path.realpath(path)).rstrip("/")
    except (OSError, ValueError):
        return path.rstrip("/")


def _foreign_folders() -> "set[str]":
    """Return the folders of the standard library and of a virtual environment."""
    library = getattr(os, "__file__", None)  # cx_Freeze leaves none
    foreign = {os.path.dirname(library)} if library else set()
    if sys.prefix != sys.base_prefix:
        foreign.add(sys.prefix)
    spelled = {with_slashes(folder).rstrip("/") for folder in foreign}
    return spelled | set(map(_real, spelled))


class Caller:
    """The code that caused a use, and how it did.

    Attributes:
        frame: the frame to attribute the use to; None for the command line.
        direct: the frame that called the import machinery; None for the command line.
        mechanism: how it asked.
        names: the names of a from-import.

    """

    __slots__ = ("direct", "frame", "mechanism", "names")

    def __init__(
        self,
        frame: "FrameType | None",
        mechanism: str,
        names: tuple[str, ...] = (),
        direct: "FrameType | None" = None,
    ) -> None:
        self.frame = frame
        self.direct = direct or frame
        self.mechanism = mechanism
        self.names = names

    def looks(self) -> bool:
        """Return whether it only looked for the module, or for a package on the way to it."""
        return self.mechanism in (PROBE, RUN)


_MOST_KNOWN = 4096
"""How many file names are cached."""


class Ownership:
    """Classifies files as the team's own code or third-party code.

    Attributes:
        item: returns the item that a test run is executing, to which uses without a frame of own
            code belong; None in all other processes.

    """

    __slots__ = ("_foreign", "_known", "_map_file", "_real_root", "_root", "_tops", "item")

    def __init__(self, root: str, map_file: str = "") -> None:
        """Prepare for a map; its folders need not exist.

        Args:
            root: the folder that holds the team's code.
            map_file: the migration map's file.

        """
        self._map_file = map_file
        self._root = with_slashes(os.path.abspath(root or os.curdir)).rstrip("/") + "/"
        self._tops: tuple[str, ...] = ()  # looked for when there is a file outside of the root
        self.item: Callable[[], Item | None] | None = None
        self._real_root = _real(self._root) + "/"
        # lib-dynload is below the folder of the standard library. A root inside such a folder
        # is own code all the same.
        self._foreign = tuple(
            f"{folder}/"
            for folder in _foreign_folders()
            if not self._root.startswith(folder) and not self._real_root.startswith(folder)
        )
        self._known: dict[str, tuple[str, str]] = {}

    def of(self, filename: str) -> tuple[str, str]:
        """Return the relation and the label of a code object's file.

        The label is relative to the root for own code, also for code of the root's repository that
        is outside of the root (``../tests/test_cart.py``), and absolute for third-party code. It
        has forward slashes on every system.
        """
        known = look_up(self._known, filename, None)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()  # a program may generate code under ever new names
            known = self._known[filename] = self._classify(filename)
        return known

    def _classify(self, filename: str) -> tuple[str, str]:
        """Classify a file by its real path, so that symlinks do not change its label."""
        if filename.startswith("<frozen"):
            return THIRD_PARTY, filename
        if filename.startswith("<"):
            return OWN, filename if filename.startswith(CELL) else fold_label(filename)
        # A relative name is relative to the root, not to the working directory.
        path = with_slashes(os.path.normpath(os.path.join(self._root, filename)))
        real = _real(path)
        if self._is_foreign(path) or self._is_foreign(real):
            # The label begins with the root as configured, even if that is a symlink to the
            # current release.
            is_inside = real.startswith(self._real_root)
            return THIRD_PARTY, (
                self._root + real[len(self._real_root) :] if is_inside else fold_path(path)
            )
        spellings = (real, self._real_root), (path, self._root)
        for file, root in spellings:
            if file.startswith(root):
                return OWN, file[len(root) :]
        self._tops = self._tops or (
            top_of(self._real_root, _real(self._map_file) if self._map_file else ""),
            top_of(self._root, self._map_file),
        )
        for (file, root), top in zip(spellings, self._tops, strict=True):
            if is_below(file, top):
                return OWN, with_slashes(os.path.relpath(file, root))
        return THIRD_PARTY, fold_path(path)

    def _is_foreign(self, path: str) -> bool:
        folders = set(path.split("/"))
        return path.startswith(self._foreign) or not folders.isdisjoint(SITE_FOLDERS)

    def is_own(self, frame: "FrameType") -> bool:
        """Return whether a frame runs the team's own code."""
        return self.of(place_of(frame)[0])[0] == OWN

    def site(self, path: str, caller: Caller) -> CallSite:
        """Describe a caller as the call site of a legacy path."""
        frame = caller.frame
        if self.item is not None and (frame is None or not self._has_a_name(frame)):
            # A file that exists on this machine only, or that runs code of all tests, does not
            # identify the caller: in a baseline it would tolerate every caller.
            frame = self._nearest_own(frame)
            item = self.item() if frame is None else None
            if item is not None:
                return self._site_of_item(path, caller, item)
            frame = frame or caller.frame
        if frame is None:
            return CallSite(
                path,
                file=COMMAND_LINE,
                line=0,
                function="<module>",
                module="",
                mechanism=caller.mechanism,
            )
        filename, line, function = place_of(frame)
        relation, file = self.of(filename)
        via = ""
        lazy: object = frame
        if isinstance(lazy, LazyStatement):
            via = self._place(lazy.f_back) + ("" if lazy.is_certain else UNCERTAIN)
        elif caller.direct is not None and caller.direct is not frame:
            via = self._place(caller.direct)
        return CallSite(
            path,
            file=file,
            line=line,
            function=function,
            module=module_name(frame),
            mechanism=caller.mechanism,
            names=caller.names,
            via=via,
            relation=relation,
        )

    def _site_of_item(self, path: str, caller: Caller, item: "Item") -> CallSite:
        relation, file = self.of(item.file)
        if not is_portable(file):  # a test file outside of the root
            file = with_slashes(os.path.relpath(file, self._root))
        return CallSite(
            path,
            file=file,
            line=item.line,
            function=item.function,
            module="",
            mechanism=caller.mechanism,
            names=caller.names,
            via=COMMAND_LINE if caller.direct is None else self._place(caller.direct),
            relation=relation,
        )

    def _place(self, frame: "FrameType") -> str:
        filename, line, _ = place_of(frame)
        return f"{self.of(filename)[1]}:{line}"

    def _has_a_name(self, frame: "FrameType") -> bool:
        return is_portable(self.of(place_of(frame)[0])[1])

    def asking(self, frame: "FrameType | None", legacy: str) -> Caller:
        """Attribute an import of a legacy path to a statement or a call.

        The mechanism is ``probe`` if the caller only looks for the module, or for a package on
        the way to it.

        Args:
            frame: the innermost frame to consider; frames of machinery are skipped.
            legacy: the path that is imported.

        """
        mechanism = IMPORT_MODULE
        is_statement = True
        while frame is not None and is_machinery(frame):
            mechanism = _mechanism_of(frame) or mechanism
            # importlib.import_module() is in a file, the rest of the import system is frozen. With
            # frozen frames alone, C code imported as a statement does.
            is_statement &= frame.f_code.co_filename.startswith("<")
            frame = frame.f_back
        if frame is None:
            return Caller(None, mechanism)
        if cpython.extension_spec(frame) is not None:
            return Caller(frame, IMPORT_STATEMENT if is_statement else mechanism)
        frame = statement_of(frame, legacy)
        statement = bytecode.import_statement(frame)
        if statement is not None:
            direct = statement.absolute(frame.f_globals) == legacy
            return Caller(frame, IMPORT_STATEMENT, (direct and statement.names) or ())
        if mechanism == IMPORT_MODULE and bytecode.called_name(frame) in _UNPICKLERS:
            mechanism = PICKLE
        return Caller(self._nearest_own(frame) or frame, mechanism, direct=frame)

    def calling(self, frame: "FrameType | None") -> Caller:
        """Attribute a call to the code that made it.

        Args:
            frame: the innermost frame to consider; wrappers of the call are skipped.

        """
        while frame is not None and module_name(frame).partition(".")[0] in _WRAPPERS:
            frame = frame.f_back
        return Caller(self._nearest_own(frame) or frame, CALL, direct=frame)

    def _nearest_own(self, frame: "FrameType | None") -> "FrameType | None":
        while frame is not None and (is_machinery(frame) or not self._is_own_file(frame)):
            frame = frame.f_back
        return frame

    def _is_own_file(self, frame: "FrameType") -> bool:
        # Code from a string may be third-party code: pytest-xdist starts workers with such code.
        filename, _, _ = place_of(frame)
        is_code = filename.startswith(CELL) or not filename.startswith("<")
        return is_code and self.of(filename)[0] == OWN
