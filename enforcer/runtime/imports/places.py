"""Find the file and the function of running code, also of code that has no file of its own.

Code from a string is compiled under a name in angle brackets, and a notebook's cell under a
temporary file with the kernel's process number; an extension module has no frame at all while
it is initialised. File and function identify a call site, so they have to be the same in the
next process.
"""

import os

from enforcer.rules.repository import SITE_FOLDERS
from enforcer.runtime.imports.cpython import extension_spec
from enforcer.runtime.imports.lockless import look_up
from enforcer.runtime.imports.origins import as_source, source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

CELL = "<cell "
"""The beginning of the label of a notebook's cell; a hash of the cell's text follows."""

# A frozen program may have no file of the standard library (cx_Freeze).
_LIBRARY = os.path.dirname(getattr(os, "__file__", "<frozen>/os.py")) + os.sep
# Names that consoles compile lines under: <python-input-3> (CPython from 3.13 on), <pyshell#3>.
_NUMBERED = ("<python-input", "<pyshell")

# Prefixes of the folders in which kernels write cells (ipykernel, xeus-python); the process number
# follows.
_KERNELS = ("ipykernel_", "xpython_")

Place = tuple[str, int, str]
"""A file, or a label in angle brackets; a line, 0 where there is none; a function."""


def place_of(frame: "FrameType") -> Place:
    """Return the file, the line and the function of a frame's code."""
    code = frame.f_code
    filename = code.co_filename
    line = frame.f_lineno or 0
    if not filename.startswith("<"):
        return _cell(filename) or source_of(code, frame.f_globals), line, code.co_qualname
    if filename.startswith("<frozen "):
        spec = extension_spec(frame)
        if spec is not None:
            return spec.origin or spec.name, 0, "<module>"
        return filename, line, code.co_qualname
    if filename.startswith("<ipython-input-"):
        # <ipython-input-NUMBER-HASH>: the number counts the cells that ran before.
        return f"{CELL}{filename[:-1].rpartition('-')[2]}>", line, code.co_qualname
    place = _example(frame) if filename.startswith("<doctest ") else None
    return place or _around(frame) or (_console(filename), line, code.co_qualname)


def _cell(filename: str) -> str:
    """Return the label of a cell in ``…/ipykernel_PID/HASH.py`` or ``xpython_…``, or nothing."""
    if not any(kernel in filename for kernel in _KERNELS):
        return ""
    folder, name = os.path.split(filename)
    process = os.path.basename(folder).rpartition("_")[2]
    return f"{CELL}{name.removesuffix('.py')}>" if process.isdecimal() else ""


def _example(frame: "FrameType") -> Place | None:
    """Return the place of a doctest's example: its docstring's file and the documented name."""
    running: FrameType | None = frame
    while running is not None:
        if (
            running.f_code.co_name == "__run"
            and look_up(running.f_globals, "__name__", None) == "doctest"
        ):
            test, example = (running.f_locals.get(name) for name in ("test", "example"))
            if test is None or example is None or not test.filename:
                return None
            module = test.globs.get("__name__", "")
            name = test.name.removeprefix(f"{module}.") if module != test.name else ""
            inside = name and not test.filename.endswith(name)  # a text file has its own name
            line = (test.lineno or 0) + example.lineno + 1
            return test.filename, line, name if inside else "<module>"
        running = running.f_back
    return None


def _around(frame: "FrameType") -> Place | None:
    """Return the place to which code from a string belongs, or None for a console's.

    A function keeps its name; statements belong to the function that executes them.
    """
    is_function = not frame.f_code.co_qualname.startswith("<")
    file = look_up(frame.f_globals, "__file__", None)
    if is_function and isinstance(file, str) and not file.startswith("<"):
        return _cell(file) or as_source(file), 0, frame.f_code.co_qualname
    outer = _outer(frame, frame.f_globals) or _outer(frame)
    if outer is None or _is_library(outer.f_code.co_filename):
        return None
    place, line, function = place_of(outer)
    return place, line, frame.f_code.co_qualname if is_function else function


def _outer(frame: "FrameType", namespace: dict[str, object] | None = None) -> "FrameType | None":
    """Return the nearest frame around another one whose code has a file, in a namespace if given.

    IPython's magics run the text of a cell in its namespace, from frames of IPython's.
    """
    outer = frame.f_back
    while outer is not None:
        is_there = namespace is None or outer.f_globals is namespace
        if is_there and not outer.f_code.co_filename.startswith("<"):
            return outer
        outer = outer.f_back
    return None


def _is_library(filename: str) -> bool:
    """Return whether a file is in the standard library, whose consoles and timers run any code."""
    return filename.startswith(_LIBRARY) and not any(name in filename for name in SITE_FOLDERS)


def _console(filename: str) -> str:
    if not filename.startswith(_NUMBERED):
        return filename
    return "<stdin>" if filename.startswith("<python") else "<pyshell>"
