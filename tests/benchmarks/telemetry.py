"""Measure what telemetry costs the program: imports, other threads, an outage, the end."""

import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.collectors import (
    AGAIN,
    OFF,
    ON,
    REFUSED,
    SILENT,
    collector,
    environ,
    run,
)
from tests.benchmarks.cost import LOOPS, REPEATS, STATEMENTS
from tests.benchmarks.harness import Interpreter, Rounds, Spread, Times, interleave, ratios
from tests.benchmarks.large_world import LEGACY, write_callers, write_large_world
from tests.benchmarks.mechanisms import ENFORCER
from tests.benchmarks.world import MAP_FILE, write_timed, write_world
from tests.integration.telemetry.receiving import Receiver
from tests.integration.telemetry.recorded import send_what_waits

SITES: Final = 10_000
RATE: Final = 1_000
OUTAGE_SECONDS: Final = float(os.environ.get("OUTAGE_SECONDS", "10"))

TARGET_MS: Final = 1000.0
TARGET_SLICE_MS: Final = 5.0
TARGET_EXIT_MS: Final = 1000.0

_LIFE: Final = 3.0


def measure_telemetry_cost(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time cached imports through a legacy path with telemetry on and off."""
    write_world(folder, ENFORCER)
    write_timed(folder, "timed", {each.legacy: each.legacy for each in STATEMENTS})

    def measure(variant: str, _number: int) -> Times:
        with collector(variant) as endpoint:
            times: Times = run(
                "statements", folder, endpoint, module="timed", loops=LOOPS, repeats=REPEATS
            )
        return times

    return interleave((OFF, AGAIN, ON), rounds, measure)


def print_telemetry_cost(console: Console, rounds: Rounds) -> None:
    """Print one row for each statement."""
    table = Table(title="Cached import through a legacy path", title_justify="left")
    for heading in ("statement", "off", "off again / off", "on / off"):
        table.add_column(heading, justify="left" if heading == "statement" else "right")
    for statement in STATEMENTS:
        case = statement.legacy
        table.add_row(
            case,
            f"{statistics.median(times[case] for times in rounds[OFF]):.0f} ns",
            str(ratios(rounds, AGAIN, OFF, case)),
            str(ratios(rounds, ON, OFF, case)),
        )
    console.print(table)
    console.print()


def measure_reporter(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Change many call sites at once, and look at the reporter and at other threads."""
    write_large_world(folder)
    modules = write_callers(folder, LEGACY, SITES)

    def measure(variant: str, _number: int) -> Times:
        with collector(variant) as endpoint:
            times: Times = run("report", folder, endpoint, modules=modules)
        return times

    return interleave((OFF, ON), rounds, measure)


def print_reporter(console: Console, rounds: Rounds) -> None:
    """Print what the reporter took, and how long it kept others waiting."""
    table = Table(title=f"{SITES:,} changed call sites, in one go", title_justify="left")
    for heading in ("", "with the store alone", "with telemetry", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for case, title in (
        ("took", "until the reporter rests"),
        ("worked", "processor time of its threads"),
        ("delay p90", "meanwhile another thread runs late, p90"),
        ("delay max", "meanwhile another thread runs late, max"),
        ("idle max", "the same with nobody at work, max"),
        ("Python thread p90", "the same beside a thread of plain Python, p90"),
        ("Python thread max", "the same beside a thread of plain Python, max"),
    ):
        table.add_row(
            title,
            *(_milliseconds(times[case] for times in rounds[variant]) for variant in (OFF, ON)),
            _reporter_verdict(rounds, case),
        )
    console.print(table)
    console.print(
        "A thread that wants to run waits for up to sys.getswitchinterval() (5 ms) beside any "
        "other one.\n"
    )


def _reporter_verdict(rounds: Rounds, case: str) -> str:
    median = statistics.median(times[case] for times in rounds[ON])
    if case == "worked":
        return f"< {TARGET_MS:g} ms: {'met' if median < TARGET_MS else 'MISSED'}"
    if case == "delay p90":
        return f"≤ {TARGET_SLICE_MS:g} ms: {'met' if median <= TARGET_SLICE_MS else 'MISSED'}"
    return ""


def measure_outage(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Import at a steady rate while there is no collector, and count what arrives later."""
    count = 0

    def measure(variant: str, _number: int) -> Times:
        nonlocal count
        count += 1
        world = _steady_world(folder / str(count))
        with collector(variant) as endpoint:
            times: Times = run(
                "pace", world, endpoint, module="steady", rate=RATE, seconds=OUTAGE_SECONDS
            )
        arrived = _arrived(world) if variant in (REFUSED, SILENT) else times["count"]
        return {**times, "missing": times["count"] - arrived}

    return interleave((OFF, AGAIN, REFUSED, SILENT), rounds, measure)


def _steady_world(folder: Path) -> Path:
    write_world(folder, ENFORCER)
    sites = [f"def site{n}():\n    from legacy import X\n" for n in range(10)]
    names = ", ".join(f"site{n}" for n in range(len(sites)))
    (folder / "steady.py").write_text("".join(sites) + f"SITES = [{names}]\n", encoding="utf-8")
    return folder


def _arrived(world: Path) -> int:
    """Have sent what could not be sent, and count the uses, each event once."""
    with Receiver() as receiver:
        send_what_waits(world / MAP_FILE, environ(world, receiver.endpoint))
        return receiver.received.uses().total()


def print_outage(console: Console, rounds: Rounds) -> None:
    """Print the time of single imports, and what is missing in the end."""
    title = f"{RATE:,} legacy imports a second for {OUTAGE_SECONDS:g} s without a collector"
    table = Table(title=title, title_justify="left")
    for heading in ("", "p50, µs", "p99, µs", "p99 / off", "max, ms", "uses missing"):
        table.add_column(heading, justify="right" if heading else "left")
    for variant in rounds:
        times = rounds[variant]
        missing = sum(each["missing"] for each in times)
        table.add_row(
            variant,
            _spread(each["p50"] / 1e3 for each in times),
            _spread(each["p99"] / 1e3 for each in times),
            str(ratios(rounds, variant, OFF, "p99")),
            _spread(each["max"] / 1e6 for each in times),
            f"{missing:g} of {sum(each['count'] for each in times):,.0f}",
        )
    console.print(table)
    console.print()


def measure_end(_interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time the end of a program whose telemetry can't get rid of anything."""
    count = 0

    def measure(variant: str, _number: int) -> Times:
        nonlocal count
        count += 1
        world = _steady_world(folder / str(count))
        with collector(variant) as endpoint:
            times = run("end", world, endpoint, module="steady", uses=100, seconds=_LIFE)
            return {"end": time.clock_gettime(time.CLOCK_MONOTONIC) - times["ends"]}

    return interleave((OFF, AGAIN, ON, REFUSED, SILENT), rounds, measure)


def print_end(console: Console, rounds: Rounds) -> None:
    """Print how much longer each variant takes to end."""
    table = Table(title="End of a process, from its last line on", title_justify="left")
    for heading in ("", "end", "added", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for variant in rounds:
        pairs = zip(rounds[variant], rounds[OFF], strict=True)
        added = [(one["end"] - other["end"]) * 1e3 for one, other in pairs]
        met = "met" if statistics.median(added) <= TARGET_EXIT_MS else "MISSED"
        table.add_row(
            variant,
            _milliseconds(each["end"] * 1e3 for each in rounds[variant]),
            _milliseconds(added),
            f"≤ {TARGET_EXIT_MS:g} ms: {met}" if variant in (REFUSED, SILENT) else "",
        )
    console.print(table)
    console.print()


def _milliseconds(values: Iterable[float]) -> str:
    return f"{_spread(values)} ms"


def _spread(values: Iterable[float]) -> str:
    spread = Spread.of(values)
    return f"{spread.median:.1f} [{spread.low:.1f} {spread.high:.1f}]"
