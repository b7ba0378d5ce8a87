"""Copy of the demo's backend, served by a process with the enforcer or without."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from enforcer.demo import APP, MAP
from enforcer.errors import EnforcerError
from enforcer.rules.environment import INTERVAL_KEY

_PROGRAM = ("-m", "netra_backend")
_ENFORCER = ("-m", "enforcer")
_FLUSH_INTERVAL = "0.5"
_NOT_SERVED = "it ended before it served"
_PATIENCE = 20.0
"""How long a backend may take to end, in seconds."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A copy of the backend, so that its code counts as own code and not as an installed package.

    Attributes:
        folder: the folder of the copy.

    """

    folder: Path

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Self]:
        """Copy the backend and its map; the copy is deleted at the end of the block."""
        with TemporaryDirectory(prefix="enforcer-demo-") as folder:
            workspace = cls(Path(folder).resolve())
            shutil.copytree(APP, workspace.app, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(MAP, workspace.map)
            yield workspace

    @property
    def app(self) -> Path:
        """The folder of the backend's packages."""
        return self.folder / APP.name

    @property
    def map(self) -> Path:
        """The migration map."""
        return self.folder / MAP.name

    @property
    def store(self) -> Path:
        """The store of the uses."""
        return self.folder / "uses.db"

    @property
    def log(self) -> Path:
        """The backend's standard error."""
        return self.folder / "backend.log"

    @contextmanager
    def served(self, *, is_enforced: bool) -> Iterator[str]:
        """Serve until the end of the block; yield the address.

        Args:
            is_enforced: whether the enforcer is enabled in the backend.

        Raises:
            EnforcerError: if the backend can't start.

        """
        with self._started(is_enforced=is_enforced) as process:
            try:
                yield self._address(process)
            finally:
                _end(process)

    def _started(self, *, is_enforced: bool) -> "subprocess.Popen[str]":
        options = ("run", "--map", str(self.map), "--store", str(self.store), "--")
        command = (*_ENFORCER, *options, *_PROGRAM) if is_enforced else _PROGRAM
        with self.log.open("w") as log:
            return subprocess.Popen(  # noqa: S603 - this interpreter, and the demo's own program
                (sys.executable, *command),
                cwd=self.folder,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _environ(self) -> dict[str, str]:
        """Return the environment without the enforcer's settings from outside."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ENFORCER_", "OTEL_"))
        }
        # Before PYTHONPATH, which may contain the enforcer itself.
        path = os.pathsep.join(filter(None, (str(self.app), kept.get("PYTHONPATH"))))
        return {**kept, "PYTHONPATH": path, INTERVAL_KEY: _FLUSH_INTERVAL}

    def _address(self, process: "subprocess.Popen[str]") -> str:
        line = process.stdout.readline().strip() if process.stdout is not None else ""
        if line:
            return line
        process.wait()
        raise self.failure(_NOT_SERVED)

    def failure(self, what: str) -> EnforcerError:
        """Return the error for a backend that failed, with its last output."""
        said = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        last = f' Its last words: "{said.splitlines()[-1]}".' if said else ""
        return EnforcerError(
            f"the demo's backend failed: {what}.{last} "
            "Try again; with fewer --users if the machine is busy (demo-failed)"
        )


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
