"""Run the benchmark: ``python -m tests.benchmarks``.

Prints ratios with their spread, the peers in the same run. It asserts nothing; a run takes
a minute or two for each Python.
"""

import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from tests.benchmarks.callers import as_json, measure_callers, print_callers
from tests.benchmarks.cost import measure_cost, print_cost
from tests.benchmarks.dashboard import measure_dashboard, print_dashboard
from tests.benchmarks.figures import measure_figures, print_figures, write_figures
from tests.benchmarks.first_imports import measure_first_imports, print_first_imports
from tests.benchmarks.fleet import measure_fleet, print_fleet
from tests.benchmarks.harness import PROJECT, Interpreter
from tests.benchmarks.initial_map import measure_initial_map, print_initial_map
from tests.benchmarks.instances import measure_instances, print_instances
from tests.benchmarks.memory import measure_memory, print_memory
from tests.benchmarks.rewriting import measure_rewriting, print_rewriting
from tests.benchmarks.safe_mode import measure_safe_mode, print_safe_mode
from tests.benchmarks.source_scan import measure_source_scan, print_source_scan
from tests.benchmarks.start_up import measure_start_up, print_start_up
from tests.benchmarks.store_clickhouse import measure_store_clickhouse, print_store_clickhouse
from tests.benchmarks.store_ingest import measure_store_ingest, print_store_ingest
from tests.benchmarks.telemetry import (
    measure_end,
    measure_outage,
    measure_reporter,
    measure_telemetry_cost,
    print_end,
    print_outage,
    print_reporter,
    print_telemetry_cost,
)
from tests.benchmarks.telemetry_versions import measure_versions, print_versions
from tests.benchmarks.trivial_tests import measure_trivial_tests, print_trivial_tests
from tests.benchmarks.untouched import measure_untouched, print_untouched
from tests.benchmarks.verdicts import measure_verdicts, print_verdicts
from tests.interpreters.__main__ import bring
from tests.interpreters.finding import own

_TIMED: Final = {
    "cost": (measure_cost, print_cost, 11),
    "safe-mode": (measure_safe_mode, print_safe_mode, 11),
    "untouched": (measure_untouched, print_untouched, 15),
    "first-imports": (measure_first_imports, print_first_imports, 21),
    "start-up": (measure_start_up, print_start_up, 21),
    "instances": (measure_instances, print_instances, 15),
    "memory": (measure_memory, print_memory, 5),
    "source-scan": (measure_source_scan, print_source_scan, 5),
    "store-ingest": (measure_store_ingest, print_store_ingest, 5),
    "store-clickhouse": (measure_store_clickhouse, print_store_clickhouse, 1),
    "fleet": (measure_fleet, print_fleet, 1),
    "test-runs": (measure_trivial_tests, print_trivial_tests, 15),
    "dashboard": (measure_dashboard, print_dashboard, 40),
    "rewriting": (measure_rewriting, print_rewriting, 5),
    "verdict": (measure_verdicts, print_verdicts, 5),
    "initial-map": (measure_initial_map, print_initial_map, 5),
    "telemetry-cost": (measure_telemetry_cost, print_telemetry_cost, 11),
    "telemetry-reporter": (measure_reporter, print_reporter, 7),
    "telemetry-outage": (measure_outage, print_outage, 5),
    "telemetry-end": (measure_end, print_end, 7),
    "telemetry-versions": (measure_versions, print_versions, 3),
}
FIGURES: Final = "figures"
FIGURES_ROUNDS: Final = 5
SECTIONS: Final = ("callers", FIGURES, *_TIMED)
QUICK_ROUNDS: Final = 3
PAGE: Final = PROJECT / "docs" / "benchmarks.md"


@click.command()
@click.option(
    "--python",
    "pythons",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, executable=True),
    help="Measure with this Python; repeatable.",
)
@click.option("--everywhere", is_flag=True, help="Measure with every CPython that is found.")
@click.option("--only", multiple=True, type=click.Choice(SECTIONS), help="Run this section only.")
@click.option("--quick", is_flag=True, help=f"Take {QUICK_ROUNDS} rounds instead of all.")
@click.option("--write", is_flag=True, help=f"Write the table of figures into {PAGE.name}.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write raw results.")
def main(  # noqa: PLR0913, PLR0917 - one parameter for each option
    pythons: tuple[str, ...],
    everywhere: bool,  # noqa: FBT001 - click passes flags by name
    only: tuple[str, ...],
    quick: bool,  # noqa: FBT001 - click passes flags by name
    write: bool,  # noqa: FBT001 - click passes flags by name
    json_file: Path | None,
) -> None:
    """Measure who sees the callers and what it costs."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    results = {}
    figures = {}
    interpreters = [Interpreter.find(path) for path in pythons or (sys.executable,)]
    if everywhere:
        interpreters = [Interpreter.at(place) for place in (own(), *bring()[0])]
    for interpreter in interpreters:
        console.rule(f"Python {interpreter.version}, {platform.machine()}")
        results[interpreter.version] = _run(console, interpreter, only or SECTIONS, is_quick=quick)
        figures[interpreter.version] = results[interpreter.version].pop(FIGURES, None)
    shown = {version: rounds for version, rounds in figures.items() if rounds is not None}
    if shown:
        print_figures(console, shown)
        if write:
            write_figures(PAGE, shown)
    if json_file:
        for version, rounds in shown.items():
            results[version][FIGURES] = rounds
        json_file.write_text(json.dumps(results, indent=2) + "\n")


def _run(
    console: Console, interpreter: Interpreter, sections: tuple[str, ...], *, is_quick: bool
) -> dict[str, object]:
    """Run sections with one Python, print their tables and give the raw results."""
    raw: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="enforcer-benchmark-") as folder:
        if "callers" in sections:
            outcomes = measure_callers(interpreter, Path(folder, "callers"))
            print_callers(console, outcomes)
            raw["callers"] = as_json(outcomes)
        if FIGURES in sections:
            count = QUICK_ROUNDS if is_quick else FIGURES_ROUNDS
            raw[FIGURES] = measure_figures(interpreter, Path(folder, FIGURES), rounds=count)
        for name, (measure, show, rounds) in _TIMED.items():
            if name in sections:
                count = QUICK_ROUNDS if is_quick else rounds
                measured = measure(interpreter, Path(folder, name), rounds=count)
                show(console, measured)
                raw[name] = measured
    return raw


if __name__ == "__main__":
    main()
