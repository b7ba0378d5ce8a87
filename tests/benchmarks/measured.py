"""Run a command, and measure its time, processor time and peak memory.

Run as a program, which is small and starts the command itself. On Linux a process that was started
by another begins with the peak of that one (``execve`` counts the memory that it replaces, see
``setmax_mm_hiwater_rss`` in ``fs/exec.c``), so a large parent would be measured instead of the
command.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

_SCALE = 1 if sys.platform == "darwin" else 1024
"""The unit of ``ru_maxrss``, in bytes."""


class Measured(NamedTuple):
    """A command's output and what it took.

    Attributes:
        output: what it wrote to its standard output.
        code: its exit code.
        wall: its time, in seconds.
        cpu: the processor time of it and its children, in seconds.
        memory: the most memory that it, or one of its children, had at a time, in MB.

    """

    output: str
    code: int
    wall: float
    cpu: float
    memory: float


def measure_command(command: list[str], folder: Path) -> Measured:
    """Run a command in a folder, started by a process of some 12 MB."""
    reading, writing = os.pipe()
    launcher = [sys.executable, "-I", "-S", __file__, str(writing), *command]
    with subprocess.Popen(
        launcher, cwd=folder, stdout=subprocess.PIPE, text=True, pass_fds=[writing]
    ) as process:
        os.close(writing)
        output = process.stdout.read() if process.stdout is not None else ""
    with os.fdopen(reading) as report:
        code, wall, cpu, memory = report.read().split()
    return Measured(output, int(code), float(wall), float(cpu), float(memory))


def _launch(report: int, command: list[str]) -> None:
    # A child that outlives the command would keep the report open.
    closing = [(os.POSIX_SPAWN_CLOSE, report)]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=closing)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    os.write(report, f"{code} {wall} {cpu} {usage.ru_maxrss * _SCALE / 1e6}".encode())


if __name__ == "__main__":
    _launch(int(sys.argv[1]), sys.argv[2:])
