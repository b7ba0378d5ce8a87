"""Change the package in small wrong ways, and see whether its nearest tests notice.

``python -m tests.mutation PACKAGE...`` draws a sample of each package's mutants and writes who
survived. A folder ``.mutation`` keeps what the tests cover and the results, so that a second run
with ``--again`` tries only the survivors. The exit code is 1 where fewer are killed than asked.
"""

import argparse
import json
import math
import queue
import random
import sys
import threading
import time
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.nearest import Nearest
from tests.mutation.trees import Tree

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutation"
# Where a package's behaviour is tested; what else covers its lines costs more than it finds.
TESTS = {
    "baseline": [
        "tests/unit/baseline",
        "tests/unit/cli/test_gate_command.py",
        "tests/conformance/test_tolerance.py",
    ],
    "gate": ["tests/unit/cli/test_gate_command.py"],
    "imports": ["tests/unit/imports", "tests/conformance"],
    "recording": [
        "tests/unit/recording",
        "tests/unit/store/test_delivery.py",
        "tests/unit/store/test_writing.py",
        "tests/conformance/test_forms.py",
    ],
    "store": [
        "tests/unit/store",
        "tests/unit/cli/test_store_command.py",
    ],
}
LEFT_OUT = ("enforcer/store/clickhouse/",)
"""Tested against real engines, by ``make components``."""


def population(package: str, root: Path) -> list[Mutant]:
    """Return all mutants of a package."""
    files = sorted(path.relative_to(root) for path in (root / "enforcer" / package).rglob("*.py"))
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

    def __init__(self, nearest: Nearest, results: Path, until: float) -> None:
        self._nearest = nearest
        self._results = results
        self._until = until
        self._lock = threading.Lock()
        self.outcomes: dict[Mutant, str] = {}

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
                with self._results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([str(mutant), outcome]) + "\n")
                sys.stdout.write(f"{'killed' if outcome else 'SURVIVED':8} {mutant}  {outcome}\n")
                sys.stdout.flush()

    def _try(self, mutant: Mutant, tree: Tree) -> str:
        tests = self._nearest.tests_of(mutant.path, mutant.lines)
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


def report(package: str, outcomes: dict[Mutant, str], size: int, nearest: Nearest) -> float:
    """Write what came of a package; return how many were killed, in per cent."""
    survivors = [mutant for mutant, outcome in outcomes.items() if not outcome]
    killed = len(outcomes) - len(survivors)
    least, most = interval(killed, len(outcomes))
    share = 100 * killed / len(outcomes)
    write = sys.stdout.write
    write(
        f"\n{package}: {killed} of {len(outcomes)} killed, {share:.0f} % "
        f"({least:.0f} to {most:.0f} % of all {size}, at 95 %)\n"
    )
    for mutant in sorted(survivors, key=lambda mutant: (mutant.path, mutant.line)):
        is_run = nearest.tests_of(mutant.path, mutant.lines)
        write(f"  {mutant}{'' if is_run else '  (no test runs it)'}\n")
    return share


def main() -> int:
    """Run what the command line asks for."""
    options = parsed()
    FOLDER.mkdir(exist_ok=True)
    trees = [Tree(ROOT, FOLDER / f"tree{number}") for number in range(options.jobs)]
    shares = []
    until = time.monotonic() + options.minutes * 60
    for package in options.packages:
        folder = FOLDER / package
        folder.mkdir(exist_ok=True)
        nearest = Nearest(trees[0].root, folder)
        if options.fresh or not nearest.load():
            for left in folder.glob("*"):
                left.unlink()
            nearest.measure(trees[0].python, TESTS[package], str(options.jobs))
            nearest.load()
        everything = population(package, trees[0].root)
        mutants = random.Random(options.seed).sample(  # noqa: S311 - a sample, no secret
            everything, min(options.size, len(everything))
        )
        results = folder / "results.jsonl"
        trial = Trial(nearest, results, until)
        trial.run(mutants, trees)
        shares.append(report(package, trial.outcomes, len(everything), nearest))
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
    parser.add_argument("--minutes", type=float, default=600, help="stop then")
    parser.add_argument("--least", type=float, default=85, help="per cent that must be killed")
    parser.add_argument("--fresh", action="store_true", help="find out anew what tests cover")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
