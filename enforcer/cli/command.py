"""Resolution of the words after ``enforcer run --`` to a program and its arguments."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enforcer.errors import EnforcerError

SCRIPT_SUFFIXES = (".py", ".pyz")


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments.

    Attributes:
        program: path of the file to execute.
        words: its arguments; the first is the name it is called by.

    """

    program: str
    words: tuple[str, ...]


def find_command(words: Sequence[str]) -> Command:
    """Return the program to execute for a command.

    A script (``app.py``), the interpreter's options (``-m module``, ``-c code``) and ``python``
    mean this interpreter, because it is known to have the enforcer. Everything else is a program:
    beside this interpreter if that is a virtual environment's, or on PATH.

    Raises:
        EnforcerError: if there is no such program or script.

    """
    name, *arguments = words
    if name.startswith("-"):
        return _python(words)
    if name.endswith(SCRIPT_SUFFIXES):
        if not Path(name).is_file():
            raise _not_found(name, "there is no such file")
        return _python(words)
    if name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        return _python(arguments)
    program = shutil.which(name, path=os.pathsep.join(_folders()))
    if program is None and Path(name).is_file():
        message = (
            f'"{name}" is not executable. Write "python {name}" if it is a Python script, or '
            f'"chmod +x {name}" (not-executable)'
        )
        raise EnforcerError(message)
    if program is None:
        raise _not_found(name, "there is no such program")
    return Command(program, tuple(words))


def _python(arguments: Sequence[str]) -> Command:
    return Command(sys.executable, (sys.executable, *arguments))


def _folders() -> list[str]:
    on_path = os.environ.get("PATH", os.defpath)
    if sys.prefix == sys.base_prefix:
        return [on_path]
    return [str(Path(sys.executable).parent), on_path]


def _not_found(name: str, reason: str) -> EnforcerError:
    return EnforcerError(
        f'command not found: "{name}": {reason}. Write a script (app.py), -m and a module, '
        "or a program that is on PATH (command-not-found)"
    )
