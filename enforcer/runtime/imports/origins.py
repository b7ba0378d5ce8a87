"""Find the source file of a module's code if its code object names another one.

``co_filename`` is the name that the compiler was given. A ``.pyc`` without its source has the
name that the source had on the machine that compiled it, and frozen programs (PyInstaller,
cx_Freeze, Nuitka) have names of the build machine, or relative ones. In these cases the module's
own ``__file__`` and name decide. Relative names are relative to the map's root: the working
directory of a running program is unrelated to its code.
"""

import os
import sys

from enforcer.runtime.imports.lockless import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    Namespace = dict[str, object]

_MOST_KNOWN = 4096
_ENDINGS = (".pyc", ".pyo")
_MAIN = ("", "__main__", "__mp_main__")
_MISSING = object()

# Cache, so that the disk is asked once: (co_filename, __file__) → source file.
_known: dict[tuple[str, str], str] = {}


def source_of(code: "CodeType", namespace: "Namespace") -> str:
    """Return the source file of running code.

    Args:
        code: its code object, whose file name is none in angle brackets.
        namespace: the globals that it runs with.

    Returns:
        An absolute path, a path relative to the map's root, or a label in angle brackets for a
        frozen module of the standard library.

    """
    filename = code.co_filename
    if is_frozen(namespace):
        return _frozen_source(filename, namespace)
    file = look_up(namespace, "__file__", None)
    if not isinstance(file, str) or file == filename:
        return filename
    key = filename, file
    known = look_up(_known, key, None)
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[key] = _decide(filename, file)
    return known


def is_frozen(namespace: "Namespace") -> bool:
    """Return whether code belongs to a program that was frozen into one folder or file.

    Nuitka sets no ``sys.frozen``; each module that it compiled has a ``__compiled__``.
    """
    frozen = getattr(sys, "frozen", False)
    return bool(frozen) or look_up(namespace, "__compiled__", _MISSING) is not _MISSING


def is_standard(name: str) -> bool:
    """Return whether a module's name is one of the standard library's."""
    return name.partition(".")[0] in sys.stdlib_module_names


def _decide(filename: str, file: str) -> str:
    """Choose between the compiler's name for a file and the module's own."""
    own = as_source(file)
    if filename == own or (os.path.isabs(filename) and os.path.exists(filename)):
        return filename  # a template or a script that runs in a module's namespace
    # The same file in another folder; any other name was invented for compile().
    return own if _stem(filename) == _stem(own) else filename


def _frozen_source(filename: str, namespace: "Namespace") -> str:
    """Return the path of a frozen module's source below the folder of its packages."""
    name = look_up(namespace, "__name__", "")
    if not isinstance(name, str) or name in _MAIN:
        return os.path.basename(as_source(filename))
    if is_standard(name):
        return f"<frozen {name}>"
    path = name.replace(".", "/")
    return f"{path}/__init__.py" if "__path__" in namespace else f"{path}.py"


def as_source(file: str) -> str:
    """Return the name of the source file for a compiled file beside it."""
    return file[:-1] if file.endswith(_ENDINGS) else file


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]
