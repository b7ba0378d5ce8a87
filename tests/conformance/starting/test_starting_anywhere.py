"""What can be tested on an interpreter without processes, such as one on WebAssembly."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parents[1] / "drive_site.py"
STARTUP = Path(__file__).parents[3] / "startup"
PYTHON = shlex.split(os.environ.get("CONFORMANCE_PYTHON", "")) or [sys.executable]

PROGRAM = """\
for _ in range(20):
    from shop.old import price
assert price() == "new"
"""
SITES = {
    "one site folder, environment": 1,
    "two site folders, environment": 2,
    "no site folder, code": 0,
}


@pytest.mark.parametrize("kind", SITES)
def test_anywhere(world, kind):
    for number in range(SITES[kind]):
        shutil.copytree(STARTUP, world.folder / "sites" / str(number))
    world.write("main.py", PROGRAM)
    done = subprocess.run(
        [*PYTHON, DRIVER, world.folder],
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((world.folder / "uses.json").read_text())
    assert found == [1, [["main.py", 2, 20]]]
