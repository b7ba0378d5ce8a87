"""Measure what a cached import through a legacy path costs.

Each statement is compared with the same statement on the canonical path, without any
mechanism, and with two peers: a PEP 562 shim whose warnings are ignored by a filter, and an
override of ``builtins.__import__``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Times, interleave, nanoseconds, ratios
from tests.benchmarks.mechanisms import ENFORCER, NATIVE, OVERRIDE, WARNING_SHIM
from tests.benchmarks.world import write_timed, write_world

VARIANTS: Final = (NATIVE, ENFORCER, WARNING_SHIM, OVERRIDE)
TARGET_OF_NATIVE: Final = 3.5
TARGET_OF_SHIM: Final = 0.5
LOOPS: Final = 1000
REPEATS: Final = 7


@dataclass(frozen=True, slots=True)
class Statement:
    """Pair a legacy statement with its canonical counterpart.

    Attributes:
        legacy: the statement on the legacy path; also its name in the table.
        canonical: the same on the canonical path.
        of_native: whether the target against the canonical statement applies.
        of_shim: whether the target against the shim applies: only where the shim does
            something, for it does not notice an import that takes no name.

    """

    legacy: str
    canonical: str
    of_native: bool = False
    of_shim: bool = False


STATEMENTS: Final = (
    Statement("from legacy import X", "from canonical import X", of_native=True, of_shim=True),
    Statement("import legacy as m", "import canonical as m", of_native=True),
    Statement("import legacy as m; m.X", "import canonical as m; m.X", of_shim=True),
    Statement("import a.old", "import a.new", of_native=True),
    Statement("from a import old", "from a import new"),
    Statement("from a.old import X", "from a.new import X", of_native=True, of_shim=True),
    Statement('import_module("a.old")', 'import_module("a.new")'),
)


def measure_cost(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time every statement with every variant."""
    for variant in VARIANTS:
        write_world(folder / variant, variant)
        write_timed(folder / variant, "timed", _statements(variant))
        interpreter.compile(folder / variant)

    def measure(variant: str, number: int) -> Times:
        times: Times = interpreter.run(
            "statements",
            folder / variant,
            seed=number,
            mechanism=variant,
            module="timed",
            loops=LOOPS,
            repeats=REPEATS,
        )
        return times

    return interleave(VARIANTS, rounds, measure)


def _statements(variant: str) -> dict[str, str]:
    is_native = variant == NATIVE
    return {
        statement.legacy: statement.canonical if is_native else statement.legacy
        for statement in STATEMENTS
    }


def print_cost(console: Console, rounds: Rounds) -> None:
    """Print one row for each statement."""
    table = Table(title="Cached import through a legacy path", title_justify="left")
    table.add_column("statement")
    table.add_column("native", justify="right")
    for heading in (
        f"enforcer / native\n(target ≤ {TARGET_OF_NATIVE}x)",
        f"enforcer / warn shim\n(target ≤ {TARGET_OF_SHIM}x)",
        "warn shim / native",
        "__import__ override\n/ native",
    ):
        table.add_column(heading, justify="right")
    for statement in STATEMENTS:
        case = statement.legacy
        of_native = ratios(rounds, ENFORCER, NATIVE, case)
        of_shim = ratios(rounds, ENFORCER, WARNING_SHIM, case)
        table.add_row(
            case,
            f"{nanoseconds(rounds, NATIVE, case):.0f} ns",
            f"{of_native}{_verdict(of_native.median, TARGET_OF_NATIVE, statement.of_native)}",
            f"{of_shim}{_verdict(of_shim.median, TARGET_OF_SHIM, statement.of_shim)}",
            str(ratios(rounds, WARNING_SHIM, NATIVE, case)),
            str(ratios(rounds, OVERRIDE, NATIVE, case)),
        )
    console.print(table)
    console.print(
        "Medians over the rounds, quartiles in brackets. A row without a verdict has no target: "
        "the shim does not notice an import that takes no name from it.\n"
    )


def _verdict(ratio: float, target: float, applies: bool) -> str:  # noqa: FBT001 - a table's cell
    if not applies:
        return ""
    return " met" if ratio <= target else " MISSED"
