"""Build wheels of the project, and install them into virtual environments of a test's own."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.patience import PATIENCE

PROJECT = Path(__file__).parents[1]

_FIXED_SECOND = "EXIT_PATIENCE = 1.0"


def pip(python: str | Path, *words: str | Path, **environment: str) -> None:
    """Run pip for an interpreter that need not have it."""
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--python", python]
    subprocess.run(
        [sys.executable, "-m", "pip", *options, *words],
        env={**os.environ, **environment},
        check=True,
        timeout=PATIENCE,
    )


def build(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree into a folder."""
    words = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source]
    pip(sys.executable, *words)
    return next(folder.glob("*.whl"))


def build_commit(commit: str, folder: Path) -> Path:
    """Build the wheel of a commit of the project into a folder."""
    source = folder / "source"
    source.mkdir()
    git = ["git", "-C", str(PROJECT), "archive", "--format=tar", commit]
    archive = subprocess.run(git, check=True, capture_output=True, timeout=PATIENCE).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(source, filter="data")
    return build(source, folder / "wheel")


class Python:
    """An interpreter, the folder that it finds the enforcer in, and what it needs for that."""

    def __init__(self, path: str | Path, package: Path, **environment: str) -> None:
        self.path = path
        self.package = package
        self.environment = environment

    def install(self, wheel: Path, *options: str | Path, **environment: str) -> None:
        """Install a wheel for this interpreter."""
        words = ["install", "--no-deps", "--no-index", "--no-compile", "--no-warn-script-location"]
        pip(self.path, *words, *options, wheel, **environment)

    def write(self, name: str, *lines: object) -> None:
        """Write a file that Python reads at start."""
        self.package.joinpath(name).write_text("\n".join(map(str, lines)) + "\n")


def empty(folder: Path, *options: str, maker: str | Path = sys.executable) -> Python:
    """Make a virtual environment without the enforcer, but with what it depends on."""
    words = [maker, "-m", "venv", "--without-pip", *options, folder]
    subprocess.run(words, check=True, timeout=PATIENCE)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = Python(folder / "bin" / "python", folder / "lib" / name / "site-packages")
    # The startup files of a folder that is added thus are not read.
    python.write("dependencies.pth", *(path for path in sys.path if "site-packages" in path))
    return python


def give_earlier_exits_time(python: Python) -> None:
    """Let an exit of an earlier version wait as long as it takes: on a busy machine uses were lost.

    Its second is fixed; the variable that ``environment_without`` sets is of later versions.
    """
    file = python.package / "enforcer" / "reporter.py"
    source = file.read_text()
    assert source.count(_FIXED_SECOND) == 1
    file.write_text(source.replace(_FIXED_SECOND, f"EXIT_PATIENCE = {PATIENCE}.0"))
