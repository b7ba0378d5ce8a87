"""Measure what an overview costs in ClickHouse: from the roll-ups, and from the collector's rows.

The engine is chDB, in a process of its own. The rows are those of 500 processes that report 5,000
call sites of 200 rules for 30 days; twice as many rows are the same sites, reported more often.
"""

import json
import statistics
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, is_installed

MILLIONS: Final = (1, 10)
SITES: Final = 5_000
RULES: Final = 200
PROCESSES: Final = 500
DAYS: Final = 30
HOUR: Final = 3_600_000_000_000
START: Final = 493_000 * HOUR // (24 * HOUR) * 24 * HOUR

LOGS: Final = """
CREATE TABLE otel_logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), EventName String,
    ServiceName LowCardinality(String), ScopeName String,
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1))
) ENGINE = MergeTree PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, toUnixTimestamp(Timestamp))
"""
SUMS: Final = """
CREATE TABLE otel_metrics_sum (
    ResourceAttributes Map(LowCardinality(String), String), MetricName String,
    Attributes Map(LowCardinality(String), String), StartTimeUnix DateTime64(9),
    TimeUnix DateTime64(9), Value Float64, AggregationTemporality Int32
) ENGINE = MergeTree ORDER BY (MetricName, Attributes, TimeUnix)
"""
# In one hour a fifth of the call sites is active.
FILL: Final = f"""
INSERT INTO otel_logs
SELECT fromUnixTimestamp64Nano(time) AS Timestamp, 'deprecated_import.used',
       concat('service', toString(process % 4)) AS ServiceName, 'enforcer',
       map('service.name', ServiceName, 'service.version', '1.0'),
       map('deprecated_import.process', hex(process),
           'deprecated_import.id', concat(hex(process), '-', toString(number), '-0'),
           'deprecated_import.rule', concat('shop.old', toString(site % {RULES})),
           'deprecated_import.legacy', concat('shop.old', toString(site % {RULES})),
           'deprecated_import.canonical', concat('shop.new', toString(site % {RULES})),
           'deprecated_import.stage', 'warn', 'deprecated_import.outcome', 'warned',
           'deprecated_import.mechanism', 'import_statement', 'deprecated_import.relation', 'own',
           'deprecated_import.count', '3', 'deprecated_import.first_seen', toString(time),
           'deprecated_import.last_seen', toString(time),
           'code.file.path', concat('shop/part', toString(site % 300), '.py'),
           'code.line.number', toString(site), 'code.function.name', 'checkout')
FROM (
    SELECT number, toInt64({START} + number * {{step}}) AS time,
           (intDiv(time, {HOUR}) * 37 + cityHash64(number) % {SITES // 5} * 5) % {SITES} AS site,
           site % {PROCESSES} AS process
    FROM numbers({{first}}, {{count}})
)
"""  # noqa: S608 - made of constants
BEATS: Final = f"""
INSERT INTO otel_metrics_sum
SELECT map('service.name', concat('service', toString(number % 4)), 'service.version', '1.0'),
       'deprecated_import.rule.count',
       map('deprecated_import.process', hex(number % {PROCESSES}), 'deprecated_import.rule',
           concat('shop.old', toString(intDiv(number, {PROCESSES}) % {RULES})),
           'deprecated_import.stage', 'warn', 'deprecated_import.rule.state', 'watched'),
       fromUnixTimestamp64Nano(toInt64({START})), fromUnixTimestamp64Nano(toInt64({START})), 1, 2
FROM numbers({PROCESSES * RULES})
"""  # noqa: S608 - made of constants

SIZE: Final = """
SELECT sum(rows), sum(bytes_on_disk) / 1e6 FROM system.parts WHERE active AND table = '{table}'
"""

CHUNK: Final = 500_000


def measure_store_clickhouse(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Ask for an overview over one and over ten million rows; empty without the engine."""
    del rounds  # each question is asked several times
    if not is_installed("chdb"):
        return {}
    found: Rounds = {}
    for millions in MILLIONS:
        place = folder / str(millions)
        place.mkdir(parents=True)
        done = subprocess.run(
            [
                interpreter.path,
                "-m",
                "tests.benchmarks.store_clickhouse",
                str(place),
                f"{millions}",
            ],
            cwd=PROJECT,
            check=True,
            stdout=subprocess.PIPE,
        )
        found[f"{millions} million rows"] = [json.loads(done.stdout)]
    return found


def print_store_clickhouse(console: Console, rounds: Rounds) -> None:
    """Print the milliseconds of each question."""
    if not rounds:
        console.print("ClickHouse was not measured: chdb is not installed")
        return
    table = Table(title="An overview from ClickHouse, in milliseconds (roll-ups: median of 5)")
    table.add_column("")
    for name in rounds:
        table.add_column(name, justify="right")
    for key in next(iter(rounds.values()))[0]:
        table.add_row(key, *(f"{times[0][key]:,.0f}" for times in rounds.values()))
    console.print(table)


def main() -> None:
    """Fill an engine, and ask; prints JSON."""
    import clickhouse_connect  # noqa: PLC0415 - in the child only

    from enforcer.store.clickhouse.connection import parse  # noqa: PLC0415 - the same
    from enforcer.store.clickhouse.setup import initialise  # noqa: PLC0415 - the same

    folder, millions = sys.argv[1:]
    rows, url = int(millions) * 1_000_000, f"chdb://{folder}"
    with closing(clickhouse_connect.get_client(dsn=url)) as client:
        step = DAYS * 24 * HOUR // rows
        client.command(LOGS)
        client.command(SUMS)
        for first in range(0, rows, CHUNK):
            client.command(FILL.format(step=step, first=first, count=CHUNK))
        client.command(BEATS)
        times = {f"{name}, from raw rows": took for name, took in _ask_for_rules(url).items()}
        start = perf_counter()
        initialise(parse(url))
        filled = 1000 * (perf_counter() - start)
        client.command("OPTIMIZE TABLE enforcer_use_by_hour FINAL")
        times |= {f"{name}, from roll-ups": took for name, took in _ask(url, repeats=5).items()}
        times["to make the roll-ups"] = filled
        for table in ("otel_logs", "enforcer_use_by_hour", "enforcer_use_by_day"):
            ((count, size),) = client.query(SIZE.format(table=table)).result_rows
            times[f"rows of {table}"] = count
            times[f"megabytes of {table}"] = size
    sys.stdout.write(json.dumps(times))


def _ask_for_rules(url: str) -> dict[str, float]:
    from enforcer.store.queries import Span  # noqa: PLC0415 - in the child only
    from enforcer.store.readers import open_reader  # noqa: PLC0415 - the same

    with open_reader(url) as reader:
        start = perf_counter()
        list(reader.rule_uses(Span()))
        return {"rules": 1000 * (perf_counter() - start)}


def _ask(url: str, *, repeats: int) -> dict[str, float]:
    from enforcer.store.queries import DAY, Span  # noqa: PLC0415 - in the child only
    from enforcer.store.readers import open_reader  # noqa: PLC0415 - the same

    week = Span(since=START + (DAYS - 7) * DAY)
    times: dict[str, list[float]] = {}

    def timed(name: str, question: Any) -> None:  # noqa: ANN401 - any question
        start = perf_counter()
        answer = question()
        list(answer) if hasattr(answer, "__iter__") else answer
        times.setdefault(name, []).append(1000 * (perf_counter() - start))

    for _ in range(repeats):
        with open_reader(url) as reader:
            begin = perf_counter()
            timed("rules", lambda: reader.rule_uses(Span()))
            timed("uses by day", lambda: reader.uses_in_time(Span(), DAY))
            timed("active sites by day", lambda: reader.active_sites(Span()))
            timed("new sites of a week", lambda: reader.new_sites(week))
            timed("health", lambda: reader.health(Span()))
            times.setdefault("whole overview", []).append(1000 * (perf_counter() - begin))
            timed("all call sites", lambda: reader.uses(Span()))
    return {name: statistics.median(took) for name, took in times.items()}


if __name__ == "__main__":
    main()
