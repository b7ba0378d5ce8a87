"""Source of a call site that a store names, read from below the program's root only.

The path comes from the store, which anybody may have written: only Python files below the root of
the program's own code are read, after all links were resolved.
"""

from pathlib import Path
from typing import Final

from enforcer.rules.regular_files import read_regular

_LARGEST_FILE: Final = 2_000_000
_SUFFIXES: Final = (".py", ".pyw", ".pyi")


def read_source(root: str, file: str) -> tuple[str, ...]:
    """Return the lines of a file of the program's own code; none if it is not available.

    Args:
        root: the folder of own code; empty if unknown.
        file: the path from the store.

    """
    found = read_own(root, file)
    if found is None:
        return ()
    # Only the line ends that Python knows: splitlines() also splits at form feeds and \x1c.
    text = found[1].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return tuple(text.removesuffix("\n").split("\n"))


def read_own(root: str, file: str) -> tuple[Path, bytes] | None:
    """Return a file of the program's own code with its content; None if it is not available.

    Args:
        root: the folder of own code; empty if unknown.
        file: the path from the store.

    """
    found = own_file(root, file)
    try:
        return (found, read_regular(str(found), _LARGEST_FILE)) if found is not None else None
    except (OSError, ValueError):
        return None


def own_file(root: str, file: str) -> Path | None:
    """Return the path of a Python file below the root, or None for any other."""
    if not root or not file.endswith(_SUFFIXES) or "\0" in file:
        return None
    try:
        top = Path(root).resolve()
        # Links are resolved before the comparison: one inside the root may lead out of it.
        found = (top / file).resolve()
        return found if found.is_relative_to(top) and found.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None
