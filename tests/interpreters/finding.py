"""The CPythons of this machine: those of uv, pyenv and PATH, and Debian's in their folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.interpreters.chroot import enter, environment
from tests.interpreters.debian import Debian

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
NEWEST_LOOKED_FOR = 30
PATIENCE = 60  # of an interpreter that is asked what it is, in seconds

DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "numbers": sys.version_info[:3],
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "path": sys._base_executable,
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython, and how to run it.

    Attributes:
        name: its version, with a ``t`` if it is free-threaded.
        path: its path, inside of the root if it has one.
        root: the folder that it lives in; None for this machine itself.

    """

    name: str
    path: str
    root: Path | None = None

    @property
    def minor(self) -> str:
        """The version without the micro one, such as ``3.13t``."""
        numbers = self.name.rstrip("t").split(".")[:2]
        return ".".join(numbers) + "t" * self.name.endswith("t")

    def is_named(self, versions: Iterable[str]) -> bool:
        """Return whether it is among some versions: ``3.15.2``, ``3.15``, ``3.13t``."""
        return bool({self.name, self.minor} & {*versions})

    @property
    def environment_folder(self) -> Path:
        """Where its virtual environment for the tests is."""
        return PROJECT / ".venvs" / (self.name if self.root is None else f"{self.name}-debian")

    def command(self, *words: str | Path, folder: Path = PROJECT) -> list[str]:
        """Return the command that runs words in a folder, where the interpreter lives."""
        written = [str(word) for word in words]
        if self.root is None:
            return written
        return enter(self.root, written, project=PROJECT, folder=folder)

    def environment(self) -> dict[str, str]:
        """Return the environment for its commands."""
        return dict(os.environ) if self.root is None else environment()

    def outside(self, path: Path) -> Path:
        """Return where a path of its own lies on this machine."""
        return path if self.root is None else self.root / path.relative_to("/")


def describe(path: str, root: Path | None = None) -> Interpreter | None:
    """Ask a program which CPython it is; return None if it is none from 3.11 on."""
    asking = Interpreter("", path, root)
    try:
        done = subprocess.run(
            asking.command(path, "-c", DESCRIBE),
            capture_output=True,
            text=True,
            check=True,
            env=asking.environment(),
            timeout=PATIENCE,
        )
        about = json.loads(done.stdout)
        is_one = about["implementation"] == "CPython" and tuple(about["numbers"]) >= OLDEST
    except (OSError, TypeError, ValueError, subprocess.SubprocessError):
        return None
    if not is_one:
        return None
    name = f"{about['version']}{'t' if about['free_threaded'] else ''}"
    return Interpreter(name, str(about["path"]), root)


def own() -> Interpreter:
    """Return the interpreter that runs this."""
    found = describe(sys.executable)
    assert found is not None
    return found


def candidates() -> list[str]:
    """Return what may be an interpreter: pyenv's, uv's, and those on PATH."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(folder / "bin" / "python") for folder in _folders_in(root / "versions")]
    if shutil.which("uv"):
        done = subprocess.run(
            ["uv", "python", "dir"],  # noqa: S607 - from PATH
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        folder = done.stdout.strip()
        found += (
            [str(path) for path in sorted(Path(folder).glob("*/bin/python3"))] if folder else []
        )
    for minor in range(OLDEST[1], NEWEST_LOOKED_FOR):
        names = (f"python3.{minor}", f"python3.{minor}t")
        found += [path for name in names if (path := shutil.which(name)) is not None]
    return found


def _folders_in(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted; nothing where it can't be read, or isn't there."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def others(debian: Debian | None) -> list[Interpreter]:
    """Return all interpreters but this one, one of each version, the oldest first."""
    asked = [describe(path) for path in candidates()]
    if debian is not None:
        asked += [describe(path, debian.root) for path in debian.paths().values()]
    known = own().name
    found = {one.name: one for one in reversed(asked) if one is not None and one.name != known}
    return sorted(found.values(), key=_order)


def _order(one: Interpreter) -> tuple[bool, list[int]]:
    return one.name.endswith("t"), [int(number) for number in re.findall(r"\d+", one.name)]
