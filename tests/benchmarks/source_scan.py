"""Measure scan and check over 10,000 files, beside ruff's TID251 with the exported map.

All in one run on one tree: 5 % of its files name a legacy path. The wall time depends on what else
the machine does; the processor time of all processes, which is shown as well, much less.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks.harness import Interpreter, Rounds, Spread, Times, interleave, ratios
from tests.benchmarks.measured import measure_command

FILES: Final = 10_000
SHARE: Final = 20
"""One of so many files names a legacy path."""

_PACKAGES: Final = 100
_RULES: Final = 20
_RUFF_COLD: Final = "ruff check --no-cache"
_RUFF: Final = "ruff check"
_COLD: Final = "enforcer scan --no-cache"
_WARM: Final = "enforcer scan"
_CHECK: Final = "enforcer check"
_CASES: Final = {
    _RUFF_COLD: ("ruff", "check", "--no-cache", "-q", "--config=legacy-ruff.toml", "."),
    _RUFF: ("ruff", "check", "-q", "--config=legacy-ruff.toml", "."),
    _COLD: ("enforcer", "scan", "--no-cache"),
    _WARM: ("enforcer", "scan"),
    _CHECK: ("enforcer", "check"),
}
_TARGETS: Final = {_COLD: (_RUFF_COLD, 2.0), _WARM: (_RUFF, 1.0), _CHECK: (_COLD, 2.0)}
_WALL, _CPU, _MEMORY = "wall", "cpu", "memory"

_HEAD: Final = """\
import json
import logging
from pathlib import Path
from app.pkg{other} import m{number}

logger = logging.getLogger(__name__)
"""
_BODY: Final = '''
class Thing{name}:
    """A thing with a few methods."""

    def __init__(self, name: str, size: int = {name}) -> None:
        self.name = name
        self.size = size

    def grow(self, by: int) -> int:
        for step in range(by):
            if step % 2:
                self.size += step
            else:
                logger.debug("grow %s by %d", self.name, step)
        return self.size

    def describe(self) -> dict[str, object]:
        return {{"name": self.name, "size": self.size, "kind": "thing.of.{name}"}}


def make_{name}(names: list[str]) -> list[Thing{name}]:
    return [Thing{name}(name, len(name)) for name in names if not name.startswith("_")]
'''
_LEGACY: Final = (
    "from app.pkg{rule}.old_module import thing\n",
    "import app.pkg{rule}.old_module as om\n",
    "from app.pkg{rule} import old_module\n",
    "from app.legacy.sub import x\n",
)


def measure_source_scan(interpreter: Interpreter, folder: Path, *, rounds: int) -> Rounds:
    """Run each case on one tree, in turn."""
    _write_tree(folder)
    exported = _run(interpreter, folder, ("enforcer", "export", "ruff", "--own-file"))[0]
    rules = '[lint]\nselect = ["TID251"]\n'
    (folder / "legacy-ruff.toml").write_text(rules + exported)
    # A file that changed a moment ago is read again the next time.
    time.sleep(2.5)
    for case in (_RUFF, _WARM):
        _run(interpreter, folder, _CASES[case])

    def measure(case: str, _number: int) -> Times:
        if case == _CHECK:
            # As scan --no-cache: check has no such option.
            (folder / ".enforcer" / "enforcer.toml.scan.cache").unlink(missing_ok=True)
        return _run(interpreter, folder, _CASES[case])[1]

    return interleave(list(_CASES), rounds, measure)


def _run(interpreter: Interpreter, folder: Path, words: tuple[str, ...]) -> tuple[str, Times]:
    program, *rest = words
    command = [str(Path(interpreter.path).with_name(program)), *rest]
    run = measure_command(command, folder)
    if run.code not in (0, 1):
        message = f"{command} ended with {run.code}"
        raise RuntimeError(message)
    return run.output, {_WALL: run.wall, _CPU: run.cpu, _MEMORY: run.memory}


def _write_tree(folder: Path) -> None:
    random = Random(1)  # noqa: S311 - the same tree each time
    folder.mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "enforcer.toml").write_text("".join(_rules()))
    (folder / "app").mkdir()
    (folder / "app" / "__init__.py").touch()
    for package in range(_PACKAGES):
        (folder / "app" / f"pkg{package}").mkdir()
        (folder / "app" / f"pkg{package}" / "__init__.py").touch()
    for number in range(FILES - _PACKAGES - 1):
        text = _HEAD.format(other=(number + 1) % _PACKAGES, number=number)
        if number % SHARE == 0:
            rule = random.randrange(_RULES)
            text = random.choice(_LEGACY).format(rule=rule) + text
            text += f'TARGET = "app.pkg{rule}.old_module.thing"\n'
        text += "\n".join(
            _BODY.format(name=f"{number}{index}") for index in range(random.randrange(2, 12))
        )
        (folder / "app" / f"pkg{number % _PACKAGES}" / f"m{number}.py").write_text(text)


def _rules() -> Iterator[str]:
    for number in range(_RULES):
        yield f'[[rule]]\nlegacy = "app.pkg{number}.old_module"\n'
        yield f'canonical = "app.pkg{number}.new_module"\n\n'
    yield '[[rule]]\nlegacy = "app.legacy.*"\ncanonical = "app.core.*"\n'


def print_source_scan(console: Console, rounds: Rounds) -> None:
    """Print each case, and those of the enforcer against their peers."""
    title = f"{FILES:,} files, of which one in {SHARE} names a legacy path"
    table = Table(title=title, title_justify="left")
    for heading in ("", "time", "CPU", "memory", "against", "time, ratio", "CPU, ratio", "target"):
        table.add_column(heading, justify="right" if heading else "left")
    for case, measured in rounds.items():
        wall, cpu, memory = (
            Spread.of(one[what] for one in measured).median for what in (_WALL, _CPU, _MEMORY)
        )
        row = [case, f"{wall:.2f} s", f"{cpu:.2f} s", f"{memory:.0f} MB"]
        if case in _TARGETS:
            peer, target = _TARGETS[case]
            ratio = ratios(rounds, case, peer, _WALL)
            met = "met" if ratio.median <= target else "MISSED"
            cpus = ratios(rounds, case, peer, _CPU)
            row += [peer, str(ratio), str(cpus), f"≤ {target:.1f}x: {met}"]
        table.add_row(*row)
    console.print(table)
    console.print()
