"""Do one measurement of telemetry in a fresh process, and write its result as JSON.

``ENFORCER_MAP`` enables the enforcer before this is loaded, as in any program.
"""

import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from tests.benchmarks.world import STATEMENTS_IN_A_LOOP

_WARM_UP = 50
_NAP = 0.0005
_QUIET = 1.0
"""How long the reporter has to rest until its work counts as done, in seconds."""

_MS = 1e3
_NS_IN_MS = 1e6


def time_statements(*, module: str, loops: int, repeats: int) -> dict[str, float]:
    """Time cached imports while the reporter works every now and then, in nanoseconds."""
    cases: dict[str, Callable[[int], None]] = import_module(module).CASES
    for case in cases.values():
        case(_WARM_UP)
    _let_the_reporter_begin()
    best = dict.fromkeys(cases, float("inf"))
    gc.disable()
    for _ in range(repeats):
        for name, case in cases.items():
            begin = time.perf_counter_ns()
            case(loops)
            took = time.perf_counter_ns() - begin
            best[name] = min(best[name], took / (loops * STATEMENTS_IN_A_LOOP))
    return best


def pace(*, module: str, rate: int, seconds: float) -> dict[str, float]:
    """Import at a steady rate, and give how long single imports took, in nanoseconds."""
    sites: list[Callable[[], None]] = import_module(module).SITES
    _let_the_reporter_begin()
    times = []
    begin = time.perf_counter()
    for number in range(round(rate * seconds)):
        time.sleep(max(begin + number / rate - time.perf_counter(), 0))
        started = time.perf_counter_ns()
        sites[number % len(sites)]()
        times.append(time.perf_counter_ns() - started)
    return {**_quantiles(times), "count": float(len(times))}


def report(*, modules: list[str]) -> dict[str, float]:
    """Change all call sites at once, and see what that costs the other threads.

    Gives the reporter's time, on the clock and of the processor, and how much later than it
    wanted another thread could run meanwhile, in milliseconds.
    """
    callers = [import_module(module) for module in modules]
    for caller in callers:
        caller.main()
    with _sampling() as before:
        _wait_until_it_rests()
    for caller in callers:
        caller.main()
    with _sampling() as delays:
        took, worked = _wait_until_it_rests()
    with _sampling() as idle:
        time.sleep(_QUIET)
    with _sampling() as busy, _computing():
        time.sleep(_QUIET)
    del before
    return {
        "took": took * _MS,
        "worked": worked * _MS,
        "delay p99": _at(delays, 0.99),
        "delay max": max(delays),
        "idle max": max(idle),
        "Python thread p99": _at(busy, 0.99),
        "Python thread max": max(busy),
    }


def end(*, module: str, uses: int, seconds: float) -> dict[str, float]:
    """Use a legacy path now and then, and give the time at which the program ends by itself."""
    sites: list[Callable[[], None]] = import_module(module).SITES
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for number in range(uses):
            sites[number % len(sites)]()
        time.sleep(0.05)
    return {"ends": time.clock_gettime(time.CLOCK_MONOTONIC)}


def _let_the_reporter_begin() -> None:
    """Wait until it has loaded what it needs."""
    import enforcer  # noqa: PLC0415 - enabled by the environment already

    enforcer.flush()
    time.sleep(_QUIET)


def _wait_until_it_rests() -> tuple[float, float]:
    """Give how long others than this thread and the sampler worked, by clock and processor."""
    begin = last = 0.0
    first = worked = _work_of_others()
    while not begin or time.perf_counter() < last + _QUIET:
        time.sleep(0.01)
        now = _work_of_others()
        # What a thread does that only looks at the clock is no work.
        if now > worked + 0.0005:
            last = time.perf_counter()
            begin = begin or last
        worked = now
    return last - begin, worked - first


_own: set[int] = set()


def _work_of_others() -> float:
    own = {threading.get_native_id(), *_own}
    total = 0
    for folder in Path("/proc/self/task").iterdir():
        if int(folder.name) not in own:
            total += int((folder / "schedstat").read_text(encoding="ascii").split()[0])
    return total / (_NS_IN_MS * _MS)


@contextmanager
def _sampling() -> Iterator[list[float]]:
    """Note how much later than it wants a thread runs, in milliseconds."""
    delays: list[float] = []
    is_over = threading.Event()
    has_begun = threading.Event()

    def sample() -> None:
        _own.add(threading.get_native_id())
        has_begun.set()
        while not is_over.is_set():
            begin = time.perf_counter()
            time.sleep(_NAP)
            delays.append((time.perf_counter() - begin - _NAP) * _MS)

    thread = threading.Thread(target=sample)
    thread.start()
    has_begun.wait()
    try:
        yield delays
    finally:
        is_over.set()
        thread.join()


@contextmanager
def _computing() -> Iterator[None]:
    """Have another thread run plain Python code all the time: the control."""
    is_over = False

    def compute() -> None:
        _own.add(threading.get_native_id())
        while not is_over:
            sum(range(100))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        is_over = True
        thread.join()


def _quantiles(times: list[int]) -> dict[str, float]:
    values = [float(each) for each in times]
    return {"p50": _at(values, 0.5), "p99": _at(values, 0.99), "max": max(values)}


def _at(values: list[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))]


_TASKS = {"statements": time_statements, "pace": pace, "report": report, "end": end}


def main() -> None:
    """Do the task that the command line names."""
    task, options = sys.argv[1:]
    result = _TASKS[task](**json.loads(options))
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
