"""Sorting of imports by ruff, where a file's imports were sorted before it was rewritten.

Ruff reads its own configuration for the file's path. Without ruff, imports stay where they are.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_RULES: Final = ("--select", "I", "--quiet", "--no-cache")
_TIMEOUT: Final = 60.0


def find_ruff() -> str | None:
    """Return the path of ruff: beside this interpreter, or on ``PATH``; None if there is none."""
    # The environment's own ruff is the version that the project has chosen.
    beside = Path(sys.executable).parent
    return shutil.which("ruff", path=str(beside)) or shutil.which("ruff")


def sort_imports(ruff: str, file: Path, old: bytes, new: bytes) -> bytes:
    """Return the new content of a file with sorted imports, if the old one's were sorted.

    Args:
        ruff: the path of ruff.
        file: the file, whose folder's configuration ruff reads.
        old: the content before it was rewritten.
        new: the content after that.

    """
    sorted_new = _run(ruff, file, new, "--fix")
    # Mostly nothing is to do, and the old content need not be checked.
    if sorted_new is None or sorted_new == new or not sorted_new:
        return new
    return sorted_new if _run(ruff, file, old) is not None else new


def _run(ruff: str, file: Path, content: bytes, *words: str) -> bytes | None:
    """Return what ruff writes; None if it finds something, or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a path that was looked up, and words of our own
            [ruff, "check", *_RULES, *words, "--stdin-filename", str(file), "-"],
            input=content,
            capture_output=True,
            cwd=file.parent,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
