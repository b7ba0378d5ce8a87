"""Lay out what CPython's own tests run in: an environment, moved modules, a migration map.

The environment is a virtual one without packages but the enforcer, copied as a wheel lays it out.
Moved modules are copies of modules that the tests import, in a package of their own; the map
makes the tests' paths legacy and aliases them to the copies. A module is moved only if plain
Python would pass the tests with a shim in its old place: none whose own name or file is what a
test looks at. Those, and packages that a shim can't stand in for, are observed.
"""

import re
import shutil
import subprocess
from pathlib import Path

from tests.interpreters.finding import PROJECT, Interpreter

ALIASED = {
    "json.*": "stdlib_moved.json.*",
    "modulefinder": "stdlib_moved.modulefinder",
    "shlex": "stdlib_moved.shlex",
    "test._test_multiprocessing": "stdlib_moved._test_multiprocessing",
    "test.pickletester": "stdlib_moved.pickletester",
    "test.support.import_helper": "stdlib_moved.support.import_helper",
    "test.support.os_helper": "stdlib_moved.support.os_helper",
    "test.support.script_helper": "stdlib_moved.support.script_helper",
    "test.support.threading_helper": "stdlib_moved.support.threading_helper",
    "test.support.warnings_helper": "stdlib_moved.support.warnings_helper",
    "test.test_importlib.abc": "stdlib_moved.importlib_abc",
    "test.test_importlib.util": "stdlib_moved.importlib_util",
    "unittest.mock": "stdlib_moved.mock",
}
"""Legacy path → where its copy is."""

OBSERVED = (
    "contextlib",
    "email.*",
    "http.*",
    "inspect",
    "multiprocessing.*",
    "pathlib",
    "pickle",
    "pickletools",
    "pkgutil",
    "pydoc",
    "subprocess",
    "tempfile",
    "test.support.hashlib_helper",
    "test.support.socket_helper",
    "test.support.testcase",
    "test.support:captured_stdout",
    "test.support:gc_collect",
    "test.support:verbose",
    "test.test_importlib.*",
    "test.test_inspect.*",
    "textwrap",
    "xml.*",
    "zipfile.*",
)
"""What is only watched; the copies need not exist."""

NEEDED_BESIDE = {"test._test_multiprocessing": ("mp_fork_bomb.py", "mp_preload.py")}
"""Files that a moved module looks for in its own folder."""

START_METHODS = ("fork", "forkserver", "spawn")
PARTS = {
    "manager": "only_type='manager'",
    "misc": "exclude_types=True",
    "processes": "only_type='processes'",
    "threads": "only_type='threads'",
}
"""Into what CPython from 3.12.1 on splits each suite of multiprocessing, and how."""

SHIPPED_LATER = """\
import unittest
from test._test_multiprocessing import install_tests_in_module_dict

install_tests_in_module_dict(globals(), {method!r}, {which})
"""


class Setting:
    """Hold the places that a run needs.

    Attributes:
        folder: where everything lies.
        interpreter: what is tested.
        python: the Python of its environment.
        library: its standard library, as it sees it.
        moved: the package of what was moved.
        split: what multiprocessing's suites are run from; None if the interpreter ships them.

    """

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        """Make the environment and the modules in it."""
        self.folder = folder
        self.interpreter = interpreter
        environment = folder / "environment"
        self._run(interpreter.path, "-m", "venv", "--without-pip", environment)
        self.python = environment / "bin" / "python"
        self.library = Path(self._ask("import os; print(os.__file__)")).parent
        packages = Path(self._ask("import sysconfig; print(sysconfig.get_path('purelib'))"))
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "enforcer", packages / "enforcer", ignore=ignore)
        for file in (PROJECT / "startup").glob("enforcer_*"):
            shutil.copy(file, packages)
        self.moved = packages / "stdlib_moved"
        self._move(self.moved)
        self.split: Path | None = None
        tests = interpreter.outside(self.library) / "test"
        if not (tests / "test_multiprocessing_fork").is_dir():
            self.split = self._write_split(packages)

    def _ask(self, program: str) -> str:
        return self._run(self.python, "-c", program)

    def _run(self, *words: str | Path) -> str:
        done = subprocess.run(
            self.interpreter.command(*words),
            check=True,
            env=self.interpreter.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout.strip()

    def _move(self, package: Path) -> None:
        for legacy, canonical in ALIASED.items():
            library = self.interpreter.outside(self.library)
            source = library.joinpath(*legacy.removesuffix(".*").split("."))
            target = package.parent.joinpath(*canonical.removesuffix(".*").split("."))
            target.parent.mkdir(parents=True, exist_ok=True)
            (target.parent / "__init__.py").touch()
            if legacy.endswith(".*"):
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
                for file in target.rglob("*.py"):
                    _rename(file, source.name, canonical.removesuffix(".*"))
            else:
                shutil.copy(source.with_suffix(".py"), target.with_suffix(".py"))
            for name in NEEDED_BESIDE.get(legacy, ()):
                shutil.copy(source.parent / name, target.parent)

    def _write_split(self, packages: Path) -> Path:
        """Write the suites that pyenv's older versions forget to install, as CPython has them."""
        for method in START_METHODS:
            package = packages / f"test_multiprocessing_{method}"
            package.mkdir()
            (package / "__init__.py").touch()
            for part, which in PARTS.items():
                source = SHIPPED_LATER.format(method=method, which=which)
                (package / f"test_{part}.py").write_text(source, encoding="utf-8")
        return packages

    def write_map(self, folder: Path) -> Path:
        """Write the migration map, whose store is beside it."""
        lines = ["[enforcer]", 'service = "stdlib"', 'store = "uses.db"']
        rules = [(legacy, canonical, "alias") for legacy, canonical in ALIASED.items()]
        rules += [(legacy, f"stdlib_observed.{legacy}", "observe") for legacy in OBSERVED]
        for legacy, canonical, stage in rules:
            lines += ["", "[[rule]]", f'legacy = "{legacy}"', f'canonical = "{canonical}"']
            lines.append(f'stage = "{stage}"')
        file = folder / "enforcer.toml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file


def _rename(file: Path, old: str, new: str) -> None:
    """Let a moved package import itself by its new name."""
    text = file.read_text(encoding="utf-8")
    text = re.sub(rf"^from {old}\b", f"from {new}", text, flags=re.MULTILINE)
    text = re.sub(rf"^import {old}$", f"import {new} as {old}", text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
