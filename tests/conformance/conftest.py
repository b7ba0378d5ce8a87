"""Give each conformance test a program of its own to run, in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from tests.conformance.zygote import DRIVER, Zygote, suits
from tests.patience import PATIENCE

PREAMBLE = "import importlib, importlib.util, os, pickle, sys, threading, types\n"


class Case:
    """A folder with modules, a migration map and a program."""

    def __init__(self, folder, zygote):
        self.folder = folder
        self._zygote = zygote
        self.has_own_interpreter = False
        self.environment = {}
        self.rules = []
        self.tables = []
        self.options = []
        self._recorded = None
        self.write("new/__init__.py", "")
        self.write("new/sub.py", "class Y: pass\n")
        self.write("par/__init__.py", "")

    def write(self, path, source=""):
        """Write a file of the program."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        return file

    def rule(self, legacy, canonical, **options):
        """Add a rule to the map."""
        self.rules.append((legacy, canonical, options))

    def factory(self, legacy, canonical, **options):
        """Add a legacy factory to the map."""
        self.tables.append(("factory", {"legacy": legacy, "canonical": canonical, **options}))

    def instances(self, canonical, key, **options):
        """Add a rule for instances to the map."""
        self.tables.append(("instances", {"canonical": canonical, "key": key, **options}))

    def tolerate(self, *entries):
        """Put call sites into the baseline, however they ask: legacy path, file, function."""
        lines = [
            f'{{path = "{path}", file = "{file}", function = "{function}", kind = "{kind}"}},'
            for path, file, function in entries
            for kind in ("attribute", "call", "import_module", "import_statement", "pickle")
        ]
        self.write(
            "enforcer-baseline.toml", "\n".join(["version = 1", "call_sites = [", *lines, "]"])
        )

    def write_map(self):
        """Write the migration map."""
        lines = ["[enforcer]", 'service = "case"', *self.options]
        tables = [
            ("rule", {"legacy": legacy, "canonical": canonical, **options})
            for legacy, canonical, options in self.rules
        ]
        for header, options in [*tables, *self.tables]:
            lines.append(f"[[{header}]]")
            for key, value in options.items():
                if isinstance(value, dict):
                    pairs = ", ".join(f'{name} = "{new}"' for name, new in value.items())
                    lines.append(f"{key} = {{ {pairs} }}")
                else:
                    lines.append(f"{key} = {json.dumps(value)}")
        return self.write("enforcer.toml", "\n".join(lines) + "\n")

    def check(self, program, *, arguments=(), guard=True):
        """Run a program with the enforcer enabled; its assertions are the test's."""
        done = self.run(program, arguments=arguments, guard=guard)
        assert done.returncode == 0, done.stdout + done.stderr
        self._recorded = json.loads((self.folder / "uses.json").read_text())

    def run(self, program, *, arguments=(), guard=True):
        """Run a program with the enforcer enabled, however it ends.

        Args:
            program: its source.
            arguments: options of the interpreter.
            guard: whether canonical modules are watched from another thread.

        """
        self.write_map()
        self.write("main.py", PREAMBLE + textwrap.dedent(program).lstrip("\n"))
        environment = {
            **os.environ,
            "GUARD": "1" if guard else "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }
        environment.pop("ENFORCER_MAP", None)
        if not self.has_own_interpreter and suits(arguments, self.environment):
            return self._zygote.run(self.folder, environment)
        return subprocess.run(
            [sys.executable, *arguments, str(DRIVER), str(self.folder)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment,
            check=False,
        )

    @property
    def rows(self):
        """What was recorded, probes left out."""
        return [row for row in self._recorded["uses"] if row["mechanism"] != "probe"]

    @property
    def probes(self):
        """The legacy paths that were only looked for."""
        rows = (row for row in self._recorded["uses"] if row["mechanism"] == "probe")
        return {row["path"]: row["count"] for row in rows}

    @property
    def notices(self):
        """What the enforcer had to say: kind and subject."""
        return {(kind, subject) for kind, subject, _ in self._recorded["notices"]}

    @property
    def uses(self):
        """How often each source line reached each legacy path."""
        counts = {}
        for row in self.rows:
            key = (row["path"], self.line(row))
            counts[key] = counts.get(key, 0) + row["count"]
        return counts

    def line(self, row):
        """The source line of a call site."""
        file = self.folder / row["file"]
        if not row["line"] or not file.exists():
            return row["file"]
        text = file.read_text().splitlines()[row["line"] - 1]
        return text.partition("  #")[0].strip().rstrip(";")


@pytest.fixture(scope="session")
def zygote():
    """Yield what runs programs in forked children; its process ends with the session."""
    one = Zygote()
    yield one
    one.close()


@pytest.fixture
def case(tmp_path, zygote):
    """Return a folder with `new`, `new.sub` and `par`, and no rules yet."""
    return Case(tmp_path, zygote)
