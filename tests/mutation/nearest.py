"""Know which tests run which lines: what a mutant's nearest tests are.

Processes that tests start are measured too; the test is known to them by pytest's variable. A
process that ends by a signal or by ``os._exit()`` says nothing: so the tests of the package that
covered nothing of a line are not proof that no test runs it.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import coverage

SETTINGS = """\
[run]
context = ${PYTEST_CURRENT_TEST-}
data_file = %(data)s
parallel = true
source = %(source)s
"""


class Nearest:
    """Tests by the lines that they run."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree = tree
        self._data = folder / "coverage"
        self._durations = folder / "durations.jsonl"
        self._tests: dict[str, dict[int, set[str]]] = {}
        self.seconds: dict[str, float] = {}

    def measure(self, python: str, tests: list[str], processes: str) -> None:
        """Run tests once, as they are, and remember what each of them covers.

        Args:
            python: the interpreter that has the tree installed.
            tests: files and folders of tests.
            processes: how many to run at once, for pytest-xdist.

        """
        folder = self._data.parent
        settings = folder / "settings.ini"
        source = self._tree / "enforcer"
        settings.write_text(SETTINGS % {"data": self._data, "source": source}, encoding="utf-8")
        environment = {
            **os.environ,
            "COVERAGE_PROCESS_START": str(settings),
            "MUTATION_DURATIONS": str(self._durations),
        }
        command = ["-m", "pytest", "-q", "-n", processes, "-p", "tests.mutation.contexts", *tests]
        subprocess.run([python, *command], cwd=self._tree, env=environment, check=False)
        data = [python, "-m", "coverage", "combine", "--quiet", f"--rcfile={settings}"]
        subprocess.run(data, cwd=self._tree, check=True, stdout=sys.stderr)

    def load(self) -> bool:
        """Read what was measured; whether there was anything."""
        if not self._data.exists():
            return False
        for line in self._durations.read_text(encoding="utf-8").splitlines():
            test, seconds = json.loads(line)
            self.seconds[test] = seconds
        data = coverage.CoverageData(str(self._data))
        data.read()
        for file in data.measured_files():
            lines = defaultdict(set)
            for number, contexts in data.contexts_by_lineno(file).items():
                # A process says "test (call)", with the setting's "|" and nothing behind it.
                names = {context.partition("|")[0].partition(" (")[0] for context in contexts}
                lines[number] = names & self.seconds.keys()
            self._tests[str(Path(file).relative_to(self._tree))] = lines
        return True

    def tests_of(self, path: str, lines: tuple[int, int]) -> list[str]:
        """Return the tests that run any of some lines of a file, the quickest first."""
        by_line = self._tests.get(path, {})
        tests = set().union(*(by_line.get(n, set()) for n in range(lines[0], lines[1] + 1)))
        return sorted(tests, key=lambda test: self.seconds[test])
