"""Measure how many use rows per second eight processes write to one SQLite store.

The peer is SQLite itself: the same eight processes append the same rows to one plain table.
"""

import json
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, Times, interleave, ratios
from tests.benchmarks.store_writer import COUNT

PROCESSES: Final = 8
SITES: Final = 2_500
BATCHES: Final = 40
TARGET: Final = 100_000

ENFORCER: Final = "enforcer"
PLAIN: Final = "plain inserts"

_TIME_TO_START: Final = 4.0


def measure_store_ingest(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Let eight processes write the same rows to a store, and to a plain table."""
    folder.mkdir(parents=True, exist_ok=True)

    def measure(variant: str, number: int) -> Times:
        path = folder / f"{variant.replace(' ', '-')}-{number}.db"
        begin = time.time() + _TIME_TO_START
        words = [str(path), str(SITES), str(BATCHES), str(begin), variant]
        writers = [
            subprocess.Popen(
                [interpreter.path, "-m", "tests.benchmarks.store_writer", f"{name}", *words],
                cwd=PROJECT,
                stdout=subprocess.PIPE,
            )
            for name in range(1, PROCESSES + 1)
        ]
        results = [json.loads(writer.communicate()[0]) for writer in writers]
        return _times(path, variant, begin, results)

    return interleave([ENFORCER, PLAIN], rounds, measure)


def _times(path: Path, variant: str, begin: float, results: list[dict[str, Any]]) -> Times:
    rows = PROCESSES * SITES * BATCHES
    table = "use_ever" if variant == ENFORCER else "plain"
    with closing(sqlite3.connect(path)) as connection:
        (kept,) = connection.execute(f"SELECT sum(count) FROM {table}").fetchone()  # noqa: S608 - ours
    if kept != rows * COUNT:
        message = f"{variant}: {kept} uses of {rows * COUNT} are there"
        raise RuntimeError(message)
    visits = sorted(visit for result in results for visit in result["visits"])
    seconds = max(result["ended"] for result in results) - begin
    return {
        "seconds": seconds,
        "rows": rows / seconds,
        "visit": statistics.median(visits),
        "slow visit": visits[int(len(visits) * 0.95)],
        "slowest visit": visits[-1],
        "waited": sum(result["waited"] for result in results) / sum(visits),
        "cpu": sum(result["cpu"] for result in results) / rows,
    }


def print_store_ingest(console: Console, rounds: Rounds) -> None:
    """Print rows per second, and how long the reporters' visits took."""
    table = Table(
        title=f"{PROCESSES} processes write {PROCESSES * SITES * BATCHES:,} use rows in batches of "
        f"{SITES:,}; nothing is lost (target: {TARGET:,}/s)"
    )
    for name in ("variant", "rows/s", "CPU a row", "visit", "95 %", "longest", "of it waiting"):
        table.add_column(name, justify="left" if name == "variant" else "right")
    for variant, times in rounds.items():
        middle = {key: statistics.median(each[key] for each in times) for key in times[0]}
        rows = sorted(each["rows"] for each in times)
        table.add_row(
            variant,
            f"{middle['rows']:,.0f} [{rows[0]:,.0f}-{rows[-1]:,.0f}]",
            f"{middle['cpu'] * 1e6:.1f} us",
            *(f"{middle[key] * 1e3:.0f} ms" for key in ("visit", "slow visit", "slowest visit")),
            f"{middle['waited']:.0%}",
        )
    console.print(table)
    console.print(
        f"enforcer's time over plain inserts': {ratios(rounds, ENFORCER, PLAIN, 'seconds')}"
    )
