"""Count which callers of a legacy path each mechanism sees.

Ten caller modules with four import forms each, every one of them executed twice:
40 call sites, 80 executions. It is done twice: with the import alone, and with the import
followed by a use of what it gave. A call site is seen if the mechanism blames its line.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.benchmarks.harness import Interpreter, is_installed
from tests.benchmarks.mechanisms import MECHANISMS, Mechanism
from tests.benchmarks.world import write_world

CALLERS: Final = 10
RUNS: Final = 2
FORMS: Final = (
    ("import a.old", "a.old.X()"),
    ("from a import old", "old.X()"),
    ("from a.old import X", "X()"),
    ('old = importlib.import_module("a.old")', "old.X()"),
)
SITES: Final = CALLERS * len(FORMS)
EXECUTIONS: Final = SITES * RUNS

_FIRST_FORM_LINE: Final = 3
_LINES_OF_A_FORM: Final = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """Say how many callers a mechanism saw in one process."""

    sites: int
    executions: int
    by_import_module: int
    blamed_elsewhere: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say what a mechanism saw and whether old and new path are one definition."""

    label: str
    imported: Seen
    used: Seen
    is_same_object: bool
    is_patched: bool


def measure_callers(interpreter: Interpreter, folder: Path) -> list[Outcome]:
    """Run the experiment with every mechanism that is installed."""
    return [
        _measure(interpreter, folder / mechanism.key, mechanism)
        for mechanism in MECHANISMS
        if is_installed(mechanism.requires)
    ]


def _measure(interpreter: Interpreter, folder: Path, mechanism: Mechanism) -> Outcome:
    write_world(folder, mechanism.key)
    for number in range(CALLERS):
        (folder / f"imports_{number}.py").write_text(_caller_text(is_used=False))
        (folder / f"uses_{number}.py").write_text(_caller_text(is_used=True))
    results = {
        kind: interpreter.run(
            "callers",
            folder,
            mechanism=mechanism.key,
            modules=[f"{kind}_{number}" for number in range(CALLERS)],
            forms=len(FORMS),
            runs=RUNS,
        )
        for kind in ("imports", "uses")
    }
    return Outcome(
        label=mechanism.label,
        imported=_read(results["imports"]["seen"], "imports"),
        used=_read(results["uses"]["seen"], "uses"),
        is_same_object=results["uses"]["is_same_object"],
        is_patched=results["uses"]["is_patched"],
    )


def _caller_text(*, is_used: bool) -> str:
    lines = ["import importlib"]
    for number, (statement, use) in enumerate(FORMS):
        body = f"{statement}; {use}" if is_used else statement
        lines += [f"def form_{number}():", f"    {body}"]
    return "\n".join(lines) + "\n"


def _read(seen: dict[str, int], kind: str) -> Seen:
    """Match the lines that were blamed with the lines where the callers are."""
    form_lines = [_FIRST_FORM_LINE + _LINES_OF_A_FORM * form for form in range(len(FORMS))]
    expected = [f"{kind}_{number}.py:{line}" for number in range(CALLERS) for line in form_lines]
    last_form = f":{form_lines[-1]}"
    return Seen(
        sites=sum(place in seen for place in expected),
        executions=sum(seen.get(place, 0) for place in expected),
        by_import_module=sum(place in seen for place in expected if place.endswith(last_form)),
        blamed_elsewhere=sum(count for place, count in seen.items() if place not in expected),
    )


def print_callers(console: Console, outcomes: list[Outcome]) -> None:
    """Print one row for each mechanism."""
    table = Table(title="Who sees the callers", title_justify="left")
    table.add_column("mechanism")
    for heading in (
        f"sites\n/{SITES}",
        f"executions\n/{EXECUTIONS}",
        f"import_module\n/{CALLERS}",
        f"sites, used\n/{SITES}",
        f"executions, used\n/{EXECUTIONS}",
        "one\ndefinition",
        "patching\nworks",
    ):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        table.add_row(
            escape(outcome.label),
            str(outcome.imported.sites),
            str(outcome.imported.executions),
            str(outcome.imported.by_import_module),
            str(outcome.used.sites),
            str(outcome.used.executions),
            "yes" if outcome.is_same_object else "no",
            "yes" if outcome.is_patched else "no",
        )
    console.print(table)
    console.print(
        "Used: the import is followed by a use of what it gave, on the same line. "
        "One definition: a.old.X is a.new.X. Patching works: mock.patch('a.old.X') "
        "reaches a.new.\n"
    )


def as_json(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """Give the outcomes as plain data."""
    return [asdict(outcome) for outcome in outcomes]
