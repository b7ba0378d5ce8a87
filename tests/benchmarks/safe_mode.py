"""Measure what a cached import through a legacy path costs in safe mode.

A process that begins in safe mode has plain entries in ``sys.modules``, so it has to cost what the
same statement costs on the canonical path. One that was switched while it ran keeps its aliases.
"""

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.cost import STATEMENTS
from tests.benchmarks.harness import Interpreter, Rounds, Times, interleave, nanoseconds, ratios
from tests.benchmarks.mechanisms import ENFORCER, NATIVE, SAFE, SWITCHED
from tests.benchmarks.world import write_timed, write_world

CONTROL: Final = "control"
VARIANTS: Final = (NATIVE, SAFE, SWITCHED, ENFORCER, CONTROL)
LOOPS: Final = 1000
REPEATS: Final = 7
NEGLIGIBLE: Final = 0.05


def measure_safe_mode(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time every statement natively, in safe mode, and watched."""
    for variant in VARIANTS:
        write_world(folder / variant, variant)
        write_timed(folder / variant, "timed", _statements(variant))
        interpreter.compile(folder / variant)

    def measure(variant: str, number: int) -> Times:
        times: Times = interpreter.run(
            "statements",
            folder / variant,
            seed=number,
            mechanism=NATIVE if variant == CONTROL else variant,
            module="timed",
            loops=LOOPS,
            repeats=REPEATS,
        )
        return times

    return interleave(VARIANTS, rounds, measure)


def _statements(variant: str) -> dict[str, str]:
    is_native = variant in (NATIVE, CONTROL)
    return {one.legacy: one.canonical if is_native else one.legacy for one in STATEMENTS}


def print_safe_mode(console: Console, rounds: Rounds) -> None:
    """Print one row for each statement."""
    table = Table(title="Cached import through a legacy path, safe mode", title_justify="left")
    for heading in (
        "statement",
        "native",
        "safe from the start\n/ native",
        "switched / native",
        "watched / native",
        "control / native",
    ):
        table.add_column(heading, justify="left" if heading == "statement" else "right")
    for statement in STATEMENTS:
        case = statement.legacy
        safe = ratios(rounds, SAFE, NATIVE, case)
        control = ratios(rounds, CONTROL, NATIVE, case)
        is_met = safe.median <= max(control.high, 1 + NEGLIGIBLE)
        table.add_row(
            case,
            f"{nanoseconds(rounds, NATIVE, case):.0f} ns",
            f"{safe} {'met' if is_met else 'MISSED'}",
            str(ratios(rounds, SWITCHED, NATIVE, case)),
            str(ratios(rounds, ENFORCER, NATIVE, case)),
            str(control),
        )
    console.print(table)
    console.print("Medians over the rounds, quartiles in brackets.\n")
