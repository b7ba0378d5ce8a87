"""Import legacy modules from four threads until a moment, and note each use that was made.

Usage: ``python worker.py NAME KIND UNTIL``, in a folder with a map and the modules. The kinds:
``exit`` ends by ``sys.exit()``, ``end`` by the end of the main thread while others still import,
``brief`` after a moment, and ``forking`` imports nothing itself and forks four workers.
"""

# Each import here is a use that is counted.
# ruff: noqa: B018, F401, F811, I001, PLC0415, S102, S301

import faulthandler
import importlib
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

THREADS = 4
FRESH_SITES = 15  # of each thread; all of them stay below what a process tells apart
BRIEF = 0.05
PAUSE = 0.7
PATIENCE = 300  # with what hangs
REST = 0.001  # leaves processors to those that end

Site = tuple[str, str, int]


def import_statements() -> None:
    """Import by statements, each on a line of its own: see ``PATHS``."""
    import old.a
    import par.old as m
    from par import old
    from old.a import X, f
    from old import a
    from old import a, b
    from par.mod import legacy
    import seen.s
    from seen import s
    from warned.a import X
    import old.b


def import_calls() -> None:
    """Import by calls and attributes."""
    importlib.import_module("old.a")
    __import__("par.old")
    pickle.loads(b"cpar.old\nX\n.")
    importlib.import_module("seen.s")
    sys.modules["par"].old
    sys.modules["par.mod"].legacy


PATHS = {
    import_statements: (
        "old.a par.old par.old old.a old.a old par.mod:legacy seen.s seen.s warned.a old.b"
    ),
    import_calls: "old.a par.old par.old seen.s par.old par.mod:legacy",
}


def sites_of(function: Callable[[], None]) -> list[Site]:
    """Give the legacy path and the line of each statement of a function."""
    first = function.__code__.co_firstlineno + 2
    return [
        (path, "worker.py", first + place) for place, path in enumerate(PATHS[function].split())
    ]


def import_until(moment: float, name: str, go: threading.Barrier) -> None:
    """Import in all forms until a moment; note the uses."""
    truth: Counter[Site] = Counter()
    both = [(function, sites_of(function)) for function in PATHS]
    go.wait()
    ask_relatively = importlib.import_module("par.relative").ask
    fresh = rounds = 0
    while time.time() < moment or not rounds:
        for function, sites in both:
            function()
            truth.update(sites)
        rounds += 1
        if rounds == 1:
            # A process that is forked while a thread loads a module can never load it.
            go.wait()
        time.sleep(REST)
        if fresh < FRESH_SITES and rounds % 50 == 0:
            fresh += 1
            file = f"fresh_{name}_{threading.get_ident()}_{fresh}.py"
            exec(compile("import old.b\n" * 3, str(Path.cwd() / file), "exec"), {})
            truth.update(("old.b", file, line) for line in (1, 2, 3))
        if rounds % 20 == 0:
            ask_relatively()
            truth.update((("par.old", "par/relative.py", 3), ("par.old", "par/relative.py", 4)))
    Path("truth", f"{name}_{os.getpid()}_{threading.get_ident()}.json").write_text(
        json.dumps([[*site, count] for site, count in truth.items()]), encoding="utf-8"
    )


def start_threads(moment: float, name: str) -> list[threading.Thread]:
    """Start the importing threads, all at once; each has imported everything when this ends."""
    go = threading.Barrier(THREADS + 1)
    threads = [
        threading.Thread(target=import_until, args=(moment, f"{name}_{number}", go))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    go.wait()
    go.wait()
    return threads


def work(name: str, kind: str, until: float) -> None:
    """Import, start short-lived processes meanwhile, and leave as the kind says."""
    signal.alarm(int(max(until - time.time(), 0)) + PATIENCE)
    threads = start_threads(time.time() + BRIEF if kind == "brief" else until, name)
    number = 0
    while kind != "brief" and time.time() < until - PAUSE:
        time.sleep(PAUSE)
        number += 1
        start_brief(f"{name}_{number}", forked=bool(number % 2))
    if kind != "end":
        for thread in threads:
            thread.join()
    if kind == "exit":
        sys.exit(3)


def start_brief(name: str, *, forked: bool) -> None:
    """Run a short-lived process to its end."""
    if forked:
        child = multiprocessing.get_context("fork").Process(target=work, args=(name, "brief", 0.0))
        child.start()
        child.join()
        code = child.exitcode
    else:
        code = subprocess.run([*command(name, "brief", 0.0)], check=False).returncode
    if code:
        Path("truth", f"{name}.failed").write_text(f"ended with {code}", encoding="utf-8")


def command(name: str, kind: str, until: float) -> list[str]:
    """Give the command line of a worker."""
    return [sys.executable, __file__, name, kind, str(until)]


def fork_workers(name: str, until: float) -> None:
    """Fork four workers: two by ``os.fork``, two by multiprocessing; each with its own end."""
    children = []
    for number in range(2):
        child = os.fork()
        if not child:
            work(f"{name}_{number}", "exit" if number else "end", until)
            return
        children.append(child)
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=work, args=(f"{name}_{number}", kind, until))
        for number, kind in ((2, "exit"), (3, "join"))
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    codes += [process.exitcode for process in processes]
    if codes != [0, 3, 3, 0]:
        Path("truth", f"{name}.failed").write_text(f"ended with {codes}", encoding="utf-8")


def main() -> None:
    name, kind, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
    faulthandler.register(signal.SIGALRM, chain=True)  # tells where it hangs, and ends it
    if kind == "forking":
        fork_workers(name, until)
    else:
        work(name, kind, until)


if __name__ == "__main__":
    main()
