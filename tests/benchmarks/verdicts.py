"""Measure ``enforcer verdict`` over a store with a fleet's year in it, in processor time.

Every path in it is in use. The pauses of callers are read of quiet paths only, and cost more.
"""

import os
import resource
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console

from tests.benchmarks.dashboard import STORE_KEY
from tests.benchmarks.full_store import PROCESSES, RULES, SERVICES, SITES, fill
from tests.benchmarks.harness import Interpreter

MOST_SECONDS: Final = 1.0


def measure_verdicts(interpreter: Interpreter, folder: Path, *, rounds: int) -> dict[str, object]:
    """Time the command, by the processor.

    Args:
        interpreter: what the command runs with.
        folder: where the store is filled, unless the environment names one.
        rounds: how often to run it.

    """
    named = os.environ.get(STORE_KEY)
    store = Path(named) if named else folder / "uses.db"
    folder.mkdir(parents=True, exist_ok=True)
    if not store.exists():
        fill(store, time.time_ns())
    return {"in use": [_seconds(interpreter, folder, store) for _ in range(rounds)]}


def _seconds(interpreter: Interpreter, folder: Path, store: Path) -> float:
    (folder / "enforcer.toml").write_text(_map(), "utf-8")
    words = [interpreter.path, "-m", "enforcer", "verdict", "--short", "--store", str(store)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert f"{RULES} legacy paths:" in found.stdout, found.stderr
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _map() -> str:
    services = ", ".join(f'"service-{number}"' for number in range(SERVICES))
    rules = (
        f'[[rule]]\nlegacy = "fleet.old_{number}"\ncanonical = "fleet.new_{number}"\n'
        for number in range(RULES)
    )
    return f"[enforcer]\nexpected_services = [{services}]\n" + "".join(rules)


def print_verdicts(console: Console, measured: dict[str, object]) -> None:
    """Print the processor time."""
    seconds = measured["in use"]
    assert isinstance(seconds, list)
    middle = median(seconds)
    console.print(
        f"enforcer verdict, {SITES:,} call sites, {RULES} rules, {PROCESSES} processes, a year: "
        f"{middle:.2f} s of processor time (from {min(seconds):.2f} to {max(seconds):.2f}); "
        f"target: at most {MOST_SECONDS:.0f} s: {'met' if middle <= MOST_SECONDS else 'MISSED'}\n"
    )
