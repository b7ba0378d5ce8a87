"""Import of canonical modules in a child process, to see which names they really have.

The only part of the static analysis that runs the program's code, and only on request. The child
runs without the enforcer, so that nothing is aliased and nothing is counted.
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TIMEOUT: Final = 120.0
"""Time limit of one child in seconds."""

_MAP_KEY: Final = "ENFORCER_MAP"

# The child's answers go to a copy of descriptor 1, and descriptor 1 becomes standard error, so that
# output of imported modules does not mix with them. os._exit() does not wait for threads that they
# started.
_CHILD: Final = """\
import importlib, importlib.util, json, os, sys
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
job = json.load(sys.stdin)
sys.path[:0] = job["path"]

def has(module, name):
    try:
        if hasattr(module, name):
            return True
        inside = f"{module.__name__}.{name}"
        return hasattr(module, "__path__") and importlib.util.find_spec(inside) is not None
    except Exception:
        return False

for path, names in job["modules"]:
    try:
        module = importlib.import_module(path)
        answer = {"names": [name for name in names if has(module, name)]}
    except BaseException as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps({"path": path, **answer}) + "\\n")
    answers.flush()
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """Result of importing a module.

    Attributes:
        names: those of the names looked for that the module has.
        error: what the import raised; empty if it succeeded.

    """

    names: frozenset[str] = frozenset()
    error: str = ""


def import_modules(
    wanted: Mapping[str, Collection[str]], path: Sequence[str], *, timeout: float = TIMEOUT
) -> dict[str, ImportedModule]:
    """Import modules and look for names in them.

    Args:
        wanted: the names to look for in each module.
        path: the folders to prepend to the module search path; the first is the
            child's working directory.
        timeout: how many seconds one child may take.

    """
    found: dict[str, ImportedModule] = {}
    pending = sorted(wanted)
    while pending:
        job = {"path": list(path), "modules": [[name, sorted(wanted[name])] for name in pending]}
        answers, ending = _run(job, path[0], timeout)
        for answer in answers:
            names = frozenset(answer.get("names", ()))
            found[answer["path"]] = ImportedModule(names, answer.get("error", ""))
        pending = [name for name in pending if name not in found]
        if pending:
            # The child ended in the middle of this one; the others get another child.
            found[pending.pop(0)] = ImportedModule(error=ending)
    return found


def _run(job: object, folder: str, timeout: float) -> tuple[list[dict[str, str]], str]:
    """Run one child; return its answers and how it ended."""
    environ = {key: value for key, value in os.environ.items() if key != _MAP_KEY}
    try:
        result = subprocess.run(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", _CHILD],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environ,
            timeout=timeout,
            check=False,
        )
        output, ending = result.stdout, f"the process ended with exit code {result.returncode}"
    except subprocess.TimeoutExpired as error:
        unit = "second" if timeout == 1 else "seconds"
        output, ending = error.stdout or b"", f"it did not finish in {timeout:g} {unit}"
    lines = output.decode().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")], ending
