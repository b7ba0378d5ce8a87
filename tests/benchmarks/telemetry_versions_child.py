"""Do one measurement of telemetry, with whichever version of the enforcer is installed."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REST = 2.5
"""How long a program rests before it ends, in seconds: it has written and sent by then."""

_NAP = 0.0005
_PATIENCE = 600.0


def use(sites: int, file: str = "caller.py") -> None:
    """Use the legacy path from a number of call sites."""
    code = compile("import old", file, "exec")
    for number in range(sites):
        exec(code.replace(co_firstlineno=number + 1, co_name=f"site{number}"))  # noqa: S102 - ours


@contextmanager
def sampling() -> Iterator[list[tuple[float, float]]]:
    """Note how late another thread runs each time, and its own processor time so far."""
    samples = [(0.0, 0.0)]
    is_over = threading.Event()

    def sample() -> None:
        while not is_over.is_set():
            begin = time.monotonic()
            time.sleep(_NAP)
            samples.append((time.monotonic() - begin - _NAP, time.thread_time()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        is_over.set()
        thread.join()


def flush(sites: int) -> dict[str, float]:
    """Return the processor time of the first flush, and how late another thread runs meanwhile.

    Everything is loaded by then, for a single call site.
    """
    import enforcer.startup  # noqa: PLC0415 - enabled by the environment already

    began = time.process_time()
    use(1, "first.py")
    enforcer.startup.flush()
    loaded = time.process_time() - began
    active = enforcer.startup.active()
    assert active is not None
    use(sites)
    with sampling() as samples:
        began = time.process_time()
        for reporter in active.reporters:
            reporter.flush(_PATIENCE)
        worked = time.process_time() - began - samples[-1][1]
    late = sorted(delay for delay, _ in samples)
    return {
        "loaded": loaded * 1e3,
        "worked": worked * 1e3,
        "late": late[int(0.99 * (len(late) - 1))] * 1e3,
    }


def end(sites: int) -> dict[str, float]:
    """Return when the program ends by itself, and how much it had worked by then."""
    use(sites)
    time.sleep(_REST)
    use(sites)
    return {"ends": time.monotonic(), "worked": time.process_time()}


def fork(times: int) -> dict[str, float]:
    """Return how long forks take while a request hangs."""
    took = []
    for number in range(times):
        use(number + 1)
        time.sleep(0.3)
        begin = time.monotonic()
        pid = os.fork()
        if not pid:
            os.kill(os.getpid(), 9)
        took.append((time.monotonic() - begin) * 1e3)
        os.waitpid(pid, 0)
    took.sort()
    return {"p50": took[len(took) // 2], "max": took[-1]}


def memory(sites: int) -> dict[str, float]:
    """Return the memory of the process once everything was sent."""
    flush(sites)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return {"memory": int(line.split()[1]) / 1024}


def start(_: int) -> dict[str, float]:
    """Return how many modules are loaded."""
    return {"modules": float(len(sys.modules))}


_TASKS = {"flush": flush, "end": end, "fork": fork, "memory": memory, "start": start}


if __name__ == "__main__":
    result = _TASKS[sys.argv[1]](int(sys.argv[2]))
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
