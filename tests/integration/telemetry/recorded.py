"""What the enforcer itself kept, in the words of the receiver, and the sending of what waits."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from enforcer.report import build
from tests.integration.telemetry.receiving import Site
from tests.patience import PATIENCE


class Project(Protocol):
    """A project with one legacy module; see the conftest.py one folder up."""

    folder: Path
    store: Path

    def environ(self, **variables: str) -> dict[str, str]: ...
    def start(self, code: str, *options: str, **variables: str) -> "subprocess.Popen[str]": ...
    def run(
        self, code: str, *options: str, expected: int = 0, **variables: str
    ) -> tuple[str, str]: ...
    def numbers(self) -> dict[str, Any]: ...


def stored(store: Path) -> Counter[Site]:
    """Count the uses of each call site in a store, in which nothing is missing."""
    report = build(str(store))
    assert report.dropped == 0
    counted: Counter[Site] = Counter()
    for rule in report.rules:
        for site in rule.call_sites:
            for outcome, uses in site.outcomes.items():
                counted[rule.legacy, site.file, site.line, outcome] += uses
    return counted


def send_what_waits(map_file: Path, environ: Mapping[str, str], *, may_wait: bool = False) -> str:
    """Run ``enforcer telemetry flush``; return what it prints.

    With ``may_wait`` something may be left: a killed process counts as gone once it was silent.
    """
    done = subprocess.run(
        [sys.executable, "-m", "enforcer", "telemetry", "flush", "--map", str(map_file)],
        cwd=map_file.parent,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode in ((0, 1) if may_wait else (0,)), done.stdout + done.stderr
    return done.stdout
