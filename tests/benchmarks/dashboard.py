"""Measure how soon the dashboard's pages come, over a store with a fleet's year in it.

The server is the real one, in a process of its own; a page's time is that of a request over
loopback. Where Chromium and Playwright are at hand, its first contentful paint is measured, too.
"""

import http.client
import os
import re
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from tests.benchmarks.full_store import PROCESSES, RULES, SITES, fill
from tests.benchmarks.harness import Interpreter, is_installed

STORE_KEY: Final = "ENFORCER_BENCHMARK_STORE"
"""The variable that names a store that was filled before: to fill one takes minutes."""

PAGES: Final = {
    "to do": "/",
    "paths": "/rules",
    "paths, 30 days": "/rules?range=30d",
    "a path": "/rules/fleet.old_7",
    "callers by file": "/callers",
    "callers by package": "/callers?by=package",
    "call sites": "/callers?by=site",
    "call sites, sorted": "/callers?by=site&sort=-last_seen",
    "call sites, last page": "/callers?by=site&page=100",
    "coverage": "/services",
    "one service": "/rules?service=service-3&environment=production",
}

_WARM_UP: Final = 2


def measure_dashboard(interpreter: Interpreter, folder: Path, *, rounds: int) -> dict[str, Any]:
    """Give median and 95th percentile of each page in milliseconds, and the first paint.

    Args:
        interpreter: what the server runs with; it has the enforcer and its extra.
        folder: where the store is filled, unless the environment names one.
        rounds: how often each page is asked for.

    """
    named = os.environ.get(STORE_KEY)
    store = Path(named) if named else folder / "uses.db"
    if not store.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fill(store, time.time_ns())
    with _served(interpreter.path, store) as (address, server):
        # As far as the dashboard can tell, somebody has written since the request before.
        written = {
            name: _measure(address, path, rounds, server, lambda: os.utime(store))
            for name, path in PAGES.items()
        }
        quiet = {name: _measure(address, path, rounds, server, int) for name, path in PAGES.items()}
        paints = _first_paints(address, rounds)
    return {
        "pages": {name: {"written": written[name], "quiet": quiet[name]} for name in PAGES},
        "first_paint": paints,
    }


def print_dashboard(console: Console, measured: Mapping[str, Any]) -> None:
    """Print what was measured."""
    table = Table(
        title=f"Dashboard over {SITES:,} call sites, {RULES} rules, {PROCESSES} processes, a year"
    )
    table.add_column("page")
    for when in ("written since", "not written since"):
        table.add_column(f"{when}: median ms", justify="right")
        table.add_column("p95 ms", justify="right")
        table.add_column("CPU ms", justify="right")
    for name, times in measured["pages"].items():
        cells = [
            times[when][key] for when in ("written", "quiet") for key in ("median", "p95", "cpu")
        ]
        table.add_row(name, *(f"{cell:.0f}" for cell in cells))
    console.print(table)
    for name, paint in measured["first_paint"].items():
        console.print(f"first contentful paint in Chromium, {name}: {paint:.0f} ms (median)")


@contextmanager
def _served(python: str, store: Path) -> Iterator[tuple[str, int]]:
    command = [python, "-m", "enforcer", "dashboard", "--store", str(store), "--port", "0"]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ENFORCER")}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environ, cwd=store.parent
    ) as server:
        assert server.stderr is not None
        found = re.search(r"http://\S+", server.stderr.readline())
        if found is None:
            raise RuntimeError(server.stderr.read())
        try:
            yield found[0].rstrip("/"), server.pid
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def _measure(
    address: str, path: str, rounds: int, server: int, before_each: Callable[[], object]
) -> dict[str, float]:
    """Ask for a page some times; give milliseconds, and those that the server computed for."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    times = []
    cpu = 0.0
    for number in range(rounds + _WARM_UP):
        if number == _WARM_UP:
            cpu = _cpu_seconds(server)
        before_each()
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        if answer.status != http.HTTPStatus.OK:
            message = f"{path} gave {answer.status}"
            raise RuntimeError(message)
        if number >= _WARM_UP:
            times.append(took * 1000)
    connection.close()
    return {
        "median": statistics.median(times),
        "p95": statistics.quantiles(times, n=20, method="inclusive")[-1],
        "highest": max(times),
        "cpu": (_cpu_seconds(server) - cpu) * 1000 / rounds,
    }


def _cpu_seconds(process: int) -> float:
    """Give how long a process has computed: what other programs do at the time is not in it."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _first_paints(address: str, rounds: int) -> dict[str, float]:
    browser = shutil.which("chromium")
    if browser is None or not is_installed("playwright"):
        return {}
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where it is installed

    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    found = {}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser,
            chromium_sandbox=False,
            args=["--headless=new", "--disable-gpu", "--disable-background-networking"],
        )
        for name in ("to do", "a path", "call sites", "coverage"):
            times = []
            for _ in range(min(rounds, 7)):
                context = chromium.new_context(viewport={"width": 1280, "height": 860})
                page = context.new_page()
                page.goto(address + PAGES[name], wait_until="load")
                page.wait_for_timeout(200)
                times.append(float(page.evaluate(paint)))
                context.close()
            found[name] = statistics.median(times)
        chromium.close()
    return found
