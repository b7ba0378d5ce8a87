"""Run pytest in forks of this process, which has it loaded; see ``warm.py`` beside it.

A line of JSON on standard input has the words, the folder, the environment and the two files for
the output of a run; the answer is its exit code. Only the standard library and pytest are loaded.
"""

import importlib
import json
import os
import runpy
import sys

from _pytest.config import default_plugins


def main() -> None:
    """Fork for each request; a fork returns from here, and ends as a process does."""
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    loaded = [name for name in sys.modules if name.partition(".")[0] == "enforcer"]
    assert not loaded, loaded
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(*json.loads(line))
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def run(words: list[str], folder: str, environ: dict[str, str], outputs: list[str]) -> None:
    """Become ``python -m pytest``, which raises SystemExit."""
    for descriptor, name in enumerate([os.devnull, *outputs]):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.path[0] = folder  # by `-m`; here it is the folder of this file
    sys.argv[1:] = words
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
