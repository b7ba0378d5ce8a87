"""Each cell of the table in docs/compatibility.md is a test, and each such test has a cell."""

import re
import runpy
import subprocess
import sys
import tomllib
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests" / "conformance"
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
WAYS = ("environment", "enforcer run", "code")
TEST = re.compile(r"(test_starting_\w+\.py)::test_(\w+?)(_off)?(?:\[(.*)\])?$")

COUNTED, OFF, NOT_THERE = "✓", "off", "\N{EN DASH}"


def collected(*options: str) -> list[str]:
    """List the tests of the matrix, in their order."""
    words = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        [sys.executable, *words, str(SUITE / "starting")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def versions() -> tuple[list[str], list[str]]:
    """Give the versions that all tests run on, and those that run without processes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    return named, list(runpy.run_path(str(SUITE / "wasm.py"))["RELEASES"])


def row(test: str) -> tuple[str, str, str, str]:
    """Read a test's file, row, mark and way of enabling from its name."""
    found = TEST.search(test)
    assert found is not None, test
    file, function, off, parameters = found.groups()
    name, _, way = (parameters or "").rpartition(", ")
    if way not in WAYS:
        name, way = parameters or function.replace("_", " "), NOT_THERE
    return file, name, OFF if off else COUNTED, way


def table(tests: list[str], anywhere: set[str]) -> list[str]:
    """Write the table that the tests of one file are worth."""
    hosted, small = versions()
    lines = [f"| started as | enabled by | {' | '.join((*hosted, *small))} |"]
    lines.append(f"|---|---|{'---|' * len((*hosted, *small))}")
    for (_, name, mark), members in groupby(tests, key=lambda test: row(test)[:3]):
        group = list(members)
        there = mark if anywhere.issuperset(group) else NOT_THERE
        ways = ", ".join(row(test)[3] for test in group)
        marks = [mark] * len(hosted) + [there] * len(small)
        lines.append(f"| {name} | {ways} | {' | '.join(marks)} |")
    return lines


@pytest.fixture(scope="module")
def tests() -> dict[str, list[str]]:
    """Give the tests of the matrix, by file."""
    return {file: list(found) for file, found in groupby(collected(), key=lambda t: row(t)[0])}


@pytest.fixture(scope="module")
def anywhere() -> set[str]:
    """Give the tests that need no processes, as wasm.py runs them."""
    return set(collected("-m", "not needs_host"))


def test_every_file_of_the_matrix_has_a_section(tests: dict[str, list[str]]) -> None:
    """In the order of the page, each named once."""
    assert sorted(re.findall(r"`tests/conformance/starting/(\w+\.py)`", PAGE)) == sorted(tests)


@pytest.mark.parametrize(
    "file", sorted(path.name for path in (SUITE / "starting").glob("test_*.py"))
)
def test_the_rows_are_the_tests(file: str, tests: dict[str, list[str]], anywhere: set[str]) -> None:
    """A cell without a test, or a test without a cell, is a difference here."""
    section = PAGE.partition(f"`tests/conformance/starting/{file}`")[2].partition("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("|")] == table(
        tests[file], anywhere
    )


def test_everywhere_runs_the_matrix() -> None:
    """`make conformance` runs the whole suite, and so what the cells say."""
    assert '"tests/conformance"' in (SUITE / "everywhere.py").read_text()
    assert "make conformance" in (ROOT / ".ci" / "run").read_text()
