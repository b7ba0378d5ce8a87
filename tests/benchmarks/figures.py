"""Measure the figures of docs/design.md, on every CPython, for one table.

Beside what the enforcer costs stand the control (the same twice without it), the least that
Python allows (``least``) and two peers. Ratios are taken within a round of alternating
processes; each time is the best of many short repeats, because that one was disturbed least.
"""

import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, Times, interleave, ratios
from tests.benchmarks.large_world import write_large_world
from tests.benchmarks.mechanisms import ENFORCER, LEAST, NATIVE, OVERRIDE, WARNING_SHIM
from tests.benchmarks.world import MAP_FILE, write_timed, write_world

CONTROL: Final = "control"
VARIANTS: Final = (NATIVE, ENFORCER, CONTROL, LEAST, WARNING_SHIM, OVERRIDE)
LOOPS: Final = 30
REPEATS: Final = 150
STARTS_IN_A_ROUND: Final = 3

BARE: Final = "bare"
BARE_AGAIN: Final = "bare again"
MAPPED: Final = "1,000 rules"
MAIN: Final = "until main"
WHOLE: Final = "whole process"
_NS_IN_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class Figure:
    """Name a figure, what is timed for it, and what it may be.

    Attributes:
        legacy: the statement with the enforcer; also its name.
        native: what it is compared with.
        at_most: the ratio that is wanted; 1 means within the spread of the control.

    """

    legacy: str
    native: str
    at_most: float = 1.0

    @property
    def is_free(self) -> bool:
        """Whether it may cost nothing at all."""
        return self.at_most == 1.0


FIGURES: Final = (
    Figure("from legacy import X", "from canonical import X", 3.0),
    Figure("import legacy as m", "import canonical as m", 3.5),
    Figure('import_module("a.old")', 'import_module("a.new")', 4.0),
    Figure("a.VALUE", "a.VALUE", 3.5),
    Figure("from live import new_name", "from live import new_name", 2.0),
    Figure("import canonical as m", "import canonical as m"),
    Figure("from canonical import X", "from canonical import X"),
    Figure("from u.sub import X", "from u.sub import X"),
    Figure('import_module("u.sub")', 'import_module("u.sub")'),
    Figure("canonical.VALUE", "canonical.VALUE"),
)
STARTS: Final = ((MAIN, 5.0), (WHOLE, 10.0))
PROCESSOR: Final = ", processor time"
"""Behind the name of a case: what else runs on the machine lengthens that less."""

NOTE: Final = (
    "Medians. L: the least that Python allows (tests/benchmarks/least.py). C: the control, the "
    "same twice without the enforcer. S: a PEP 562 shim that warns. O: an override of "
    "__import__. cpu: processor time. Below 1 on 3.11: a plain module pays there for a message "
    "that nobody sees."
)
_BEGIN: Final = "<!-- figures: written by python -m tests.benchmarks --write -->\n"
_END: Final = "<!-- figures end -->\n"

_SETUP: Final = "import a, canonical, live, unrelated\n"


def measure_figures(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time all figures with one interpreter."""
    for variant in VARIANTS:
        world = folder / variant
        write_world(world, NATIVE if variant == CONTROL else variant)
        is_native = variant in (NATIVE, CONTROL)
        statements = {one.legacy: one.native if is_native else one.legacy for one in FIGURES}
        write_timed(world, "timed", statements, _SETUP)
        interpreter.compile(world)

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

    return interleave(VARIANTS, rounds, measure) | _measure_starts(interpreter, folder, rounds)


def _measure_starts(interpreter: Interpreter, folder: Path, rounds: int) -> Rounds:
    world = folder / "starts"
    world.mkdir()
    write_large_world(world)
    (world / "program.py").write_text(
        "import time\nprint(time.monotonic_ns(), time.process_time_ns())\n"
    )
    package = world / "package"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "enforcer", package / "enforcer", ignore=leave_out)
    for file in (PROJECT / "startup").glob("enforcer_*"):
        shutil.copy(file, package) if file.is_file() else None
    mapped = {"ENFORCER_MAP": str(world / MAP_FILE), "PYTHONPATH": str(world)}
    variants = {BARE: None, MAPPED: mapped, BARE_AGAIN: None}
    count = rounds * STARTS_IN_A_ROUND
    measured: Rounds = interpreter.run("starts", world, variants=variants, rounds=count)
    return measured


def print_figures(console: Console, measured: dict[str, Rounds]) -> None:
    """Print one table for all interpreters: figure, and what it is on each of them."""
    table = Table(title="Figures, against the same without the enforcer", title_justify="left")
    headings, *rows = _rows(measured)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"{NOTE}\n")


def write_figures(page: Path, measured: dict[str, Rounds]) -> None:
    """Write the same table into a page, between the two comments that mark its place.

    Args:
        page: a file in Markdown.
        measured: the rounds of each interpreter, by its version.

    Raises:
        ValueError: if the page has no such place.

    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        message = (
            f'"{page}" has no place for the table: a line {_BEGIN.strip()}, and {_END.strip()}'
        )
        raise ValueError(message)
    headings, *rows = _rows(measured)
    statements = {figure.legacy for figure in FIGURES}
    for row in rows:
        row[0] = f"`{row[0]}`" if row[0] in statements else row[0]
    rule = "|".join(["---", *("---:" for _ in headings[1:])])
    cells = [f"| {' | '.join(row)} |".replace("\n", "<br>") for row in rows]
    lines = [f"| {' | '.join(headings)} |", f"|{rule}|", *cells]
    table = "\n".join(lines)
    page.write_text(f"{before}{begin}{table}\n\n{NOTE}\n{end}{after}", encoding="utf-8")


def _rows(measured: dict[str, Rounds]) -> list[list[str]]:
    """Return the table with its headings, one list for each row."""
    rows = [["figure", "at most", *measured]]
    for figure in FIGURES:
        wanted = "control" if figure.is_free else f"{figure.at_most:g}x"
        cells = [_cell(rounds, figure) for rounds in measured.values()]
        rows.append([figure.legacy, wanted, *cells])
    for case, most in STARTS:
        cells = [_added(rounds, case, most) for rounds in measured.values()]
        rows.append([f"{MAPPED}, {case}", f"{most:g} ms", *cells])
    return rows


def _cell(rounds: Rounds, figure: Figure) -> str:
    case = figure.legacy
    ratio = ratios(rounds, ENFORCER, NATIVE, case)
    control = ratios(rounds, CONTROL, NATIVE, case)
    if figure.is_free:
        is_met = ratio.overlaps(control)
        return f"{ratio.median:.2f}{'' if is_met else ' !'}\nC {control.low:.2f}-{control.high:.2f}"
    peers = {"L": LEAST, "S": WARNING_SHIM, "O": OVERRIDE}
    beside = [f"{key} {ratios(rounds, one, NATIVE, case).median:.2f}" for key, one in peers.items()]
    missed = "" if ratio.median <= figure.at_most else " !"
    return f"{ratio.median:.2f}{missed}\n{' '.join(beside)}\nC {control.median:.2f}"


def _added(rounds: Rounds, case: str, at_most: float) -> str:
    added = _difference(rounds, MAPPED, case)
    missed = "" if added <= at_most else " !"
    cpu = _difference(rounds, MAPPED, f"{case}{PROCESSOR}")
    control = _difference(rounds, BARE_AGAIN, case)
    return f"{added:+.1f} ms{missed}\ncpu {cpu:+.1f}\nC {control:+.1f}"


def _difference(rounds: Rounds, variant: str, case: str) -> float:
    pairs = zip(rounds[variant], rounds[BARE], strict=True)
    return statistics.median((one[case] - other[case]) / _NS_IN_MS for one, other in pairs)
