"""Know which tests run which lines: what a mutant's nearest tests are.

Processes that tests start are measured too; the test is known to them by pytest's variable. A
process that ends by a signal or by ``os._exit()`` says nothing: so the tests of the package that
covered nothing of a line are not proof that no test runs it.

What was measured is kept. Later only the tests whose files changed are measured again, and the
lines that others covered are found in today's source.
"""

import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import coverage

SETTINGS = """\
[run]
core = ctrace
context = ${PYTEST_CURRENT_TEST-}
data_file = %(data)s
parallel = true
source = %(source)s
"""
HIDER = Path("enforcer", "runtime", "imports", "cpython.py")
HIDING = "function.__code__ = function.__code__.replace(co_filename=_FILE)"
PHASE = re.compile(r" \((setup|call|teardown)\)$")
QUICK = 0.1
"""How many seconds a test takes at most that is run before all others."""


class Nearest:
    """Tests by the lines that they run.

    Attributes:
        seconds: how long each test took.

    """

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree = tree
        self._folder = folder
        self._tests: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._noticed: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, float] = {}

    def measure(self, python: str, tests: list[str], processes: str) -> None:
        """Run tests as they are, unless that was done, and remember what each of them covers.

        Args:
            python: the interpreter that has the tree installed.
            tests: files and folders of tests.
            processes: how many to run at once, for pytest-xdist.

        """
        known = {}
        whole = [file.parent for file in self._folder.glob("measured*/files.json")]
        measured = sorted(whole, key=lambda place: int(place.name[8:]))
        for place in measured:
            known |= json.loads((place / "files.json").read_text(encoding="utf-8"))
        now = {file: self._digest(file) for file in self._files(tests)}
        new = [file for file, digest in now.items() if known.get(file) != digest]
        if new:
            place = self._folder / f"measured{len(measured)}"
            shutil.rmtree(place, ignore_errors=True)
            self._run(place, python, new, processes)
            measured.append(place)
        for place in measured:
            digests = json.loads((place / "files.json").read_text(encoding="utf-8"))
            self._load(place, {file for file in digests if digests[file] == now.get(file)})

    def tests_of(self, path: str, lines: tuple[int, int]) -> list[str]:
        """Return the tests that run any of some lines of a file.

        Those that noticed other mutants of the file come first, then quick ones, then those of
        each file in turn: tests of one file are alike, and the first few should be enough.
        """
        by_line = (self._tests.get((path, n), set()) for n in range(lines[0], lines[1] + 1))
        tests: set[str] = set().union(*by_line)
        if lines[0] == 1:  # a constant of the module: its own tests may look at nothing else
            own = f"/test_{Path(path).stem}.py::"
            tests |= {test for test in self.seconds if own in test}
        turns: Counter[str] = Counter()
        ranks = {}
        for test in sorted(tests, key=lambda test: self.seconds[test]):
            file = test.partition("::")[0]
            turn = turns[file] if self.seconds[test] > QUICK else 0
            ranks[test] = (-self._noticed[path, test], turn, self.seconds[test])
            turns[file] += 1
        return sorted(tests, key=ranks.__getitem__)

    def note(self, path: str, test: str) -> None:
        """Remember that a test noticed a mutant of a file."""
        self._noticed[path, test] += 1

    def _files(self, tests: list[str]) -> Iterator[str]:
        for name in tests:
            place = self._tree / name
            files = place.rglob("test_*.py") if place.is_dir() else [place]
            yield from sorted(str(file.relative_to(self._tree)) for file in files)

    def _digest(self, file: str) -> str:
        return hashlib.sha256((self._tree / file).read_bytes()).hexdigest()

    def _run(self, place: Path, python: str, files: list[str], processes: str) -> None:
        place.mkdir(parents=True)
        settings = place / "settings.ini"
        source = self._tree / "enforcer"
        settings.write_text(
            SETTINGS % {"data": place / "coverage", "source": source}, encoding="utf-8"
        )
        environment = {
            **os.environ,
            "CONFORMANCE_FORKS": "0",  # a context is of one process
            "COVERAGE_PROCESS_START": str(settings),
            "MUTATION_DURATIONS": str(place / "durations.jsonl"),
        }
        options = ["-q", "-n", processes, "--dist", "worksteal", "-p", "tests.mutation.contexts"]
        command = [python, "-m", "pytest", *options, *files]
        with self._shown():
            subprocess.run(command, cwd=self._tree, env=environment, check=False)
        lines = (place / "durations.jsonl").read_text(encoding="utf-8").splitlines()
        failed = {test for test, _, is_passed in map(json.loads, lines) if not is_passed}
        if failed:
            environment.pop("COVERAGE_PROCESS_START")
            command[-len(files) :] = sorted(failed)
            subprocess.run(command, cwd=self._tree, env=environment, check=False)
        data = [python, "-m", "coverage", "combine", "--quiet", f"--rcfile={settings}"]
        subprocess.run(data, cwd=self._tree, check=True, stdout=sys.stderr)
        shutil.copytree(
            source, place / "enforcer", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        digests = {file: self._digest(file) for file in files}
        (place / "files.json").write_text(json.dumps(digests), encoding="utf-8")

    @contextmanager
    def _shown(self) -> Iterator[None]:
        """Leave code its own file, where the enforcer shows it as importlib's: to be measured.

        Tests that fail by that cover what they run nevertheless; those that fail without it, too,
        can't notice a mutant.
        """
        file = self._tree / HIDER
        source = file.read_text(encoding="utf-8")
        assert source.count(HIDING) == 1
        file.write_text(source.replace(HIDING, "pass"), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(source, encoding="utf-8")

    def _load(self, place: Path, files: set[str]) -> None:
        """Read what tests covered, where their files are as they were then."""
        tests = set()
        for line in (place / "durations.jsonl").read_text(encoding="utf-8").splitlines():
            test, seconds, is_passed = json.loads(line)
            if is_passed and test.partition("::")[0] in files:
                self.seconds[test] = seconds
                tests.add(test)
        data = coverage.CoverageData(str(place / "coverage"))
        data.read()
        for file in data.measured_files():
            path = str(Path(file).relative_to(self._tree))
            if not (self._tree / path).exists():
                continue
            lines = {}
            for number, contexts in data.contexts_by_lineno(file).items():
                # A process says "test (call)", with the setting's "|" and nothing behind it.
                names = {PHASE.sub("", context.removesuffix("|")) for context in contexts}
                lines[number] = names & tests
            for now, then in _places(self._tree / path, place / path):
                self._tests[path, now] |= lines.get(then, set())


def _places(now: Path, then: Path) -> Iterable[tuple[int, int]]:
    """Pair the lines of a file with those that it had; a changed line with those it replaced."""
    new, old = (file.read_text(encoding="utf-8").splitlines() for file in (now, then))
    if new == old:
        return ((number, number) for number in range(1, len(new) + 1))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return (
        (now_line + 1, then_line + 1)
        for kind, i, i_end, j, j_end in matcher.get_opcodes()
        # A line that is new is run by the tests that run the one before it, as far as is known.
        for now_line in range(j, j_end)
        for then_line in ([i + now_line - j] if kind == "equal" else range(i - (i == i_end), i_end))
    )
