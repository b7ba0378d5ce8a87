"""Callers of twenty moves in three large packages are rewritten, and their suites pass as before.

The enforcer is not installed where the suites run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml
from pyflakes.checker import Checker

from enforcer.findings import PYTHON, ScanFinding
from enforcer.rewriting.project import ProjectFix, ProjectRewriter, Wish
from enforcer.rules.loader import load_map
from enforcer.source.source_scan import SourceScan, scan_source
from tests.integration.moved_packages import PACKAGES, Package, move, unpack
from tests.patience import PATIENCE

LEAST = 0.95
"""The part of the static findings that is rewritten, at least."""

MOVES = 20


def scanned(root: Path) -> SourceScan:
    return scan_source(load_map(str(root / "enforcer.toml")), is_cached=False)


def rewritten(root: Path) -> ProjectFix:
    return ProjectRewriter(load_map(str(root / "enforcer.toml")), Wish()).rewrite()


def undefined(root: Path) -> set[str]:
    """Return what pyflakes finds undefined, by file and message."""
    sys.setrecursionlimit(
        max(20_000, sys.getrecursionlimit())
    )  # SymPy has sums of a thousand terms
    found = set()
    for file in root.rglob("*.py"):
        try:
            tree = compile(file.read_bytes(), str(file), "exec", 0x400, dont_inherit=True)  # an AST
        except SyntaxError:
            continue
        for message in Checker(tree, str(file)).messages:
            if type(message).__name__.startswith("Undefined"):
                found.add(f"{file.name}: {message.message % message.message_args}")
    return found


def outcomes(package: Package, root: Path, python: Path) -> dict[str, str]:
    """Run the package's tests; return each one's outcome."""
    results = root / "results.xml"
    paths = [path for path in package.tests if (root / path).exists()]
    words = ["-q", "-n", "2", "-p", "no:cacheprovider", f"--junitxml={results}", *paths]
    done = subprocess.run(
        [python, "-m", "pytest", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 10,
    )
    assert results.exists(), done.stdout + done.stderr
    cases = (case for suite in JUnitXml.fromfile(str(results)) for case in suite)
    # Tests of renamed modules have other class names, so only the tests' names are compared; a
    # module that is skipped as a whole has its dotted path for a name.
    return {
        case.name if "[" in case.name else case.name.rpartition(".")[2]: (
            type(case.result[0]).__name__ if case.result else ""
        )
        for case in cases
    }


def remaining(found: ProjectFix) -> set[tuple[str, str]]:
    return {(one.file, left.rule) for one in found.files for left in one.result.left}


def is_listed(finding: ScanFinding, listed: set[tuple[str, str]]) -> bool:
    return (finding.file, finding.rule) in listed


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an interpreter with what the suites need, and without the enforcer."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=PATIENCE)
    needs = [need for package in PACKAGES for need in package.needs]
    # Later versions of pytest import pygments, one of the packages whose modules move.
    words = ["install", "--quiet", "pytest<8.4", "pytest-xdist", *needs]
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", *words], check=True, timeout=PATIENCE)
    return python


@pytest.mark.long
@pytest.mark.process
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_callers_are_rewritten(package: Package, tmp_path: Path, python: Path) -> None:
    assert len(package.moves) + sum(len(names) for _, names in package.names.values()) == MOVES
    root = unpack(package, tmp_path)
    plain = outcomes(package, root, python)
    move(package, root)
    before, names = scanned(root), undefined(root)
    fixed = rewritten(root).write()
    after = scanned(root)
    proven = [one for one in before.references if one.kind == PYTHON]
    gone = 1 - len([one for one in after.references if one.kind == PYTHON]) / len(proven)
    assert gone >= LEAST
    assert all(is_listed(one, remaining(fixed)) for one in after.references)
    assert undefined(root) <= names
    assert not rewritten(root).changed
    again = outcomes(package, root, python)
    changed = {test for test, result in again.items() if result != plain.get(test, "")}
    assert changed <= set(package.by_path)
    assert len(again) >= len(plain)
