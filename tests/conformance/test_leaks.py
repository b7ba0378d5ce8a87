"""A hundred thousand imports and a thousand enablings leave nothing behind.

``LEAK_SCALE=1`` makes ten times as many, as ``make suites`` does.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.patience import environment_without

LEAKING = Path(__file__).parent / "leaking" / "leaking.py"
SCALE = float(os.environ.get("LEAK_SCALE", "0.1"))

# How much more of each there may be after the last tenth than in the first half. The measurement
# keeps a few numbers itself, and what the allocator holds back is no leak.
GROWTH = {"blocks": 200, "references": 400, "objects": 40, "resident": 2 << 20}
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    GROWTH["blocks"] = 2000  # what was freed is counted until all threads have passed a safe point

# What modules keep alive that Python itself never frees.
HELD_BY_MODULES = ("blocks", "references", "objects", "resident")


def run(folder, what, count, store):
    done = subprocess.run(
        [sys.executable, str(LEAKING), str(folder), what, str(int(count * SCALE)), store],
        capture_output=True,
        text=True,
        env={**environment_without("ENFORCER"), "ENFORCER_FLUSH_INTERVAL": "0.2"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_flat(found, *, besides=()):
    half = len(found["weights"]) // 2
    first, last = found["weights"][:half], found["weights"][-1]
    # An allocator's caches fill in the first cycles: the most that the first half held counts.
    most = {name: max(weight[name] for weight in first) for name in last}
    grown = {
        name: (most[name], last[name])
        for name in last
        if name not in besides and last[name] - most[name] > GROWTH.get(name, 0)
    }
    assert not grown, grown
    assert found["changed"] == []


def test_cached_imports(tmp_path):
    found = run(tmp_path, "imports", 1_000_000, "nothing")
    check_flat(found)
    assert found["recorded"] == found["made"]


def test_cached_imports_while_a_store_is_written(tmp_path):
    check_flat(run(tmp_path, "imports", 200_000, "store"))


def test_enablings(tmp_path):
    """With a rule of each kind, each used in each form."""
    check_flat(run(tmp_path, "cycles", 10_000, "nothing"))


def test_enablings_with_a_store(tmp_path):
    """Each starts a thread, writes to the store and ends the thread."""
    found = run(tmp_path, "cycles", 300, "store")
    check_flat(found, besides=HELD_BY_MODULES if found["modules stay"] else ())
