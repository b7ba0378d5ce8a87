"""Write batches of uses to a store, as the reporter of one process does, and time each visit.

``python -m tests.benchmarks.store_writer NAME PATH SITES BATCHES BEGIN VARIANT`` waits until BEGIN
(by the clock), and prints JSON: when it ended, and how long each visit took and waited.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from time import perf_counter, process_time, sleep, time, time_ns
from typing import Final

from enforcer.recording.process import Process
from enforcer.recording.use import ALIASED, CallSite, Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite import busy
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.tallies import Known
from enforcer.store.sqlite.writer import Store

RULES: Final = 200
COUNT: Final = 3
PATIENCE: Final = 120.0

Write = Callable[[int, list[Use]], None]


def main() -> None:
    """Write what the command line says."""
    name, path, sites, batches, begin, variant = sys.argv[1:]
    rules = [Rule(f"shop.old{number}", f"shop.new{number}") for number in range(RULES)]
    process = Process(id=name.rjust(32, "0"), pid=1, service="shop", started=time_ns())
    where = [_site(rules[number % RULES], number) for number in range(int(sites))]
    write = _write_plainly(path) if variant == "plain inserts" else _write(path, process, rules)
    waits = _Waits()
    sleep(max(0.0, float(begin) - time()))
    visits = []
    worked = process_time()
    for sequence in range(int(batches)):
        uses = [_use(rules[number % RULES], site) for number, site in enumerate(where)]
        start = perf_counter()
        write(sequence, uses)
        visits.append(perf_counter() - start)
    result = {
        "ended": time(),
        "visits": visits,
        "waited": waits.total,
        "cpu": process_time() - worked,
    }
    sys.stdout.write(json.dumps(result))


def _write(path: str, process: Process, rules: list[Rule]) -> Write:
    known = Known()

    def write(sequence: int, uses: list[Use]) -> None:
        with closing(Store(path, Patience(PATIENCE), known)) as store:
            if not sequence:
                store.watch(process, rules)
            store.write(process, sequence, uses)

    return write


def _write_plainly(path: str) -> Write:
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS plain (rule, file, line, stage, outcome, count, time)"
        )

    def write(_: int, uses: list[Use]) -> None:
        rows = [
            (
                use.rule.legacy,
                use.site.file,
                use.site.line,
                use.stage,
                use.outcome,
                use.count,
                use.last_seen,
            )
            for use in uses
        ]
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    return write


class _Waits:
    """Sum how long this process slept because others wrote."""

    def __init__(self) -> None:
        self.total = 0.0
        original: Callable[[float], None] = busy.sleep

        def counted(seconds: float) -> None:
            start = perf_counter()
            original(seconds)
            self.total += perf_counter() - start

        busy.sleep = counted  # type: ignore[attr-defined]


def _site(rule: Rule, number: int) -> CallSite:
    return CallSite(
        rule.module,
        file=f"shop/part{number % 300}/views.py",
        line=number,
        function="checkout",
        module="shop.views",
        mechanism="import_statement",
        names=("Cart",),
    )


def _use(rule: Rule, site: CallSite) -> Use:
    now = time_ns()
    return Use(
        rule, stage="alias", outcome=ALIASED, site=site, count=COUNT, first_seen=now, last_seen=now
    )


if __name__ == "__main__":
    main()
