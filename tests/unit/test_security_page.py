"""Each point of docs/security.md names a test that is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(test_\w+)`")


def rows() -> Iterator[str]:
    """Yield the rows of all tables, without their heads."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        yield from table.splitlines()[2:]


def defined() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text())}


@pytest.fixture(scope="module")
def tests() -> set[str]:
    return defined()


@pytest.mark.parametrize("row", list(rows()))
def test_point_has_its_test(row: str, tests: set[str]) -> None:
    """In the last cell, and by the name that it has."""
    named = NAME.findall(row.rsplit(" | ", 1)[-1])

    assert named
    assert set(named) <= tests


def test_names_beside_the_tables_are_tests_too(tests: set[str]) -> None:
    assert set(NAME.findall(PAGE)) <= tests


def test_page_has_what_reviewers_ask_for() -> None:
    """A section that is taken out takes its points along."""
    assert len(list(rows())) >= 15
