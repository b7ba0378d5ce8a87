"""Measure what the pytest plugin adds to a suite of two thousand trivial tests.

The target is for processor time: what else runs on a machine is in the other one.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Spread, Times, interleave

TESTS: Final = 2_000
TARGET: Final = 1.02

_FILES: Final = 20
_OFF: Final = "without the plugin"
_AGAIN: Final = "without the plugin, again"
_IDLE: Final = "installed, off"
_ON: Final = "pytest --enforcer"
_CASES: Final = {
    _OFF: ("-p", "no:enforcer"),
    _AGAIN: ("-p", "no:enforcer"),
    _IDLE: (),
    _ON: ("--enforcer",),
}
# Plugins that happen to be installed here would take most of the time of a start.
_PLAIN: Final = [
    *("-p", "no:cacheprovider"),
    *("-p", "no:hypothesispytest"),
    *("-p", "no:anyio"),
    *("-p", "no:xdist"),
]
_CPU: Final = "cpu"
_WALL: Final = "wall"


def measure_trivial_tests(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Run the suite in turn; by this very Python, whose environment has pytest."""
    folder.mkdir(parents=True)
    (folder / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    (folder / "new.py").write_text("X = 1\n")
    for number in range(_FILES):
        tests = (f"def test_{test}(): assert 1\n" for test in range(TESTS // _FILES))
        (folder / f"test_{number}.py").write_text("".join(tests))
    # Without PYTHONDONTWRITEBYTECODE, by which the enforcer would be compiled in each run.
    own = ("ENFORCER_", "PYTEST_", "PYTHON")
    environ = {key: text for key, text in os.environ.items() if not key.startswith(own)}

    def measure(case: str, _number: int) -> Times:
        words = [sys.executable, "-m", "pytest", "-q", *_PLAIN, *_CASES[case]]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(words, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {_CPU: cpu, _WALL: wall}

    measure(_ON, 0)  # writes the bytecode
    return interleave(tuple(_CASES), rounds, measure)


def print_trivial_tests(console: Console, rounds: Rounds) -> None:
    """Print each case against the first."""
    table = Table(title=f"A suite of {TESTS:,} trivial tests", title_justify="left")
    for heading in ("", "time", "time, ratio", "CPU, ratio", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for case in _CASES:
        ratios = {what: _ratio(rounds, case, what) for what in (_WALL, _CPU)}
        times = Spread.of(one[_WALL] for one in rounds[case])
        met = "met" if ratios[_CPU].median <= TARGET else "MISSED"
        target = f"≤ {TARGET:.2f}x: {met}" if case == _ON else ""
        shown = (f"{times.median:.2f} s", str(ratios[_WALL]), str(ratios[_CPU]), target)
        table.add_row(case, *shown)
    console.print(table)
    console.print()


def _ratio(rounds: Rounds, case: str, what: str) -> Spread:
    pairs = zip(rounds[case], rounds[_OFF], strict=True)
    return Spread.of(one[what] / other[what] for one, other in pairs)
