"""Owners of files are those that CODEOWNERS names."""

from pathlib import Path

import pytest

from enforcer.dashboard.owners import Owners
from enforcer.report.code_kind import is_test_file, whose


@pytest.mark.parametrize("place", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
def test_last_rule_wins(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text("* @all\n/shop/ @shop @more\n*.sql @data\n/shop/free.py\n")
    owners = Owners(str(tmp_path))
    assert owners.file == str(file)
    assert owners.of("app.py") == "@all"
    assert owners.of("shop/cart.py") == "@shop @more"
    assert owners.of("shop/q.sql") == "@data"
    assert owners.of("shop/free.py") == ""


def test_root_may_lie_below_the_repository(tmp_path: Path) -> None:
    """Paths in CODEOWNERS begin at the top of the repository, those of call sites at the root."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "CODEOWNERS").write_text("/backend/shop/ @shop\n")
    root = tmp_path / "backend"
    root.mkdir()
    assert Owners(str(root)).of("shop/cart.py") == "@shop"
    assert Owners(str(root)).of("other.py") == ""


def test_search_ends_at_the_repository(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @somebody\n")
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    assert Owners(str(root)).of("app.py") == ""


def test_installed_code_has_no_owner(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @all\n")
    assert Owners(str(tmp_path)).of("/usr/lib/python3/x.py") == ""
    assert Owners(str(tmp_path)).of("<string>") == ""


def test_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("/a[b @all\n")
    owners = Owners(str(tmp_path))
    assert owners.of("a") == ""
    assert "can't be read" in owners.problem


def test_without_a_root_there_are_none() -> None:
    assert Owners("").of("app.py") == ""


@pytest.mark.parametrize(
    "file",
    [
        "tests/a.py",
        "a/test/b.py",
        "testing/x.py",
        "a/test_x.py",
        "x_test.py",
        "conftest.py",
        "a/tests.py",
    ],
)
def test_tests(file: str) -> None:
    assert is_test_file(file)
    assert whose(file, "own") == "tests"
    assert whose(file, "third_party") == "third_party"


@pytest.mark.parametrize(
    "file", ["a.py", "latest/a.py", "contest.py", "a/test_data.json", "", "attest.py"]
)
def test_no_tests(file: str) -> None:
    assert not is_test_file(file)
    assert whose(file, "own") == "own"
