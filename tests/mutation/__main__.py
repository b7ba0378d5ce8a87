"""Change the package in small wrong ways, and see whether its nearest tests notice.

``python -m tests.mutation PACKAGE...`` draws a sample of each package's mutants and writes who
survived. A folder ``.mutation`` keeps what the tests cover and the results: ``--again`` tries only
the survivors of the last run, with the tests that are there by now. Mutants that no program can
tell from the original are listed in ``equivalents.toml``, with the reason, and are not tried. The
exit code is 1 where fewer are killed than asked.
"""

import argparse
import json
import math
import queue
import random
import shutil
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from tests.mutation.equivalents import listed, outdated, without
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.nearest import Nearest
from tests.mutation.trees import TIMEOUT, Tree

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutation"
# Each of these takes long, or is about another package.
OTHERS = {"factories", "instances", "leaks", "model", "pickling_tools", "stdlib_findings", "tools"}
CONFORMANCE = [
    str(file.relative_to(ROOT))
    for file in sorted((ROOT / "tests" / "conformance").glob("test_*.py"))
    if file.stem.removeprefix("test_") not in OTHERS
]
# Where a package's behaviour is tested; what else covers its lines costs more than it finds.
TESTS = {
    "baseline": [
        "tests/unit/baseline",
        "tests/unit/cli/test_gate_command.py",
    ],
    "gate": ["tests/unit/gate", "tests/unit/cli/test_gate_command.py"],
    "imports": ["tests/unit/imports", *CONFORMANCE],
    "recording": [
        "tests/unit/recording",
        "tests/unit/store/test_delivery.py",
        "tests/unit/store/test_writing.py",
    ],
    "store": [
        "tests/unit/store",
        "tests/integration/store/test_contract.py",
        "tests/unit/cli/test_store_command.py",
    ],
}
PLACES = {"imports": "runtime/imports"}
"""Where a package lies, if not in the first folder."""

LEFT_OUT = ("enforcer/store/clickhouse/",)
"""Tested against real engines, by ``make components``."""


def population(package: str, root: Path) -> list[Mutant]:
    """Return all mutants of a package."""
    folder = root / "enforcer" / PLACES.get(package, package)
    files = sorted(path.relative_to(root) for path in folder.rglob("*.py"))
    paths = [str(path) for path in files if not str(path).startswith(LEFT_OUT)]
    return [mutant for path in paths for mutant in mutants_of(path, root)]


def interval(killed: int, size: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % for a share, in per cent."""
    z = 1.96
    share = killed / size
    middle = share + z * z / (2 * size)
    reach = z * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    scale = 100 / (1 + z * z / size)
    return (middle - reach) * scale, (middle + reach) * scale


class Trial:
    """Try mutants in several trees at once, and note what became of each."""

    def __init__(self, nearest: Nearest, results: "Results", until: float, most: int) -> None:
        self._nearest = nearest
        self._results = results
        self._until = until
        self._most = most
        self._lock = threading.Lock()
        self.outcomes: dict[Mutant, str] = {}

    def learn(self, mutant: Mutant, outcome: str) -> None:
        """Try the test that noticed a mutant first on others of its file."""
        if outcome.startswith("FAILED "):
            self._nearest.note(mutant.path, outcome.split(" ")[1])

    def run(self, mutants: list[Mutant], trees: list[Tree]) -> None:
        """Try them all, or as many as there is time for."""
        waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in mutants:
            waiting.put(mutant)
        threads = [threading.Thread(target=self._work, args=(waiting, tree)) for tree in trees]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, waiting: "queue.SimpleQueue[Mutant]", tree: Tree) -> None:
        while time.monotonic() < self._until:
            try:
                mutant = waiting.get(block=False)
            except queue.Empty:
                return
            outcome = self._try(mutant, tree)
            with self._lock:
                self.outcomes[mutant] = outcome
                self._results.add(mutant, outcome)
                self.learn(mutant, outcome)
                sys.stdout.write(f"{'killed' if outcome else 'SURVIVED':8} {mutant}  {outcome}\n")
                sys.stdout.flush()

    def _try(self, mutant: Mutant, tree: Tree) -> str:
        with self._lock:
            tests = self._nearest.tests_of(mutant.path, mutant.lines)[: self._most]
        if not tests:
            return ""
        source = (tree.root / mutant.path).read_bytes()
        tree.write(mutant.path, mutant.applied_to(source))
        try:
            # Most are noticed by the first few: the others need not even be collected for that.
            for some in (tests[:12], tests[12:]):
                seconds = sum(self._nearest.seconds[test] for test in some)
                outcome = tree.fails(some, seconds) if some else ""
                if outcome:
                    return outcome
            return ""
        finally:
            tree.write(mutant.path, source)


class Results:
    """What became of each mutant in the last run, whatever line it stands on by now."""

    def __init__(self, file: Path, mutants: list[Mutant]) -> None:
        self._file = file
        self._outcomes: dict[str, str] = {}
        if file.exists():
            self._outcomes = json.loads(file.read_text(encoding="utf-8"))
        same: Counter[str] = Counter()
        self._names: dict[Mutant, str] = {}
        for mutant in mutants:
            name = f"{mutant.path}: {mutant.text} [{mutant.column}]: {mutant.change}"
            self._names[mutant] = f"{name} #{same[name]}" if same[name] else name
            same[name] += 1

    def of(self, mutant: Mutant) -> str | None:
        """Return what a mutant was killed by, nothing if it survived, or None if it is new."""
        return self._outcomes.get(self._names[mutant])

    def clear(self) -> None:
        """Forget the last run."""
        self._outcomes.clear()

    def add(self, mutant: Mutant, outcome: str) -> None:
        """Keep an outcome, also if the run is broken off."""
        self._outcomes[self._names[mutant]] = outcome
        self._file.write_text(json.dumps(self._outcomes, indent=1), encoding="utf-8")


def report(
    package: str, outcomes: dict[Mutant, str], size: int, nearest: Nearest, most: int
) -> float:
    """Write what came of a package; return how many were killed, in per cent."""
    survivors = [mutant for mutant, outcome in outcomes.items() if not outcome]
    killed = len(outcomes) - len(survivors)
    late = sum(outcome == TIMEOUT for outcome in outcomes.values())
    low, high = interval(killed, len(outcomes))
    share = 100 * killed / len(outcomes)
    write = sys.stdout.write
    write(
        f"\n{package}: {killed} of {len(outcomes)} killed, {share:.0f} % "
        f"({low:.0f} to {high:.0f} % of all {size}, at 95 %)"
        f"{f', {late} of them by a time-out' if late else ''}\n"
    )
    for mutant in sorted(survivors, key=lambda mutant: (mutant.path, mutant.line)):
        tests = len(nearest.tests_of(mutant.path, mutant.lines))
        tried = (
            f"{most} of {tests} tests tried" if tests > most else "" if tests else "no test runs it"
        )
        write(f"  {mutant}{tried and f'  ({tried})'}\n")
    return share


def tried(package: str, options: argparse.Namespace, trees: list[Tree], until: float) -> float:
    """Try a package's mutants; return how many were killed, in per cent."""
    folder = FOLDER / package
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    # What tests run, and what survives, is a matter of the CPython that runs them.
    nearest = Nearest(trees[0].root, folder / f"{sys.version_info.major}.{sys.version_info.minor}")
    nearest.measure(trees[0].python, options.tests or TESTS[package], str(options.jobs))
    everything = population(package, trees[0].root)
    place = f"enforcer/{PLACES.get(package, package)}/"
    entries = [entry for entry in listed() if entry.file.startswith(place)]
    for entry in outdated(everything, entries):
        sys.stdout.write(f"no such mutant any more: {entry.file}: {entry.line}\n")
    everything = without(everything, entries)
    results = Results(folder / "results.json", everything)
    known = {mutant: what for mutant in everything if (what := results.of(mutant)) is not None}
    if options.again:
        mutants = [mutant for mutant, outcome in known.items() if not outcome]
    else:
        size = min(options.size, len(everything))
        mutants = random.Random(options.seed).sample(everything, size)  # noqa: S311 - no secret
        results.clear()
    trial = Trial(nearest, results, until, options.most)
    for mutant, outcome in known.items():
        trial.learn(mutant, outcome)
    trial.run(mutants, trees)
    outcomes = known | trial.outcomes if options.again else trial.outcomes
    return report(package, outcomes, len(everything), nearest, options.most)


def main() -> int:
    """Run what the command line asks for."""
    options = parsed()
    FOLDER.mkdir(exist_ok=True)
    until = time.monotonic() + options.minutes * 60
    trees = [Tree(ROOT, FOLDER / f"tree{number}") for number in range(options.jobs)]
    try:
        shares = [tried(package, options, trees, until) for package in options.packages]
    finally:
        for tree in trees:
            tree.close()
    return int(min(shares) < options.least)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", choices=[*TESTS, []], default=[*TESTS])
    parser.add_argument("--size", type=int, default=100, help="mutants of each package")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same mutants")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--again", action="store_true", help="only the last run's survivors")
    parser.add_argument(
        "--most", type=int, default=sys.maxsize, help="run that many tests of a mutant, not all"
    )
    parser.add_argument("--tests", nargs="+", help="files and folders, instead of the package's")
    parser.add_argument("--minutes", type=float, default=600, help="stop then")
    parser.add_argument("--least", type=float, default=85, help="per cent that must be killed")
    parser.add_argument("--fresh", action="store_true", help="find out anew what tests cover")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
