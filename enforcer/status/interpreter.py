"""Questions to an interpreter, asked in child processes: whether the enforcer is enabled in it.

Nothing is guessed: a new process with the same environment reports its own state, and for a second
one, Python's own trace shows which files ``site`` reads.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from enforcer.distribution import DISTRIBUTION
from enforcer.errors import EnforcerError
from enforcer.rules.loader import STORE_KEY
from enforcer.startup import MAP_KEY
from enforcer.status.probe import MARK
from enforcer.status.tested import TESTED

PATIENCE: Final = 60.0
"""How long to wait for an interpreter, in seconds."""

MODES: Final = ("-E", "-I", "-P", "-s", "-S")
"""The options of Python that take something away from its start."""

_STARTUP_STEM: Final = "enforcer_startup"
_CUSTOMIZE: Final = os.path.join("at_start", "sitecustomize.py")  # noqa: PTH118 - a str
_STARTUP_FILES: Final = (f"{_STARTUP_STEM}.start", f"{_STARTUP_STEM}.pth")
_READ: Final = re.compile(r"^Processing \.(?:pth|start) file: (['\"].*['\"])$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class State:
    """State of the enforcer in a new process.

    Attributes:
        enabled: whether it is enabled.
        map: path of its migration map.
        root: the folder of own code.
        service: the service that the map names.
        stages: the stage of each rule.
        safe_mode: why it only aliases; empty if it watches.
        notices: its notices: kind, subject and text.
        said: what it wrote to standard error.
        exit_code: its exit code; not 0 if it ended before it could answer.

    """

    enabled: bool
    map: str = ""
    root: str = ""
    service: str = ""
    stages: tuple[str, ...] = ()
    safe_mode: str = ""
    notices: tuple[tuple[str, str, str], ...] = ()
    said: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution of the enforcer, or one that brings a package of its name."""

    name: str
    version: str
    folder: str
    url: str
    editable: bool


@dataclass(frozen=True, slots=True)
class Package:
    """The enforcer that a process imports.

    Attributes:
        version: its version.
        file: its path.
        blind: its blind spots on this CPython.
        error: why it can't be imported, or empty.

    """

    version: str
    file: str
    blind: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Installation:
    """An interpreter, and the enforcer that is installed for it.

    Attributes:
        executable: path of the interpreter.
        version: its version.
        implementation: its name, such as ``cpython``.
        prefix: the environment that it runs in.
        base_prefix: the installation that this is based on; the same if it is none.
        free_threaded: whether it runs without the GIL.
        modules: the modules that are loaded when a program starts.
        path: the folders that modules are looked up in.
        site_folders: the site-packages folders, the user's last.
        user_folder: that of the user, or empty if it is off.
        distributions: the distributions of the enforcer on the path.
        package: the enforcer that is imported, or None.
        startup_files: the startup files that are on the path, and whether Python reads each.

    """

    executable: str
    version: str
    implementation: str
    prefix: str
    base_prefix: str
    free_threaded: bool
    modules: frozenset[str]
    path: tuple[str, ...]
    site_folders: tuple[str, ...]
    user_folder: str
    distributions: tuple[Distribution, ...]
    package: Package | None
    startup_files: tuple[tuple[str, bool], ...]

    @property
    def full_version(self) -> str:
        """Its version, with a ``t`` if it is free-threaded."""
        return f"{self.version}{'t' if self.free_threaded else ''}"

    @property
    def is_tested(self) -> bool:
        """Whether the test suite ran on this very version."""
        return self.implementation == "cpython" and self.full_version in TESTED


def choose_python(option: str | None) -> str:
    """Return the path of the interpreter to ask: the option's, or this one.

    Raises:
        EnforcerError: if there is none.

    """
    found = shutil.which(option) if option else sys.executable
    if not found:
        message = (
            f'"{option}" is no program that can be executed. '
            "Write the path of a Python, or a name that is on PATH (python-not-found)"
        )
        raise EnforcerError(message)
    return os.path.abspath(found)  # noqa: PTH100 - a virtual environment's link is not to be followed


def ask_installation(python: str) -> Installation:
    """Return an interpreter's description of itself, and the startup files that it reads.

    Raises:
        EnforcerError: if it does not answer.

    """
    # An interpreter that describes itself is not a process to watch.
    environ = {key: value for key, value in os.environ.items() if key != MAP_KEY}
    customizing = _customizing()
    packages = [str(Path(path).parents[2]) for path in customizing]
    # With -v, site prints each startup file that it reads; -P keeps the working directory off the
    # path.
    done = _run([python, "-P", "-v"], ["installation", DISTRIBUTION, *packages], environ)
    answer = _answer(done)
    if answer is None:
        raise _no_answer(python, done)
    read = {ast.literal_eval(found) for found in _READ.findall(done.stderr)}
    package, distributions = answer.pop("package"), answer.pop("distributions")
    user = answer["user_folder"]
    site_folders = [*answer.pop("site_folders"), *([user] if user else [])]
    return Installation(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in answer.items()}
        | {"modules": frozenset(answer["modules"])},
        site_folders=tuple(site_folders),
        distributions=tuple(Distribution(**one) for one in distributions),
        package=package and Package(**package | {"blind": tuple(package["blind"])}),
        startup_files=(
            *_startup_files([*answer["path"], *site_folders], read, answer["version"]),
            *((path, path in done.stderr) for path in customizing),
        ),
    )


def ask_state(python: str, environ: Mapping[str, str], *options: str) -> State:
    """Return the state of the enforcer in a new process.

    Args:
        python: the interpreter.
        environ: the environment to start it in.
        options: options of the interpreter.

    """
    with TemporaryDirectory(prefix="enforcer-status-") as folder:
        # A temporary store, so that the process leaves no trace in the real one.
        store = {STORE_KEY: str(Path(folder, "uses.db"))}
        done = _run([python, *options], ["state"], {**environ, **store})
    answer = _answer(done)
    said = done.stderr.strip()
    if answer is None:
        return State(enabled=False, said=said, exit_code=done.returncode)
    notices = tuple(tuple(one) for one in answer.pop("notices"))
    return State(
        enabled=True, said=said, notices=notices, stages=tuple(answer.pop("stages")), **answer
    )


def ask_modes(python: str, environ: Mapping[str, str]) -> dict[str, bool]:
    """Return under which options of Python the enforcer is enabled; all are asked concurrently."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        states = pool.map(lambda mode: ask_state(python, environ, mode), MODES)
    return {mode: state.enabled for mode, state in zip(MODES, states, strict=True)}


def _run(
    command: Sequence[str], question: Sequence[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    program = files("enforcer.status").joinpath("probe.py").read_text(encoding="utf-8")
    try:
        return subprocess.run(  # noqa: S603 - the user's own interpreter
            [*command, "-c", program, *question],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f'"{command[0]}" can\'t be asked: {error}. Name a CPython (python-not-asked)'
        raise EnforcerError(message) from error


def _answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any] | None:
    # Startup files of others may print before.
    marked = done.stdout.rpartition(MARK)
    if not marked[1]:
        return None
    found: dict[str, Any] | None = ast.literal_eval(marked[2].strip())
    return found


def _no_answer(python: str, done: subprocess.CompletedProcess[str]) -> EnforcerError:
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("#", "import "))]
    said = lines[0] if lines else f"it ended with exit code {done.returncode}"
    return EnforcerError(
        f'"{python}" can\'t be asked: {said}. Name a CPython from 3.11 on (python-not-asked)'
    )


def _startup_files(folders: Sequence[str], read: set[str], version: str) -> list[tuple[str, bool]]:
    """Return the startup files on a path, and those that are read from elsewhere."""
    # PEP 829; Python 3.15 reads both kinds.
    knows_start = tuple(map(int, version.split(".")[:2])) >= (3, 15)
    names = _STARTUP_FILES if knows_start else _STARTUP_FILES[1:]
    there = [
        path
        for folder in folders
        for name in names
        if Path(path := os.path.join(folder, name)).is_file()  # noqa: PTH118 - as site names them
    ]
    ours = [path for path in sorted(read, reverse=True) if Path(path).name in names]
    return [(path, path in read) for path in dict.fromkeys([*there, *ours])]


def _customizing() -> list[str]:
    """Return the files on PYTHONPATH that replace a startup file."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [os.path.join(folder, "sitecustomize.py") for folder in folders if folder]  # noqa: PTH118 - as above
    return [
        path
        for path in dict.fromkeys(paths)
        if path.endswith(_CUSTOMIZE) and Path(path).parent.with_name("startup.py").is_file()
    ]
