"""Measure what is added to the start of an interpreter, and to the life of a short program.

Each variant has a virtual environment of its own below ``.venvs/``, with nothing else in it, so
that only its own ``.pth`` file is read.
"""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.benchmarks.harness import PROJECT, Interpreter, Rounds, Spread, Times, interleave
from tests.benchmarks.large_world import LEGACY, RULES, write_large_world
from tests.benchmarks.world import MAP_FILE

TARGET_MS: Final = 5.0
SAFE_TARGET_MS: Final = 2.0

_BARE: Final = "bare interpreter"
_OFF: Final = "enforcer, variable absent"
_ON: Final = f"enforcer, {RULES:,} rules"
_SAFE: Final = f"enforcer, {RULES:,} rules, safe mode"
_FIRST: Final = f"enforcer, {RULES:,} rules, and a legacy import"
_MAIN: Final = "until main"
_WHOLE: Final = "whole process"
_NS_IN_MS: Final = 1e6

_NOW: Final = "__import__('time').clock_gettime_ns(__import__('time').CLOCK_MONOTONIC)"
_PROGRAM: Final = f"{{before}}\nprint({_NOW})\n"


@dataclass(frozen=True, slots=True)
class Variant:
    """Say how an interpreter is started.

    Attributes:
        requirements: what is installed, besides nothing.
        environment: the variables that are set.
        launcher: the command that starts the interpreter, in its own environment.
        pth: the line of a ``.pth`` file to write.
        before: what the program does before it looks at the clock.

    """

    requirements: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    launcher: str = ""
    pth: str = ""
    before: str = ""


def _variants(folder: Path) -> dict[str, Variant]:
    enforcer = (str(PROJECT),)
    on = {"ENFORCER_MAP": str(folder / MAP_FILE), "PYTHONPATH": str(folder)}
    quiet = {f"OTEL_{kind}_EXPORTER": "none" for kind in ("TRACES", "METRICS", "LOGS")}
    return {
        _BARE: Variant(),
        _OFF: Variant(enforcer),
        _ON: Variant(enforcer, on),
        _SAFE: Variant(enforcer, {**on, "ENFORCER_SAFE": "1"}),
        _FIRST: Variant(enforcer, on, before=f"import {LEGACY}.m0"),
        "setuptools' .pth": Variant(("setuptools",)),
        "coverage's .pth": Variant(
            ("coverage",),
            {"COVERAGE_PROCESS_START": str(folder / "coveragerc")},
            pth="import coverage; coverage.process_startup()",
        ),
        "opentelemetry-instrument": Variant(
            ("opentelemetry-distro",), quiet, launcher="opentelemetry-instrument"
        ),
        "ddtrace-run": Variant(
            ("ddtrace",),
            {"DD_TRACE_ENABLED": "false", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"},
            launcher="ddtrace-run",
        ),
    }


def measure_start_up(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Time the start of every variant, and its whole life."""
    write_large_world(folder)
    (folder / "coveragerc").write_text(f"[run]\ndata_file = {folder}/coverage\nparallel = true\n")
    variants = _variants(folder)
    environments = {
        name: _environment(interpreter, name, variant)
        for name, variant in track(variants.items(), "Installing", transient=True)
    }
    for name, variant in variants.items():
        program = _PROGRAM.format(before=variant.before)
        (folder / f"{list(variants).index(name)}.py").write_text(program)

    def measure(name: str, _number: int) -> Times:
        script = folder / f"{list(variants).index(name)}.py"
        return _time(environments[name], variants[name], script)

    for name in variants:
        measure(name, 0)  # writes bytecode, and the enforcer's cache
    return interleave(tuple(variants), rounds, measure)


def _environment(interpreter: Interpreter, name: str, variant: Variant) -> Path:
    """Make the virtual environment of a variant, once, and install anew what is ours."""
    slug = "-".join("".join(c if c.isalnum() else " " for c in name).split())
    if PROJECT.as_posix() in variant.requirements:
        slug = "enforcer"
    folder = PROJECT / ".venvs" / "benchmark" / interpreter.version / slug
    if not (folder / "ready").exists():
        subprocess.run([interpreter.path, "-m", "venv", "--without-pip", folder], check=True)
    if variant.requirements and (slug == "enforcer" or not (folder / "ready").exists()):
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
        own = ["--no-deps", "--force-reinstall"] if slug == "enforcer" else []
        subprocess.run(
            [*pip, "--quiet", "--disable-pip-version-check", *own, *variant.requirements],
            check=True,
        )
    if variant.pth:
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "benchmark.pth").write_text(variant.pth + "\n")
    (folder / "ready").touch()
    return folder


def _time(environment: Path, variant: Variant, script: Path) -> Times:
    command = [str(environment / "bin" / "python"), str(script)]
    if variant.launcher:
        command.insert(0, str(environment / "bin" / variant.launcher))
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ENFORCER", "PYTHON", "OTEL", "DD_", "COVERAGE"))
    }
    inherited["PATH"] = f"{environment / 'bin'}{os.pathsep}{inherited['PATH']}"
    started = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    done = subprocess.run(
        command,
        env={**inherited, **variant.environment},
        cwd=script.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    ended = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return {_MAIN: int(done.stdout) - started, _WHOLE: ended - started}


def print_start_up(console: Console, rounds: Rounds) -> None:
    """Print what each variant adds, against the bare interpreter in the same round."""
    table = Table(title="Start of an interpreter", title_justify="left")
    for heading in ("", "until main", "added, ms", "ratio", "whole process, added ms", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in rounds:
        added = _added(rounds, name, _MAIN)
        whole = _added(rounds, name, _WHOLE)
        base = rounds[_BARE]
        ratio = Spread.of(
            one[_MAIN] / other[_MAIN] for one, other in zip(rounds[name], base, strict=True)
        )
        table.add_row(
            name,
            f"{statistics.median(times[_MAIN] for times in rounds[name]) / _NS_IN_MS:.1f} ms",
            _milliseconds(added),
            str(ratio),
            _milliseconds(whole),
            _verdict(rounds, name, added),
        )
    console.print(table)
    console.print()


def _added(rounds: Rounds, name: str, case: str) -> Spread:
    pairs = zip(rounds[name], rounds[_BARE], strict=True)
    return Spread.of((one[case] - other[case]) / _NS_IN_MS for one, other in pairs)


def _milliseconds(spread: Spread) -> str:
    return f"{spread.median:+.2f} [{spread.low:+.2f} {spread.high:+.2f}]"


def _verdict(rounds: Rounds, name: str, added: Spread) -> str:
    target = {_ON: TARGET_MS, _SAFE: SAFE_TARGET_MS}.get(name)
    if target is not None:
        return f"≤ {target:g} ms: {'met' if added.median <= target else 'MISSED'}"
    if name == _OFF:
        times = Spread.of(one[_MAIN] / _NS_IN_MS for one in rounds[_BARE])
        spread = times.high - times.low
        return f"within {spread:.2f} ms: {'met' if added.median <= spread else 'MISSED'}"
    return ""
