"""Measure the memory that a thousand rules and ten thousand call sites take."""

import statistics
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Spread, Times, interleave
from tests.benchmarks.large_world import (
    CANONICAL,
    LEGACY,
    RULES,
    write_callers,
    write_large_world,
)

SITES: Final = 10_000
TARGET_MIB: Final = 10.0

_CASES: Final = ("resident", "flushed")
_MIB: Final = 1 << 20


def measure_memory(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Run the same program over the canonical and over the legacy paths."""
    write_large_world(folder)
    modules = {name: write_callers(folder, name, SITES) for name in (CANONICAL, LEGACY)}
    interpreter.compile(folder)

    def measure(package: str, number: int) -> Times:
        times: Times = interpreter.run(
            "memory",
            folder,
            seed=number,
            modules=modules[package],
            preloaded=[f"{CANONICAL}.m{n}" for n in range(RULES)],
            enabled=package == LEGACY,
        )
        return times

    measure(LEGACY, 0)  # writes the enforcer's cache
    return interleave((CANONICAL, LEGACY), rounds, measure)


def print_memory(console: Console, rounds: Rounds) -> None:
    """Print both, and what the enforcer adds."""
    plain = statistics.median(times[_CASES[0]] for times in rounds[CANONICAL]) / _MIB
    table = Table(
        title=f"Resident memory with {RULES:,} rules and {SITES:,} call sites", title_justify="left"
    )
    for heading in ("canonical paths, not enabled", "added by the enforcer", "after a flush"):
        table.add_column(heading, justify="right")
    table.add_column("target")
    added = [_added(rounds, case) for case in _CASES]
    table.add_row(
        f"{plain:.1f} MiB",
        *(f"{each.median:.1f} MiB [{each.low:.1f}-{each.high:.1f}]" for each in added),
        f"< {TARGET_MIB:g} MiB: {'met' if added[0].median < TARGET_MIB else 'MISSED'}",
    )
    console.print(table)
    console.print()


def _added(rounds: Rounds, case: str) -> Spread:
    pairs = zip(rounds[LEGACY], rounds[CANONICAL], strict=True)
    return Spread.of((one[case] - other[case]) / _MIB for one, other in pairs)
