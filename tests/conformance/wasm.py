"""Run the conformance suite on CPythons compiled to WebAssembly, newer than those at hand.

They come from npm (the ``pyodide`` package) and need node. Where node, npm or the registry is
missing, that is said, and nothing fails. Usage: ``python tests/conformance/wasm.py``.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".venvs" / "wasm"
RUNNER = PROJECT / "tests" / "conformance" / "wasm.mjs"
RELEASES = {"3.14": "314.0.7", "3.15": "315.0.0-alpha.2"}


def install() -> str:
    """Install the interpreters; give what is missing, or nothing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    packages = [f"python{name}@npm:pyodide@{release}" for name, release in RELEASES.items()]
    done = subprocess.run(
        ["npm", "install", "--no-save", "--silent", "--prefix", str(FOLDER), *packages],  # noqa: S607 - from PATH
        check=False,
        timeout=300,
    )
    return "npm can't install them" if done.returncode else ""


def check(name: str) -> bool:
    """Run the suite on one interpreter; tell whether it passed."""
    pyodide = FOLDER / "node_modules" / f"python{name}"
    environment = {
        **os.environ,
        "CONFORMANCE_PYTHON": shlex.join(["node", str(RUNNER), str(pyodide)]),
        "CONFORMANCE_VERSION": name,
    }
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"]
    suite += ["-m", "not needs_host", "tests/conformance"]
    return subprocess.run(suite, check=False, cwd=PROJECT, env=environment).returncode == 0


def main() -> int:
    """Install, say what was found, run."""
    missing = install()
    if missing:
        sys.stdout.write(f"CPython {', '.join(RELEASES)} on WebAssembly: skipped, {missing}\n")
        return 0
    failed = []
    for name in RELEASES:
        sys.stdout.write(f"\n== CPython {name} on WebAssembly\n")
        sys.stdout.flush()
        if not check(name):
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
