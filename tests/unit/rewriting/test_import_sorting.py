"""Imports that ruff found sorted are sorted again, and others stay where they are."""

from pathlib import Path

import pytest

from enforcer.rewriting.import_sorting import find_ruff, sort_imports

OLD = b"import os\n\nfrom shop.a_cart import Cart\nfrom shop.live import stays\n"
NEW = b"import os\n\nfrom shop.z_cart import Cart\nfrom shop.live import stays\n"
SORTED = b"import os\n\nfrom shop.live import stays\nfrom shop.z_cart import Cart\n"


@pytest.fixture
def ruff() -> str:
    found = find_ruff()
    assert found is not None, "the group lint has it"
    return found


def test_sorted_imports_are_sorted_again(ruff: str, tmp_path: Path) -> None:
    assert sort_imports(ruff, tmp_path / "views.py", OLD, NEW) == SORTED


def test_unsorted_imports_stay(ruff: str, tmp_path: Path) -> None:
    old = OLD.replace(b"import os\n\n", b"") + b"import os\n"
    new = NEW.replace(b"import os\n\n", b"") + b"import os\n"
    assert sort_imports(ruff, tmp_path / "views.py", old, new) == new


def test_configuration_of_the_project_counts(ruff: str, tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("[lint.isort]\nforce-sort-within-sections = true\n")
    old = b"from shop.a_cart import Cart\nimport shop.live\n"
    new = b"from shop.z_cart import Cart\nimport shop.live\n"
    expected = b"import shop.live\nfrom shop.z_cart import Cart\n"
    assert sort_imports(ruff, tmp_path / "views.py", old, new) == expected


def test_a_broken_ruff_changes_nothing(tmp_path: Path) -> None:
    assert sort_imports(str(tmp_path / "none"), tmp_path / "views.py", OLD, NEW) == NEW
