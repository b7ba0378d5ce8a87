"""Do one measurement of telemetry, with whichever version of the enforcer is installed."""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

_REST = 2.5
"""How long other threads have to rest until their work counts as done, in seconds."""

_NAP = 0.0005


def use(sites: int) -> None:
    """Use the legacy path from a number of call sites."""
    code = compile("import old", "caller.py", "exec")
    for number in range(sites):
        exec(code.replace(co_firstlineno=number + 1, co_name=f"site{number}"))  # noqa: S102 - ours


def flush(sites: int) -> dict[str, float]:
    """Return the processor time of the first flush, and how late another thread runs meanwhile."""
    own = {threading.get_native_id()}

    def work() -> float:
        total = 0
        for folder in Path("/proc/self/task").iterdir():
            if int(folder.name) in own:
                continue
            with suppress(FileNotFoundError):  # the thread has ended meanwhile
                total += int((folder / "schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e9

    first = work()
    use(sites)
    late = []
    last, worked = time.monotonic(), first
    while time.monotonic() < last + _REST:
        begin = time.monotonic()
        time.sleep(_NAP)
        delay = time.monotonic() - begin - _NAP
        now = work()
        if now > worked + 0.0005:
            last = time.monotonic()
            late.append(delay)
        worked = now
    late.sort()
    return {"worked": (worked - first) * 1e3, "late": late[int(0.99 * (len(late) - 1))] * 1e3}


def end(sites: int) -> dict[str, float]:
    """Return when the program ends by itself."""
    use(sites)
    time.sleep(_REST)
    use(sites)
    return {"ends": time.monotonic()}


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
