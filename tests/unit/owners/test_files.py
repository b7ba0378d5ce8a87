"""Owners of files are those that CODEOWNERS names."""

from pathlib import Path

import pytest

from enforcer.errors import EnforcerError
from enforcer.owners import Owners


@pytest.mark.parametrize("place", ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"])
def test_last_rule_wins(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text("* @all\n/shop/ @shop @more\n*.sql @data\n/shop/free.py\n")
    owners = Owners(str(tmp_path))
    assert owners.file == str(file)
    assert owners.of("app.py") == ("@all",)
    assert owners.of("shop/cart.py") == ("@shop", "@more")
    assert owners.of("shop/q.sql") == ("@data",)
    assert owners.of("shop/free.py") == ()


def test_root_may_lie_below_the_repository(tmp_path: Path) -> None:
    """Paths in CODEOWNERS begin at the top of the repository, those of call sites at the root."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "CODEOWNERS").write_text("/backend/shop/ @shop\n")
    root = tmp_path / "backend"
    root.mkdir()
    assert Owners(str(root)).of("shop/cart.py") == ("@shop",)
    assert Owners(str(root)).of("other.py") == ()


def test_search_ends_at_the_repository(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @somebody\n")
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    assert Owners(str(root)).of("app.py") == ()


def test_installed_code_has_no_owner(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @all\n")
    assert Owners(str(tmp_path)).of("/usr/lib/python3/x.py") == ()
    assert Owners(str(tmp_path)).of("site-packages/acme/x.py") == ()
    assert Owners(str(tmp_path)).of("<string>") == ()


def test_files_beside_the_root_have_the_owners_of_their_own_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "CODEOWNERS").write_text("/tests/ @quality\n")
    root = tmp_path / "backend"
    root.mkdir()
    assert Owners(str(root)).of("../tests/test_cart.py") == ("@quality",)
    assert Owners(str(root)).of("../../elsewhere/x.py") == ()


def test_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("/a[b @all\n")
    owners = Owners(str(tmp_path))
    assert owners.of("a") == ()
    assert "can't be read" in owners.problem


def test_without_a_root_there_are_none() -> None:
    assert Owners("").of("app.py") == ()


def test_unknown_owner_is_a_mistake_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @platform\n")
    owners = Owners(str(tmp_path))
    owners.require("@platform")
    owners.require("(none)")
    owners.require("@data", ("@data",))
    with pytest.raises(EnforcerError, match=r'Write "@platform" \(unknown-owner\)'):
        owners.require("@platf")


def test_without_owners_the_option_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(EnforcerError, match=r"no CODEOWNERS .*\(no-owners\)"):
        Owners(str(tmp_path)).require("@data")
