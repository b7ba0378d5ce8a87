"""Measure what the enforcer costs code that has nothing to do with a legacy path.

The same statements run with and without it. A second process without it in every round is
the control: how far two equal measurements are apart in this run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Times, interleave, nanoseconds, ratios
from tests.benchmarks.mechanisms import ENFORCER, NATIVE
from tests.benchmarks.world import write_timed, write_world

OFF: Final = "off"
ON: Final = "on"
CONTROL: Final = "control"
VARIANTS: Final = (OFF, ON, CONTROL)

LOOPS: Final = 2000
REPEATS: Final = 9
AT_MOST: Final = 3.5
NEGLIGIBLE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Case:
    """Name what is done to which code.

    Attributes:
        what: the row's name.
        statement: what is timed.
        is_exception: whether this is the one stated exception, code whose module needs a
            class of its own; otherwise it has to cost what it costs without the enforcer.

    """

    what: str
    statement: str
    is_exception: bool = False


CASES: Final = (
    Case("canonical module, import", "import canonical"),
    Case("canonical module, import as", "import canonical as m"),
    Case("canonical module, from-import", "from canonical import X"),
    Case("canonical in a package, import as", "import b.new as m"),
    Case("canonical in a package, from-import", "from b.new import X"),
    Case("canonical beside a legacy child, from-import", "from a.new import X"),
    Case("unrelated module, import", "import unrelated"),
    Case("unrelated module, from-import", "from u.sub import X"),
    Case("unrelated module, import_module", 'import_module("u.sub")'),
    Case("attribute of a canonical module", "canonical.VALUE"),
    Case("attribute of an unrelated module", "unrelated.VALUE"),
    Case("attribute of a package with a legacy child", "a.VALUE", is_exception=True),
    Case("attribute of a live module with a legacy name", "live.VALUE", is_exception=True),
    Case("from a package with a legacy child", "from a import VALUE", is_exception=True),
    Case("canonical beside a legacy child, import as", "import a.new as m", is_exception=True),
    Case("from a live module with a legacy name", "from live import VALUE", is_exception=True),
)

_SETUP: Final = """\
import a, canonical, live, unrelated
try:
    import a.old, legacy
except ImportError:
    pass
"""


def measure_untouched(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time every case with and without the enforcer."""
    write_world(folder, NATIVE)
    write_timed(folder, "timed", {case.what: case.statement for case in CASES}, _SETUP)
    interpreter.compile(folder)

    def measure(variant: str, number: int) -> Times:
        times: Times = interpreter.run(
            "statements",
            folder,
            seed=number,
            mechanism=ENFORCER if variant == ON else NATIVE,
            module="timed",
            loops=LOOPS,
            repeats=REPEATS,
        )
        return times

    return interleave(VARIANTS, rounds, measure)


def print_untouched(console: Console, rounds: Rounds) -> None:
    """Print one row for each case, with the control beside it."""
    table = Table(title="Code that no legacy path concerns", title_justify="left")
    table.add_column("cached")
    for heading in ("without", "enabled / not enabled", "control", "target"):
        table.add_column(heading, justify="right")
    for case in CASES:
        ratio = ratios(rounds, ON, OFF, case.what)
        control = ratios(rounds, CONTROL, OFF, case.what)
        if case.is_exception:
            target = f"≤ {AT_MOST}x {'met' if ratio.median <= AT_MOST else 'MISSED'}"
        else:
            is_equal = ratio.overlaps(control) or abs(ratio.median - 1) <= NEGLIGIBLE
            target = f"1.00x {'met' if is_equal else 'MISSED'}"
        without = f"{nanoseconds(rounds, OFF, case.what):.1f} ns"
        table.add_row(case.what, without, str(ratio), str(control), target)
    console.print(table)
    console.print(
        "Control: a second process without the enforcer against the first. 1.00x is met if the "
        f"quartiles overlap the control's, or the median is within {NEGLIGIBLE:.0%}.\n"
    )
