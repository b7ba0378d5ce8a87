"""Do one measurement in a fresh process and write its result as JSON.

Runs in the interpreter under test: ``python -m tests.benchmarks.child TASK WORLD OPTIONS``.
"""

import gc
import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from resource import RUSAGE_CHILDREN, getpagesize, getrusage
from time import monotonic_ns, perf_counter_ns
from unittest import mock

from tests.benchmarks.mechanisms import ENFORCER, NATIVE
from tests.benchmarks.watch import start_quietly, watch
from tests.benchmarks.world import MAP_FILE, STATEMENTS_IN_A_LOOP

_WARM_UP_LOOPS = 50


def see_callers(
    world: Path, *, mechanism: str, modules: list[str], forms: int, runs: int
) -> dict[str, object]:
    """Execute every form of every caller and say what the mechanism saw."""
    callers = [import_module(module) for module in modules]
    look = watch(mechanism, world)
    for _ in range(runs):
        for caller in callers:
            for form in range(forms):
                getattr(caller, f"form_{form}")()
    seen = {f"{Path(file).name}:{line}": count for (file, line), count in look().items()}
    return {"seen": seen, "is_same_object": _is_same_object(), "is_patched": _is_patched()}


def _is_same_object() -> bool:
    return bool(import_module("a.old").X is import_module("a.new").X)


def _is_patched() -> bool:
    """Tell whether patching a name through the old path changes the new one."""
    with mock.patch("a.old.X", new="patched"):
        return bool(import_module("a.new").X == "patched")


def time_statements(
    world: Path, *, mechanism: str, module: str, loops: int, repeats: int
) -> dict[str, float]:
    """Time the statements of a module; give the nanoseconds of each at its best.

    The best of several repeats is the one that other processes disturbed least. The
    repeats of all statements take turns.
    """
    if mechanism != NATIVE:
        start_quietly(mechanism, world)
    cases = import_module(module).CASES
    for case in cases.values():
        case(_WARM_UP_LOOPS)
    best = dict.fromkeys(cases, float("inf"))
    gc.disable()
    for _ in range(repeats):
        for key, case in cases.items():
            begin = perf_counter_ns()
            case(loops)
            took = perf_counter_ns() - begin
            best[key] = min(best[key], took / (loops * STATEMENTS_IN_A_LOOP))
    return best


def time_first_imports(world: Path, *, mechanism: str, modules: list[str]) -> dict[str, float]:
    """Time the first import of many modules together, in nanoseconds."""
    if mechanism != NATIVE:
        start_quietly(mechanism, world)
    gc.disable()
    begin = perf_counter_ns()
    for module in modules:
        __import__(module)
    return {"all": float(perf_counter_ns() - begin)}


def measure_memory(
    world: Path, *, modules: list[str], preloaded: list[str], enabled: bool
) -> dict[str, float]:
    """Give the resident memory of a program that ran all its call sites twice, in bytes."""
    if enabled:
        import enforcer  # noqa: PLC0415 - the other process goes without

        enforcer.enable(str(world / MAP_FILE))
    for module in preloaded:
        import_module(module)
    for module in modules:
        caller = import_module(module)
        caller.main()
        caller.main()
    resident = {"resident": _resident()}
    if enabled:
        enforcer.flush()
    return {**resident, "flushed": _resident()}


def _resident() -> float:
    gc.collect()
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return float(int(pages) * getpagesize())


def time_instances(world: Path, *, enabled: bool, loops: int, repeats: int) -> dict[str, float]:
    """Time calls whose instances are there already; the nanoseconds of each at its best."""
    if enabled:
        start_quietly(ENFORCER, world)
    cases = import_module("timed").CASES
    best = dict.fromkeys(cases, float("inf"))
    gc.disable()
    for _ in range(repeats):
        for key, case in cases.items():
            case(_WARM_UP_LOOPS)
            begin = perf_counter_ns()
            case(loops)
            best[key] = min(best[key], (perf_counter_ns() - begin) / loops)
    return best


def time_starts(
    world: Path, *, variants: dict[str, dict[str, str] | None], rounds: int
) -> dict[str, list[dict[str, int]]]:
    """Time whole processes of this interpreter: nanoseconds until the first line, and in all.

    A variant with an environment has the enforcer installed.
    """
    pythons = {name: _install(world, environ is not None) for name, environ in variants.items()}
    results: dict[str, list[dict[str, int]]] = {name: [] for name in variants}
    for number in range(-1, rounds):
        for name in variants if number % 2 else reversed(variants):
            inherited = {key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ}
            environ = inherited | (variants[name] or {})
            command = [str(pythons[name]), str(world / "program.py")]
            before = _children_ns()
            began = monotonic_ns()
            done = subprocess.run(
                command, env=environ, cwd=world, check=True, stdout=subprocess.PIPE
            )
            ended = monotonic_ns()
            after = _children_ns()
            first_line, spent = map(int, done.stdout.split())
            if number >= 0:  # the first writes bytecode, and the enforcer's cache
                times = {
                    "until main": first_line - began,
                    "until main, processor time": spent,
                    "whole process": ended - began,
                    "whole process, processor time": after - before,
                }
                results[name].append(times)
    return results


def _children_ns() -> int:
    """Return the processor time of the children that ended, in nanoseconds."""
    usage = getrusage(RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def _install(world: Path, is_enforcer: bool) -> Path:  # noqa: FBT001 - of this file
    folder = world / ("with" if is_enforcer else "without")
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        if is_enforcer:
            (site,) = folder.glob("lib/python*/site-packages")
            shutil.copytree(world / "package", site, dirs_exist_ok=True)
            subprocess.run([sys.executable, "-m", "compileall", "-q", str(site)], check=True)
    return folder / "bin" / "python"


_TASKS = {
    "starts": time_starts,
    "callers": see_callers,
    "statements": time_statements,
    "first_imports": time_first_imports,
    "instances": time_instances,
    "memory": measure_memory,
}


def main() -> None:
    """Do the task that the command line names."""
    task, world, options, site_packages = sys.argv[1:]
    sys.path.insert(0, world)
    if site_packages:
        sys.path.append(site_packages)
    result = _TASKS[task](Path(world), **json.loads(options))  # type: ignore[operator]
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
