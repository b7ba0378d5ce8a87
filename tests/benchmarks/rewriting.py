"""Measure the processor time that ``enforcer fix`` takes for each file that it changes.

The scan is not part of it. LibCST is the peer: what it takes to parse the same files and to find
scopes and positions, before it has changed anything.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console

from enforcer.rewriting.rewriter import Rewriter
from enforcer.rules.model import MigrationMap, Rule
from enforcer.source.importer import Importer
from enforcer.source.module_files import Locator
from tests.benchmarks.harness import Interpreter

LINES: Final = 570
FILES: Final = 10
MOST_MS: Final = 20.0
"""A tenth of what a file may take if it is rewritten by a syntax tree with all white space."""

_FIX: Final = "enforcer fix"
_CST: Final = "LibCST: parse, scopes, positions"


def measure_rewriting(
    _interpreter: Interpreter, folder: Path, *, rounds: int
) -> dict[str, list[float]]:
    """Time both for files of the same length, in turn."""
    folder.mkdir(parents=True)
    (folder / "new.py").write_text("X = 1\ndef work(): pass\n")
    files = [_file(number) for number in range(FILES)]
    rewriter = Rewriter(
        MigrationMap([Rule("old", "new")], root=str(folder)), Locator([str(folder)])
    )

    def fix(text: str) -> None:
        found = rewriter.rewrite(text.encode(), (Importer("caller"),))
        assert found.is_changed
        assert not found.left

    measured: dict[str, list[float]] = {_FIX: [], _CST: []}
    fix(files[0])
    peer = _libcst()
    for _ in range(rounds):
        for text in files:
            measured[_FIX].append(_milliseconds(partial(fix, text)))
        if peer is not None:
            measured[_CST].append(_milliseconds(partial(peer, files[0])))
    return measured


def print_rewriting(console: Console, measured: dict[str, list[float]]) -> None:
    """Print the processor time for each file, and the peer's."""
    for name, times in measured.items():
        if not times:
            console.print(f"{name}: not installed\n")
            continue
        verdict = "met" if median(times) <= MOST_MS else "MISSED"
        target = f"; target: at most {MOST_MS:.0f} ms: {verdict}" if name == _FIX else ""
        console.print(
            f"{name}, a file of {LINES} lines: {median(times):.1f} ms of processor time "
            f"(from {min(times):.1f} to {max(times):.1f}){target}\n"
        )


def _libcst() -> Callable[[str], object] | None:
    try:
        import libcst as cst  # noqa: PLC0415 - the benchmark runs without the peer
        from libcst import metadata  # noqa: PLC0415
    except ImportError:
        return None

    def parse(text: str) -> object:
        wrapped = metadata.MetadataWrapper(cst.parse_module(text))
        return wrapped.resolve_many((metadata.ScopeProvider, metadata.PositionProvider))

    return parse


def _milliseconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1_000


def _file(number: int) -> str:
    """Return a module that imports an old one as a whole and by name, and uses it all over."""
    lines = ["import os", "import old", "from old import X", ""]
    while len(lines) < LINES:
        index = len(lines)
        lines += [
            f"def work{number}_{index}(items, rate=X):",
            f"    total = {number} * rate",
            "    for item in items:",
            "        total += item.price * old.work()",
            "    return [one for one in items if one > total], os.sep",
            "",
        ]
    return "\n".join(lines) + "\n"
