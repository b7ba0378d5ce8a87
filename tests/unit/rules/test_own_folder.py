"""The folder ``.enforcer`` is ignored by git, by a file of its own."""

from pathlib import Path

import pytest

from enforcer.rules.loader import load_map
from enforcer.store.sqlite.writer import Store

IGNORED = "*\n"


def test_a_cache_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "enforcer.toml"
    file.write_text('[[rule]]\nlegacy = "a.old"\ncanonical = "a.new"\n')

    load_map(str(file), cached=True)

    assert (tmp_path / ".enforcer/.gitignore").read_text().endswith(IGNORED)


@pytest.mark.parametrize(("folder", "is_own"), [(".enforcer", True), ("data", False)])
def test_a_store_makes_it(tmp_path: Path, folder: str, is_own: bool) -> None:  # noqa: FBT001 - a parameter
    Store(str(tmp_path / folder / "uses.db")).close()

    assert (tmp_path / folder / ".gitignore").exists() == is_own


def test_what_somebody_wrote_stays(tmp_path: Path) -> None:
    own = tmp_path / ".enforcer"
    own.mkdir()

    Store(str(own / "uses.db")).close()

    assert not (own / ".gitignore").exists()
