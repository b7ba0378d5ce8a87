"""Measure the first import of many unrelated modules, where every finder is asked."""

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Times, interleave, nanoseconds, ratios
from tests.benchmarks.mechanisms import ENFORCER, NATIVE
from tests.benchmarks.untouched import CONTROL, OFF, ON, VARIANTS
from tests.benchmarks.world import write_tiny_modules, write_world

MODULES: Final = 1000

_CASE: Final = "all"
_NANOSECONDS_IN_A_MILLISECOND: Final = 1e6


def measure_first_imports(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time the first import of a thousand tiny modules with and without the enforcer."""
    write_world(folder, NATIVE)
    modules = write_tiny_modules(folder, MODULES)
    interpreter.compile(folder)

    def measure(variant: str, number: int) -> Times:
        mechanism = ENFORCER if variant == ON else NATIVE
        times: Times = interpreter.run(
            "first_imports", folder, seed=number, mechanism=mechanism, modules=modules
        )
        return times

    return interleave(VARIANTS, rounds, measure)


def print_first_imports(console: Console, rounds: Rounds) -> None:
    """Print the ratio, with the control beside it."""
    ratio = ratios(rounds, ON, OFF, _CASE)
    control = ratios(rounds, CONTROL, OFF, _CASE)
    table = Table(title=f"First imports of {MODULES:,} unrelated modules", title_justify="left")
    for heading in ("without", "enabled / not enabled", "control", "target"):
        table.add_column(heading, justify="right")
    table.add_row(
        f"{nanoseconds(rounds, OFF, _CASE) / _NANOSECONDS_IN_A_MILLISECOND:.1f} ms",
        str(ratio),
        str(control),
        f"no difference beyond the spread: {'met' if ratio.overlaps(control) else 'MISSED'}",
    )
    console.print(table)
    console.print()
