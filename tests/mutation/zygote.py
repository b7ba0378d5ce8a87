"""Run pytest again and again, each time in a fork that has it loaded already.

A line of JSON on standard input names the arguments and a file for the output. The answers are
the number of the process, and then its exit code. Nothing of the enforcer may be loaded here:
each fork has another mutant.
"""

import importlib.metadata
import json
import os
import sys
import traceback
from pathlib import Path

import hypothesis
import pytest

BROKEN = 99
"""The exit code of a fork in which pytest itself failed."""


def preload() -> None:
    """Load the plugins that a run would load, which takes most of its start."""
    for entry in importlib.metadata.entry_points(group="pytest11"):
        if not entry.module.startswith("enforcer"):
            entry.load()
    assert hypothesis.__version__
    loaded = [name for name in sys.modules if name.partition(".")[0] == "enforcer"]
    assert not loaded, loaded


def run(arguments: list[str], output: str) -> int:
    """Run pytest in this fork."""
    os.setpgid(0, 0)
    with Path(output).open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    # What is loaded here is not rewritten, and need not be.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*quiet, *arguments]))


def main() -> None:
    """Answer requests until there are no more."""
    preload()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            code = BROKEN
            try:
                code = run(**request)
            except BaseException:  # noqa: BLE001 - the fork has to end here
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
