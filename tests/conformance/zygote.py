"""Processes for programs, forked from one that has loaded the interpreter and the enforcer already.

Half the time of a short program is the start of its interpreter. ``drive.py`` run with ``--fork``
reads requests and forks a child for each, which goes on as ``python drive.py FOLDER`` would. With
``CONFORMANCE_FORKS=0`` each program has an interpreter of its own.
"""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

DRIVER = Path(__file__).with_name("drive.py")


class Zygote:
    """Runs programs in children of one process, which starts with the first of them."""

    def __init__(self):
        self._process = None

    def run(self, folder, environment):
        """Run the program of a folder; return what ``subprocess.run`` would."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(DRIVER), "--fork"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        request = {"folder": str(folder), "environment": environment}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            self._process.kill()
            self.close()
            raise subprocess.TimeoutExpired([DRIVER, folder], PATIENCE)
        code = int(self._process.stdout.readline())
        out, err = ((folder / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess([DRIVER, folder], code, out, err)

    def close(self):
        """End the process."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(PATIENCE)
            self._process.stdout.close()
            self._process = None


def suits(arguments, environment):
    """Return whether a child of the zygote is what an interpreter of its own would be."""
    is_forked = hasattr(os, "fork") and os.environ.get("CONFORMANCE_FORKS") != "0"
    return (
        is_forked and not arguments and not any(name.startswith("PYTHON") for name in environment)
    )
