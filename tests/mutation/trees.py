"""Copies of the tree in which mutants live, each with an environment of its own.

Tests start processes that find the package by the environment they run in, so a copy needs one
whose ``enforcer`` is the copy's. Everything else it has from the environment that made it.
"""

import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".mutation", ".*_cache", "__pycache__", "dist")
PATIENCE = 60.0
FACTOR = 20.0
"""How much longer than alone the tests of a mutant may take, and how many seconds besides."""


class Tree:
    """One copy."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root = place / "tree"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(root, self.root, ignore=LEFT_OUT, symlinks=True)
        venv.create(place / "env", with_pip=False)
        self.python = str(place / "env" / "bin" / "python")
        (packages,) = (place / "env").glob("lib/python*/site-packages")
        (own,) = {path for path in site.getsitepackages() if path.endswith("site-packages")}
        (packages / "0_tree.pth").write_text(
            f"{self.root}\nimport site; site.addsitedir({own!r})\n", encoding="utf-8"
        )
        for script in Path(sys.executable).parent.glob("enforcer*"):
            text = script.read_text(encoding="utf-8").partition("\n")[2]
            copy = place / "env" / "bin" / script.name
            copy.write_text(f"#!{self.python}\n{text}", encoding="utf-8")
            copy.chmod(0o755)
        self._times = 1_000_000_000

    def write(self, path: str, source: bytes) -> None:
        """Write a module so that no bytecode of another version passes for its own."""
        file = self.root / path
        file.write_bytes(source)
        self._times += 10
        os.utime(file, (self._times, self._times))

    def fails(self, tests: list[str], seconds: float) -> str:
        """Run tests until one fails; return which, or what else went wrong, or nothing."""
        names = self.root.parent / "tests.txt"
        names.write_text("\n".join(tests), encoding="utf-8")
        command = [self.python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"@{names}"]
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE + FACTOR * seconds,
                process_group=0,
            )
        except subprocess.TimeoutExpired:
            return "timeout"
        if done.returncode == 0:
            return ""
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return failed[0][:200] if failed else f"exit code {done.returncode}: {done.stderr[-200:]}"
