"""Measure what a fleet leaves in a day: rows and bytes, by the real writer and real telemetry.

Three small fleets run; what the first two have in common is a formula, by which the third is
predicted and compared with what it left. By the same formula the large fleet is extrapolated.
"""

import gzip
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, CallSite, Use
from enforcer.rules.model import Rule
from enforcer.runtime.wiring import DEFAULT_INTERVAL
from enforcer.store.queries import DAY, HOUR
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store
from tests.benchmarks.collectors import environ
from tests.benchmarks.harness import Interpreter, Rounds, Times
from tests.benchmarks.world import MAP_FILE
from tests.integration.telemetry.receiving import Receiver

RULES: Final = 100
SIZES: Final = ((2, 100), (3, 400), (8, 500))
"""Processes, and call sites of each: two to make the formula of, one to check it."""

FLEET: Final = (2_000, 500)
HOSTS: Final = 100
"""On how many machines the fleet runs; each has a store of its own."""

TOURS: Final = 4
"""How often a process uses all of its call sites, and flushes after each time."""

METRICS: Final = 60
"""How often metrics are sent, in seconds."""

BEGIN: Final = 493_000 * HOUR // DAY * DAY
ROWS_OF_CLICKHOUSE: Final = 32
"""Bytes of a row of ``otel_logs`` in ClickHouse, compressed, by the section store-clickhouse."""

DAY_SECONDS: Final = 86_400
RARE: Final = 300
"""A longer ENFORCER_FLUSH_INTERVAL, in seconds."""

_MB: Final = 1e6
_ROWS: Final = "rows of "
_SIZE: Final = "bytes of the store"
_KINDS: Final = ("events", "spans", "points")
_SENT: Final = tuple(
    quantity.format(kind)
    for kind in _KINDS
    for quantity in ("{}", "bytes of {}", "bytes of {} in gzip")
)
_SIGNALS: Final = {"/v1/logs": "logs", "/v1/traces": "spans", "/v1/metrics": "points"}
_CHILD: Final = """
import sys, importlib, enforcer
importlib.import_module("callers")
for _ in range(int(sys.argv[1])):
    sys.modules["callers"].main()
    enforcer.flush()
"""


class _Weighing(Receiver):
    """A collector that weighs what it gets."""

    def __init__(self) -> None:
        self.weights: Counter[str] = Counter()
        super().__init__()

    def take(self, path: str, body: bytes, encoding: str) -> tuple[int, bytes]:
        with self._lock:
            self.weights[_SIGNALS[path]] += len(body)
            self.weights[f"{_SIGNALS[path]} in gzip"] += len(gzip.compress(body))
        return super().take(path, body, encoding)


def measure_fleet(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Run each small fleet once: what it leaves is counted, not timed."""
    del rounds
    measured: Rounds = {}
    for processes, sites in SIZES:
        place = folder / f"{processes}-{sites}"
        times = {"processes": processes, "sites": sites}
        times |= _telemetry(interpreter, place, processes, sites)
        times |= _day_of_a_store(place / "day.db", processes, sites)
        measured[_named(processes, sites)] = [times]
    return measured


def _named(processes: int, sites: int) -> str:
    return f"{processes:,} processes x {sites} call sites"


def _telemetry(interpreter: Interpreter, folder: Path, processes: int, sites: int) -> Times:
    _write_world(folder, sites)
    with _Weighing() as collector:
        # Metrics go out with each flush, and nothing between them.
        variables = environ(folder, collector.endpoint)
        variables |= {"ENFORCER_FLUSH_INTERVAL": "3600", "OTEL_METRIC_EXPORT_INTERVAL": "1"}
        variables["ENFORCER_EXIT_TIMEOUT"] = "60"
        children = [
            subprocess.Popen([interpreter.path, "-c", _CHILD, str(TOURS)], env=variables)
            for _ in range(processes)
        ]
        codes = [child.wait() for child in children]
        received, weights = collector.received, collector.weights
    events = received.events()
    uses = received.uses().total()
    if any(codes) or uses != processes * sites * TOURS:
        message = f"{uses} uses arrived of {processes * sites * TOURS}, exit codes {codes}"
        raise RuntimeError(message)
    # A process sends its metrics after each tour, and once more at its end.
    sent = TOURS + 1
    return {
        "events": len(events) / TOURS,
        "bytes of events": weights["logs"] / TOURS,
        "bytes of events in gzip": weights["logs in gzip"] / TOURS,
        "spans": len(received.spans),
        "bytes of spans": weights["spans"],
        "bytes of spans in gzip": weights["spans in gzip"],
        "points": len(received.points) / sent,
        "bytes of points": weights["points"] / sent,
        "bytes of points in gzip": weights["points in gzip"] / sent,
    }


def _write_world(folder: Path, sites: int) -> None:
    folder.mkdir(parents=True)
    (folder / "new").mkdir()
    (folder / "new" / "__init__.py").touch()
    rules = ['[enforcer]\nservice = "shop"\nlog = "off"\n']
    for number in range(RULES):
        (folder / "new" / f"part{number}.py").write_text("Cart = 1\n")
        rules.append(
            f'[[rule]]\nlegacy = "old.part{number}"\ncanonical = "new.part{number}"\n'
            'reason = "one place for each thing"\nowner = "@team"\n'
        )
    (folder / MAP_FILE).write_text("\n".join(rules))
    functions = (
        f"def checkout_{n}():\n    from old.part{n % RULES} import Cart\n" for n in range(sites)
    )
    calls = "".join(f"    checkout_{n}()\n" for n in range(sites))
    (folder / "callers.py").write_text(f"{''.join(functions)}def main():\n{calls}")


def _day_of_a_store(path: Path, processes: int, sites: int) -> Times:
    """Write a day of processes of one machine, each call site in each hour, and count the rows."""
    rules = [Rule(f"old.part{number}", f"new.part{number}") for number in range(RULES)]
    now = [BEGIN]
    with closing(Store(str(path), clock=lambda: now[0])) as store:
        started = [
            Process(
                id=f"{number:032x}",
                pid=number,
                service="shop",
                host="web1",
                command="python -m shop --port 8000",
                started=BEGIN,
            )
            for number in range(1, processes + 1)
        ]
        for hour in range(24):
            now[0] = BEGIN + hour * HOUR + HOUR // 2
            uses = [_use(rules[number % RULES], number, now[0]) for number in range(sites)]
            for process in started:
                if not hour:
                    store.watch(process, rules)
                store.write(process, hour, uses)
        for process in started:
            store.leave(process, EXIT)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = {
            f"rows of {name}": float(
                connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - ours
            )
            for name in names
        }
    return {**rows, "bytes of the store": path.stat().st_size}


def _use(rule: Rule, number: int, time: int) -> Use:
    site = CallSite(
        rule.module,
        file=f"shop/part{number % 50}/views.py",
        line=number,
        function=f"checkout_{number}",
        module=f"shop.part{number % 50}.views",
        mechanism="import_statement",
        names=("Cart",),
    )
    return Use(
        rule, stage="alias", outcome=ALIASED, site=site, count=3, first_seen=time, last_seen=time
    )


def sent_by(fleets: list[Times], quantity: str, processes: int, sites: int) -> float:
    """Extrapolate what processes send: ``processes x (a + b x sites)``.

    Args:
        fleets: two fleets, of which the formula is made.
        quantity: what of it.
        processes: of the fleet that is asked for.
        sites: call sites of each.

    """
    (few, one), (many, other) = (
        (fleet["sites"], fleet[quantity] / fleet["processes"]) for fleet in fleets
    )
    for_each = (other - one) / (many - few)
    return processes * (one + for_each * (sites - few))


def rows_of(fleets: list[Times], table: str, processes: int, sites: int) -> float:
    """Extrapolate the rows of a table: it grows by processes, by sites, by both or by neither."""
    first, second = fleets
    if not first[table]:
        return 0.0
    growth = second[table] / first[table]
    more, longer = (second[key] / first[key] for key in ("processes", "sites"))
    by_processes, by_sites = processes / first["processes"], sites / first["sites"]
    growths = {1: 1.0, more: by_processes, longer: by_sites, more * longer: by_processes * by_sites}
    return first[table] * growths[min(growths, key=lambda each: abs(each - growth))]


def all_rows_of(fleets: list[Times], processes: int, sites: int) -> float:
    """Extrapolate the rows of a store."""
    tables = [key for key in fleets[0] if key.startswith(_ROWS)]
    return sum(rows_of(fleets, table, processes, sites) for table in tables)


def bytes_of_store(fleets: list[Times], processes: int, sites: int) -> float:
    """Extrapolate the size of a store: ``a + b x rows``."""
    (few, small), (many, large) = ((_sum(fleet), fleet[_SIZE]) for fleet in fleets)
    for_each = (large - small) / (many - few)
    return small + for_each * (all_rows_of(fleets, processes, sites) - few)


def _sum(fleet: Times) -> float:
    return sum(value for key, value in fleet.items() if key.startswith(_ROWS))


def print_fleet(console: Console, measured: Rounds) -> None:
    """Print how near the formula comes, and what it says of the large fleet."""
    *known, third = (times for (times,) in measured.values())
    _print_check(console, known, third)
    _print_day(console, known)


def _print_check(console: Console, known: list[Times], third: Times) -> None:
    processes, sites = SIZES[-1]
    table = Table(title=f"{_named(processes, sites)}: predicted by the others, and measured")
    for heading in ("", "predicted", "measured", "off by"):
        table.add_column(heading, justify="right" if heading else "left")
    expected = {key: sent_by(known, key, processes, sites) for key in _SENT}
    expected["rows of a store"] = all_rows_of(known, processes, sites)
    expected[_SIZE] = bytes_of_store(known, processes, sites)
    third = {**third, "rows of a store": _sum(third)}
    for key, value in expected.items():
        off = value / third[key] - 1
        table.add_row(key, f"{value:,.0f}", f"{third[key]:,.0f}", f"{off:+.1%}")
    console.print(table)
    console.print()


def _print_day(console: Console, known: list[Times]) -> None:
    processes, sites = FLEET
    table = Table(title=f"A day of {_named(processes, sites)}, {RULES} rules, on {HOSTS} machines")
    for heading in ("", "rows", "MB over the wire", "in gzip", "MB in ClickHouse"):
        table.add_column(heading, justify="right" if heading else "left")

    def add(name: str, kind: str, times_a_day: float) -> None:
        rows = sent_by(known, kind, processes, sites) * times_a_day
        size, small = (
            sent_by(known, f"bytes of {kind}{form}", processes, sites) * times_a_day / _MB
            for form in ("", " in gzip")
        )
        kept = rows * ROWS_OF_CLICKHOUSE / _MB
        shown = f"{kept:,.0f}" if kind == "events" else ""
        table.add_row(name, f"{rows:,.0f}", f"{size:,.0f}", f"{small:,.0f}", shown)

    add("spans, for each start of all processes", "spans", 1)
    add("log events, for each start: each call site once", "events", 1)
    add("log events, each call site in use once an hour", "events", 24)
    add("log events, each call site in use once a minute", "events", DAY_SECONDS / 60)
    add("log events at most: in each interval", "events", DAY_SECONDS / DEFAULT_INTERVAL)
    add(f"the same with an interval of {RARE} s", "events", DAY_SECONDS / RARE)
    add("metrics, with their heartbeat", "points", DAY_SECONDS / METRICS)
    on_one = processes // HOSTS
    rows, size = all_rows_of(known, on_one, sites), bytes_of_store(known, on_one, sites)
    table.add_row(f"one machine's store, {on_one} processes", f"{rows:,.0f}", f"{size / _MB:,.1f}")
    table.add_row("all stores", f"{rows * HOSTS:,.0f}", f"{size * HOSTS / _MB:,.0f}")
    console.print(table)
    console.print()
