"""Threads that import graphs of modules by old and new paths neither hang nor get less.

Each schedule has a graph, threads and naps of its own, drawn from a seed, and runs in a process
of its own. Where no circle of imports can be reached, nothing may go wrong; in a circle nothing
may go wrong that can't in plain Python. To hunt: ``DEADLOCK_SCHEDULES=5000 DEADLOCK_SEED=1``.
"""

import json
import opcode
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

SCHEDULES = Path(__file__).parent / "scheduling" / "schedules.py"
COUNT = int(os.environ.get("DEADLOCK_SCHEDULES", "150"))
FIRST = int(os.environ.get("DEADLOCK_SEED", "1"))


def run(folder, first, count, **environment):
    done = subprocess.run(
        [sys.executable, str(SCHEDULES), str(folder), str(first), str(count)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_random_schedules(tmp_path):
    wrong = run(tmp_path, FIRST, COUNT)
    told = [f"seed {schedule['seed']}: " + "\n  ".join(schedule["wrong"]) for schedule in wrong]
    assert not told, "\n".join(told)


def test_plain_python_passes_the_same_judgement(tmp_path):
    """What is asked of the enforcer is no more than what Python itself does."""
    assert run(tmp_path, FIRST, COUNT // 3, PLAIN="1") == []


# Each of these found a defect: a use that was lost or counted twice where one thread put a module
# in place that another was about to load, or began to watch while another one loaded.
FOUND = (87, 1033, 1039, 1055, 1081, 1092, 1106, 1191, 1229)


@pytest.mark.parametrize("seed", FOUND)
def test_a_schedule_that_went_wrong(tmp_path, seed):
    for _ in range(3):
        assert run(tmp_path, seed, 1) == []


def test_the_thread_that_writes_does_not_race_the_program_for_collections(tmp_path):
    """On 3.13.0 one of the two fails: https://github.com/python/cpython/issues/125245."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    program = (
        "import sys; print(sys.version_info[:3] != (3, 13, 0) or 'collections' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "ENFORCER_MAP": str(tmp_path / "enforcer.toml")},
        check=False,
    )
    assert done.stdout == "True\n", done.stderr


PROGRAM = """
import sys, threading, time

def load():
    import opcode  # one of the modules that the enforcer needs to watch

loading = threading.Thread(target=load)
loading.start()
while "opcode" not in sys.modules:
    time.sleep(0.001)
import old
loading.join()
print(old.X)
"""
# As slow as the first import of anything may be: it is still loaded when the program goes on.
SLOW = """
import time
time.sleep(1)
import wave  # anything that is not loaded yet
exec(compile(open({real!r}).read(), {real!r}, "exec"))
"""


def test_a_module_that_another_thread_loads_meanwhile(tmp_path):
    """Python holds its import lock while it asks a finder; nothing is waited for with it."""
    (tmp_path / "enforcer.toml").write_text('[[rule]]\nlegacy = "old"\ncanonical = "new"\n')
    (tmp_path / "new.py").write_text("X = 1\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "opcode.py").write_text(SLOW.format(real=opcode.__file__))
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "ENFORCER_MAP": str(tmp_path / "enforcer.toml")},
        check=False,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
