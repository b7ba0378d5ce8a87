"""Run measurements in fresh processes, interleaved, and say how far they spread."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

from tests.interpreters.finding import Interpreter as Place

PROJECT: Final = Path(__file__).resolve().parents[2]

Times = dict[str, float]
Rounds = dict[str, list[Times]]


@dataclass(frozen=True, slots=True)
class Spread:
    """Hold a median and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Summarise at least one value."""
        known = list(values)
        if len(known) == 1:
            return cls(known[0], known[0], known[0])
        low, median, high = statistics.quantiles(known, n=4, method="inclusive")
        return cls(median, low, high)

    def overlaps(self, other: "Spread") -> bool:
        """Tell whether both spreads share a value."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        """Write the median and the quartiles as ratios."""
        return f"{self.median:.2f}x [{self.low:.2f}-{self.high:.2f}]"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Name a Python to measure with.

    Attributes:
        path: its executable.
        version: what it calls itself, such as ``3.13.0``.
        place: where it lives, if that is a folder with a Debian of its own.

    """

    path: str
    version: str
    place: Place | None = None

    @classmethod
    def find(cls, path: str) -> Self:
        """Ask an executable for its version.

        Raises:
            OSError: if it can't be started.
            subprocess.CalledProcessError: if it is no Python.

        """
        code = "import platform; print(platform.python_version())"
        answer = subprocess.run([path, "-c", code], check=True, capture_output=True, text=True)
        return cls(path, answer.stdout.strip())

    @classmethod
    def at(cls, place: Place) -> Self:
        """Take an interpreter that the tests found."""
        return cls(place.path, place.name, place if place.root is not None else None)

    def _command(self, *words: str) -> list[str]:
        command = [self.path, *words]
        return command if self.place is None else self.place.command(*command)

    def run(self, task: str, world: Path, *, seed: int = 0, **options: object) -> Any:  # noqa: ANN401 - JSON
        """Do one task of ``tests.benchmarks.child`` in a fresh process.

        Args:
            task: the task's name.
            world: the folder of the packages it imports.
            seed: seed of the hashes of strings, equal for what is compared.
            options: what the task takes.

        """
        words = ["-m", "tests.benchmarks.child", task, str(world)]
        command = self._command(*words, json.dumps(options), self._peers())
        inherited = os.environ if self.place is None else self.place.environment()
        environment = {
            key: value
            for key, value in inherited.items()
            if not key.startswith(("ENFORCER", "PYTHON"))
        }
        environment |= {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(PROJECT)}
        answer = subprocess.run(
            command, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True
        )
        if answer.returncode:
            message = f"{task} {options} failed with Python {self.version}:\n{answer.stderr}"
            raise RuntimeError(message)
        return json.loads(answer.stdout)

    def compile(self, world: Path) -> None:
        """Write the bytecode of a world, so that no measured process does it."""
        command = self._command("-m", "compileall", "-q", str(world))
        subprocess.run(command, check=True, capture_output=True)

    def _peers(self) -> str:
        """Give the folder of the peers, for an interpreter that has not installed them."""
        if self.path == sys.executable:
            return ""
        spec = find_spec("debtcollector")
        return str(Path(spec.origin).parents[1]) if spec and spec.origin else ""


def is_installed(module: str) -> bool:
    """Tell whether a peer can be measured; an empty name needs nothing."""
    return not module or find_spec(module) is not None


def interleave(
    variants: Sequence[str], rounds: int, measure: Callable[[str, int], Times]
) -> Rounds:
    """Measure every variant once in each round, every other round in reverse order.

    What slows the machine down for a while slows neighbours down alike, so ratios are
    taken within a round.
    """
    results: Rounds = {variant: [] for variant in variants}
    for number in range(rounds):
        order = variants if number % 2 == 0 else list(reversed(variants))
        for variant in order:
            results[variant].append(measure(variant, number))
    return results


def ratios(rounds: Rounds, variant: str, base: str, case: str) -> Spread:
    """Give the spread of one variant's time over another's, taken within each round."""
    pairs = zip(rounds[variant], rounds[base], strict=True)
    return Spread.of(one[case] / other[case] for one, other in pairs)


def nanoseconds(rounds: Rounds, variant: str, case: str) -> float:
    """Give the median time of a case."""
    return statistics.median(times[case] for times in rounds[variant])
