"""Run the conformance suite on every CPython from 3.11 on, and the unit tests on the newest.

Run are this machine's own, those of uv, pyenv and PATH, and those that Debian has. Each gets a
virtual environment below ``.venvs/``. Where there are several of one minor version, the ways to
start a program run on the newest. Usage: ``python -m tests.conformance.everywhere [--on
VERSION]… [--required VERSION]… [TESTS]…``.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interpreters.__main__ import bring
from tests.interpreters.finding import PROJECT, Interpreter, own

NEWEST = "3.15"
"""Where the unit tests run too; on the own one `make unit` runs them."""

DRAWN = {"DEADLOCK_SCHEDULES": "50", "HYPOTHESIS_PROFILE": "elsewhere", "LEAK_SCALE": "0.05"}
"""A third of what is drawn at random: on the own CPython `make unit` runs all of it."""

say = sys.stdout.write


def build(folder: str) -> str:
    """Build the wheel that all interpreters install."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    words = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, "."]
    subprocess.run(words, check=True, cwd=PROJECT)
    return str(next(Path(folder).glob("*.whl")))


def run(one: Interpreter, *words: str | Path, **environ: str) -> int:
    """Run a command where an interpreter lives, in the project; return its exit code."""
    environment = {**one.environment(), **environ}
    return subprocess.run(one.command(*words), check=False, cwd=PROJECT, env=environment).returncode


def prepare(one: Interpreter) -> Path | None:
    """Make an interpreter's environment for the tests; return its Python, None on failure."""
    folder = one.environment_folder
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if ready.exists() and ready.stat().st_mtime >= (PROJECT / "pyproject.toml").stat().st_mtime:
        return python
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The newest hypothesis has no wheel for the free-threaded 3.13, and is built by Rust; pip
    # goes back to the newest that has one.
    pip += ["--only-binary", "hypothesis"]
    group = "test" if one.minor == NEWEST else "conformance"
    steps: list[list[str | Path]] = [
        [*pip, "--upgrade", "pip>=25.1"],  # knows dependency groups
        [*pip, "--editable", ".", "--group", group],
    ]
    if not ready.exists():
        steps.insert(0, [one.path, "-m", "venv", "--clear", folder])
    if not all(run(one, *step) == 0 for step in steps):
        return None
    ready.touch()
    return python


def tests_for(one: Interpreter, found: list[Interpreter]) -> list[str]:
    """Return the arguments of pytest for an interpreter, which may be one of several."""
    tests = ["tests/conformance"]
    # Servers and task queues don't promise to run without the GIL.
    newest = [other for other in found if other.minor == one.minor][-1]
    if one != newest or one.minor.endswith("t"):
        tests.append("--ignore=tests/conformance/starting")
    return [*tests, "tests/unit"] if one.minor == NEWEST else tests


def check(one: Interpreter, tests: list[str], wheel: str, prepared: Future[Path | None]) -> bool:
    """Run tests on one interpreter; return whether they passed."""
    began = time.monotonic()
    say(f"\n== CPython {one.name}: {' '.join(tests)}\n")
    sys.stdout.flush()
    python = prepared.result()
    made = time.monotonic()
    # One more than there are cores: many tests wait for the processes that they start.
    workers = str((os.cpu_count() or 1) + 1)
    passed = python is not None and not run(
        one,
        *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        # Some tests take a minute: nobody waits for one that has more of them in its queue.
        *("--numprocesses", workers, "--dist", "worksteal"),
        *tests,
        CONFORMANCE_WHEEL=wheel,
        **DRAWN,
    )
    say(
        f"{made - began:.0f} s of waiting for its packages, {time.monotonic() - made:.0f} s to test\n"
    )
    return passed


def main() -> int:
    """Find, run, and say what failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--on", action="append", default=[], metavar="VERSION")
    parser.add_argument("--required", action="append", default=[], metavar="VERSION")
    parser.add_argument("tests", nargs="*", metavar="TESTS")
    chosen = parser.parse_args()
    found, went_well = bring()
    found = [one for one in found if not chosen.on or one.is_named(chosen.on)]
    there = [own(), *found]
    failed = [] if went_well else ["the CPythons of Debian"]
    # The packages of the next interpreters are downloaded and installed beside the tests.
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as installing:
        prepared = {one: installing.submit(prepare, one) for one in found}
        wheel = build(folder)
        failed += [
            one.name
            for one in found
            if not check(one, chosen.tests or tests_for(one, found), wheel, prepared[one])
        ]
    failed += [
        f"{version} (there is none)"
        for version in chosen.required
        if not any(one.is_named([version]) for one in there)
    ]
    say(f"\nran on CPython {', '.join(one.name for one in found) or 'none but the own'}\n")
    if failed:
        say(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
