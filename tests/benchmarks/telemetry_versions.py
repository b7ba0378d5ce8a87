"""Measure the telemetry of this version and of the last one without the SDK, in the same run."""

import json
import resource
import statistics
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.collectors import OFF, ON, REFUSED, SILENT, collector
from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, Times, interleave
from tests.installing import Python, build, build_commit, empty
from tests.patience import PATIENCE, environment_without

BEFORE: Final = "94a60cf"
"""The last commit whose telemetry spoke OTLP by itself."""

CHILD: Final = Path(__file__).with_name("telemetry_versions_child.py")
_FORKS: Final = 30
_MANY: Final = 10_000


class Run(NamedTuple):
    """One run of the child: what it does, the collector that it has, and how large it is."""

    task: str
    to: str
    size: int = 100


class Figure(NamedTuple):
    """One row of the table.

    Attributes:
        run: what gives it.
        key: its name in the result of that run.
        most: what it may be at most; None if it is only reported.
        above: the run whose result is subtracted, if there is one.

    """

    run: Run
    key: str
    most: float | None = None
    above: Run | None = None


_FIRST: Final = Run("flush", ON)
_FIRST_MANY: Final = Run("flush", ON, _MANY)
_END: Final = Run("end", OFF)
_FORK: Final = Run("fork", SILENT, _FORKS)

FIGURES: Final = {
    "first flush, 100 call sites, processor time above off, ms": Figure(
        _FIRST, "worked", 20, Run("flush", OFF)
    ),
    "first flush, 10,000 call sites, processor time above off, ms": Figure(
        _FIRST_MANY, "worked", 3600, Run("flush", OFF, _MANY)
    ),
    "  meanwhile another thread is late, p99, ms": Figure(_FIRST_MANY, "late", 10),
    "end of a process, telemetry off, ms": Figure(_END, "end"),
    "end, collector silent, ms": Figure(Run("end", SILENT), "end", 1000),
    "end, collector refuses, above off, ms": Figure(Run("end", REFUSED), "end", 80, _END),
    "  of that processor time, ms": Figure(Run("end", REFUSED), "work of the end", None, _END),
    "fork while a request hangs, p50, ms": Figure(_FORK, "p50", 10),
    "fork while a request hangs, max, ms": Figure(_FORK, "max", 100),
    "fork, telemetry off, p50, ms": Figure(Run("fork", OFF, _FORKS), "p50"),
    "processor time to load what sends, above off, ms": Figure(
        _FIRST, "loaded", None, Run("flush", OFF)
    ),
    "memory with an endpoint, MB": Figure(Run("memory", ON), "memory"),
    "no endpoint: modules": Figure(Run("start", OFF), "modules"),
    "no endpoint: start, ms": Figure(Run("start", OFF), "took"),
}


def measure_versions(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Take every figure of both versions, by turns."""
    pythons = {"before": empty(folder / "before"), "after": empty(folder / "after")}
    for name in ("sources", "wheel"):
        (folder / name).mkdir()
    pythons["before"].install(build_commit(BEFORE, folder / "sources"))
    pythons["after"].install(build(PROJECT, folder / "wheel"))
    count = 0

    def measure(variant: str, _number: int) -> Times:
        nonlocal count
        known: dict[Run, Times] = {}
        for figure in FIGURES.values():
            for run in (figure.run, figure.above):
                if run is not None and run not in known:
                    count += 1
                    known[run] = _run(pythons[variant], folder / f"world{count}", run)
        return {name: _value(figure, known) for name, figure in FIGURES.items()}

    return interleave(("before", "after"), rounds, measure)


def _value(figure: Figure, known: dict[Run, Times]) -> float:
    value = known[figure.run][figure.key]
    return value if figure.above is None else value - known[figure.above][figure.key]


def print_versions(console: Console, rounds: Rounds) -> None:
    """Print one row for each figure: the medians, and whether this version is as wanted."""
    table = Table(title="Telemetry before and after the SDK", title_justify="left")
    for heading in ("", "before", "after", "wanted"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, figure in FIGURES.items():
        cells = [statistics.median(times[name] for times in rounds[each]) for each in rounds]
        wanted = ""
        if figure.most is not None:
            wanted = f"≤ {figure.most:g}: {'met' if cells[1] <= figure.most else 'MISSED'}"
        table.add_row(name, *(f"{each:,.1f}" for each in cells), wanted)
    console.print(table)
    console.print()


def _run(python: Python, world: Path, run: Run) -> Times:
    world.mkdir()
    rule = '[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
    (world / "enforcer.toml").write_text(f"[enforcer]\n{rule}", encoding="utf-8")
    (world / "new.py").touch()
    with collector(run.to) as endpoint:
        variables = {
            **environment_without("ENFORCER", "OTEL", "PYTHON"),
            "ENFORCER_MAP": str(world / "enforcer.toml"),
            "ENFORCER_EXIT_TIMEOUT": "1",
            # What is measured of flushes is asked for; threads that begin by themselves would add.
            "ENFORCER_FLUSH_INTERVAL": "3600" if run.task in ("flush", "memory") else "1",
            "PYTHONPATH": str(world),
        }
        if endpoint:
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        before = _work_of_children()
        began = time.monotonic()
        done = subprocess.run(
            [python.path, "-P", CHILD, run.task, str(run.size)],
            env=variables,
            cwd=world,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        ended = time.monotonic()
        work = _work_of_children() - before
    if done.returncode:
        raise RuntimeError(done.stderr)
    times: Times = json.loads(done.stdout)
    times["took"] = (ended - began) * 1e3
    if run.task == "end":
        times["end"] = (ended - times["ends"]) * 1e3
        times["work of the end"] = (work - times["worked"]) * 1e3
    return times


def _work_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
