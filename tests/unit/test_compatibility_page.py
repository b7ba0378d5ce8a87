"""Each cell of the table in docs/compatibility.md is a test, and each such test has a cell."""

import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from enforcer.status.tested import TESTED, minor_of

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests" / "conformance"
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
WAYS = ("environment", "enforcer run", "code")
TEST = re.compile(r"(test_starting_\w+\.py)::test_(\w+?)(_off)?(?:\[(.*)\])?$")

COUNTED, OFF, NO_WAY = "✓", "off", "\N{EN DASH}"


def collected(path: Path) -> list[str]:
    """List the tests of a file in their order, with the ids that it parametrizes them by."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = []
    for name, function in vars(module).items():
        if name.startswith("test_"):
            marks = [
                one for one in getattr(function, "pytestmark", ()) if one.name == "parametrize"
            ]
            ids = [f"[{parameters.id}]" for one in marks for parameters in one.args[1]]
            assert len(marks) < 2, "a cell has one id"
            tests += [f"{path.name}::{name}{one}" for one in ids or [""]]
    return tests


def versions() -> list[str]:
    """Give the versions that the tests run on: those of the classifiers, and free-threaded ones."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    tested = dict.fromkeys(minor_of(version) for version in TESTED)
    assert [version for version in tested if not version.endswith("t")] == named
    return list(tested)


def row(test: str) -> tuple[str, str, str, str]:
    """Read a test's file, row, mark and way of enabling from its name."""
    found = TEST.search(test)
    assert found is not None, test
    file, function, off, parameters = found.groups()
    name, _, way = (parameters or "").rpartition(", ")
    if way not in WAYS:
        name, way = parameters or function.replace("_", " "), NO_WAY
    return file, name, OFF if off else COUNTED, way


def table(tests: list[str]) -> list[str]:
    """Write the table that the tests of one file are worth."""
    columns = versions()
    lines = [f"| started as | enabled by | {' | '.join(columns)} |"]
    lines.append(f"|---|---|{'---|' * len(columns)}")
    for (_, name, mark), members in groupby(tests, key=lambda test: row(test)[:3]):
        ways = ", ".join(row(test)[3] for test in members)
        lines.append(f"| {name} | {ways} | {' | '.join([mark] * len(columns))} |")
    return lines


@pytest.fixture(scope="module")
def tests() -> dict[str, list[str]]:
    """Return the tests of the matrix, by file."""
    return {path.name: collected(path) for path in (SUITE / "starting").glob("test_*.py")}


def test_every_file_of_the_matrix_has_a_section(tests: dict[str, list[str]]) -> None:
    """In the order of the page, each named once."""
    assert sorted(re.findall(r"`tests/conformance/starting/(\w+\.py)`", PAGE)) == sorted(tests)


@pytest.mark.parametrize(
    "file", sorted(path.name for path in (SUITE / "starting").glob("test_*.py"))
)
def test_the_rows_are_the_tests(file: str, tests: dict[str, list[str]]) -> None:
    """A cell without a test, or a test without a cell, is a difference here."""
    section = PAGE.partition(f"`tests/conformance/starting/{file}`")[2].partition("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("|")] == table(tests[file])


def test_the_page_names_the_versions_that_were_tested() -> None:
    """Of each minor version those that `enforcer status` knows as tested."""
    by_minor: dict[str, list[str]] = {}
    for version in TESTED:
        by_minor.setdefault(minor_of(version), []).append(version)
    section = PAGE.partition("\n## Versions of CPython\n")[2].partition("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("|")][:3] == [
        f"| {' | '.join(by_minor)} |",
        f"|{'---|' * len(by_minor)}",
        f"| {' | '.join(', '.join(versions) for versions in by_minor.values())} |",
    ]


def test_the_workflow_runs_on_all_versions() -> None:
    """For whoever has no Debian, with newer free-threaded builds."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]

    assert {*matrix} == {*versions(), "3.14t", "3.15t"}


def test_everywhere_runs_the_matrix() -> None:
    """`make conformance` runs the whole suite, and so what the cells say."""
    assert '"tests/conformance"' in (SUITE / "everywhere.py").read_text(encoding="utf-8")
    assert "make conformance" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    ("section", "folder"),
    [
        ("Servers that embed Python", "tests/integration/servers"),
        ("Green threads and tasks", "tests/integration"),
    ],
)
def test_other_rows_name_their_test(section: str, folder: str) -> None:
    """A cell that is no test says "not run"."""
    page = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("|")][2:]
    sources = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / folder).glob("test_*.py")
    )

    for row in rows:
        name = re.search(r"`(test_\w+)`", row[-1])
        assert f"def {name[1]}(" in sources if name else "not run" in row[1], row
