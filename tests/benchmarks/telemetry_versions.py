"""Measure the telemetry of this version and of the last one without the SDK, in the same run."""

import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.collectors import OFF, ON, REFUSED, SILENT, collector
from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, Times, interleave
from tests.installing import Python, build, build_commit, empty
from tests.patience import environment_without

BEFORE: Final = "94a60cf"
"""The last commit whose telemetry spoke OTLP by itself."""

CHILD: Final = Path(__file__).with_name("telemetry_versions_child.py")
_FORKS: Final = 30

# Name in the table, what a child does, the collector, how many call sites.
FIGURES: Final = {
    "first flush, 100 call sites: processor time, ms": ("flush", ON, 100, "worked"),
    "the same with the store alone, ms": ("flush", OFF, 100, "worked"),
    "first flush, 10,000 call sites: processor time, ms": ("flush", ON, 10_000, "worked"),
    "the same with the store alone, 10,000 call sites, ms": ("flush", OFF, 10_000, "worked"),
    "10,000 call sites: another thread runs late, p99, ms": ("flush", ON, 10_000, "late"),
    "end of a process, telemetry off, ms": ("end", OFF, 100, "end"),
    "end, the collector never answers, ms": ("end", SILENT, 100, "end"),
    "end, the collector refuses, ms": ("end", REFUSED, 100, "end"),
    "fork while a request hangs, p50, ms": ("fork", SILENT, _FORKS, "p50"),
    "fork while a request hangs, max, ms": ("fork", SILENT, _FORKS, "max"),
    "memory with an endpoint, MB": ("memory", ON, 100, "memory"),
    "no endpoint: modules": ("start", OFF, 0, "modules"),
    "no endpoint: start, ms": ("start", OFF, 0, "took"),
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
        times: Times = {}
        known: dict[tuple[str, str, int], Times] = {}
        for figure, (task, to, size, key) in FIGURES.items():
            if (task, to, size) not in known:
                count += 1
                world = folder / f"world{count}"
                known[task, to, size] = _run(pythons[variant], world, task, to, size)
            times[figure] = known[task, to, size][key]
        return times

    return interleave(("before", "after"), rounds, measure)


def print_versions(console: Console, rounds: Rounds) -> None:
    """Print one row for each figure."""
    table = Table(title="Telemetry before and after the SDK", title_justify="left")
    for heading in ("", "before", "after"):
        table.add_column(heading, justify="right" if heading else "left")
    for figure in FIGURES:
        cells = (statistics.median(times[figure] for times in rounds[name]) for name in rounds)
        table.add_row(figure, *(f"{each:,.1f}" for each in cells))
    console.print(table)
    console.print()


def _run(python: Python, world: Path, task: str, to: str, size: int) -> Times:
    world.mkdir()
    rule = '[[rule]]\nlegacy = "old"\ncanonical = "new"\n'
    (world / "enforcer.toml").write_text(f"[enforcer]\n{rule}", encoding="utf-8")
    (world / "new.py").touch()
    with collector(to) as endpoint:
        variables = {
            **environment_without("ENFORCER", "OTEL", "PYTHON"),
            "ENFORCER_MAP": str(world / "enforcer.toml"),
            "ENFORCER_EXIT_TIMEOUT": "1",
            "ENFORCER_FLUSH_INTERVAL": "1",
            "PYTHONPATH": str(world),
        }
        if endpoint:
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        began = time.monotonic()
        done = subprocess.run(
            [python.path, "-P", CHILD, task, str(size)],
            env=variables,
            cwd=world,
            capture_output=True,
            text=True,
            check=False,
        )
        ended = time.monotonic()
    if done.returncode:
        raise RuntimeError(done.stderr)
    times: Times = json.loads(done.stdout)
    if task == "end":
        times["end"] = (ended - times["ends"]) * 1e3
    if task == "start":
        times["took"] = (ended - began) * 1e3
    return times
