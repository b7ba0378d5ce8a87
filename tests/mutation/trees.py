"""Copies of the tree in which mutants live, each with an environment of its own.

Tests start processes that find the package by the environment they run in, so a copy needs one
whose ``enforcer`` is the copy's. Everything else it has from the environment that made it.
"""

import json
import os
import py_compile
import shutil
import signal
import site
import subprocess
import sys
import threading
import venv
from contextlib import suppress
from pathlib import Path

import pytest

LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".mutation", ".*_cache", "__pycache__", "dist")
TIMEOUT = "timeout"
PATIENCE = 90.0
FACTOR = 20.0
"""How many seconds the tests of a mutant may take, and how much longer than without it besides."""


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
        # Tests start processes that are told to write no bytecode, and would compile all each time.
        compiling = [self.python, "-m", "compileall", "-q", str(self.root / "enforcer")]
        subprocess.run(compiling, check=True)
        self._times = 1_000_000_000
        self._zygote: subprocess.Popen[str] | None = None

    def write(self, path: str, source: bytes) -> None:
        """Write a module so that no bytecode of another version passes for its own."""
        file = self.root / path
        file.write_bytes(source)
        self._times += 10
        os.utime(file, (self._times, self._times))
        py_compile.compile(str(file), doraise=True)

    def fails(self, tests: list[str], seconds: float) -> str:
        """Run tests until one fails; return which, or what else went wrong, or nothing."""
        place = self.root.parent
        (place / "tests.txt").write_text("\n".join(tests), encoding="utf-8")
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        output = place / "output.txt"
        request = {"arguments": [*options, f"@{place / 'tests.txt'}"], "output": str(output)}
        child, code = self._ask(request, PATIENCE + FACTOR * seconds)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what its tests left behind
        if code == 0:
            return ""
        if code == -signal.SIGKILL:
            return TIMEOUT
        said = output.read_text(encoding="utf-8", errors="replace")
        assert code in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED} or code < 0, said
        failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return failed[0][:160] if failed else f"exit code {code}: {said[-160:]}"

    def _ask(self, request: dict[str, object], seconds: float) -> tuple[int, int]:
        zygote = self._zygote = self._zygote or self._start()
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.write(json.dumps(request) + "\n")
        zygote.stdin.flush()
        child = int(zygote.stdout.readline())
        timer = threading.Timer(seconds, os.killpg, (child, signal.SIGKILL))
        timer.start()
        try:
            return child, int(zygote.stdout.readline())
        finally:
            timer.cancel()

    def _start(self) -> "subprocess.Popen[str]":
        zygote = subprocess.Popen(
            [self.python, "-m", "tests.mutation.zygote"],
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert zygote.stdout is not None
        assert zygote.stdout.readline() == "ready\n"
        return zygote

    def close(self) -> None:
        """End what runs in it."""
        if self._zygote is not None:
            with self._zygote as zygote:
                assert zygote.stdin is not None
                zygote.stdin.close()
