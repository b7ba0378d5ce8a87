"""Prove from the store that a run was watched: uses by the tests, and child processes."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from enforcer.runtime.imports.path_folding import fold_path

USES = """
SELECT call_site.file, process.command, tally.stage, sum(use.count)
FROM use JOIN tally ON tally.key = use.tally JOIN call_site ON call_site.key = tally.site
JOIN process ON process.key = use.process
GROUP BY call_site.file, process.command, tally.stage
"""
WORKER = re.compile(r'"tests": \["(\w+)')
"""What libregrtest's command line says of the test file that a process runs."""

PROCESSES = "SELECT parent, command, sequence FROM process"
RULES = (
    "SELECT DISTINCT legacy FROM use JOIN tally ON tally.key = tally JOIN rule ON rule.key = rule"
)
BLIND = "SELECT DISTINCT kind, subject, text FROM notice WHERE kind NOT IN ('late')"


@dataclass(slots=True)
class Evidence:
    """Hold what the store of one run says.

    Attributes:
        uses: uses by call sites in each suite's own files, by suite and stage; of suites whose
            tests were moved, in the moved ones.
        total: all uses.
        rules: legacy paths that were used.
        tests: processes that ran tests.
        forked: children without exec.
        started: children of another command.
        notices: what the enforcer had to say besides.

    """

    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    total: int = 0
    rules: set[str] = field(default_factory=set)
    tests: int = 0
    forked: int = 0
    started: int = 0
    notices: list[tuple[str, str, str]] = field(default_factory=list)


def read_evidence(store: Path, tests: Iterable[Path], moved: Path) -> Evidence:
    """Read a store.

    Args:
        store: its file.
        tests: folders with test files.
        moved: the folder of what was moved.

    """
    evidence = Evidence()
    if not store.exists():
        return evidence
    # As call sites name them, without the random part of a temporary folder's name.
    *tests, moved = (Path(fold_path(f"{folder}/")) for folder in (*tests, moved))
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        for file, command, stage, count in connection.execute(USES):
            evidence.total += count
            suite = _suite(Path(file), tests)
            if suite is None and Path(file).is_relative_to(moved):
                running = WORKER.search(command)
                suite = running[1] if running else None
            if suite is not None:
                evidence.uses[suite, stage] += count
        evidence.rules = {legacy for (legacy,) in connection.execute(RULES)}
        for parent, command, _ in connection.execute(PROCESSES):
            if parent:
                evidence.forked += 1
            elif "regrtest" in command or " -m test " in command:
                evidence.tests += 1
            else:
                evidence.started += 1
        evidence.notices = list(connection.execute(BLIND))
    return evidence


def _suite(file: Path, tests: Iterable[Path]) -> str | None:
    for folder in tests:
        if file.is_relative_to(folder):
            first = file.relative_to(folder).parts[0].removesuffix(".py")
            return first if first.startswith("test_") else None
    return None
