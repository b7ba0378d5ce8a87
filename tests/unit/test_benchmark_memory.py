"""Test that benchmarks measure the memory of a command, and of nobody else."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.measured import measure_command

_LARGE = 100


@pytest.mark.process
def test_the_memory_is_not_that_of_the_process_that_measures(tmp_path: Path) -> None:
    """On Linux a process begins with the peak of the one that started it."""
    large = bytearray(_LARGE << 20)

    run = measure_command([sys.executable, "-I", "-S", "-c", "print(1)"], tmp_path)

    assert (run.output, run.code) == ("1\n", 0)
    assert run.memory < len(large) / 1e6


@pytest.mark.process
def test_the_memory_is_that_of_the_largest_child(tmp_path: Path) -> None:
    child = f"bytearray({_LARGE} << 20); raise SystemExit(3)"
    parent = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))"

    run = measure_command([sys.executable, "-c", parent], tmp_path)

    assert run.code == 3
    assert run.memory > _LARGE
    assert run.cpu > 0
