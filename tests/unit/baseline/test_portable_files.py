"""A baseline's files have names that every machine knows, or the entry can't stay."""

import os
from pathlib import Path

import pytest

from enforcer.baseline import Baseline, Entry
from enforcer.baseline.portable_names import NOBODYS, PYTHONS_OWN, rewritings, rewritten
from enforcer.rules.model import MigrationMap


@pytest.fixture
def migration_map(tmp_path: Path) -> MigrationMap:
    """Lay out a repository whose map has a folder of it as its root."""
    for file in (".git", "setup.py", "tests/test_cart.py", "backend/shop/cart.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return MigrationMap(path=str(tmp_path / "enforcer.toml"), root=str(tmp_path / "backend"))


@pytest.mark.parametrize(
    ("file", "named", "reason"),
    [
        ("{top}/tests/test_cart.py", "../tests/test_cart.py", ""),
        ("{top}/backend/shop/cart.py", "shop/cart.py", ""),
        ("{top}/gone.py", "../gone.py", ""),
        ("/home/ci/build/tests/test_cart.py", "../tests/test_cart.py", ""),
        ("/home/ci/build/backend/shop/cart.py", "shop/cart.py", ""),
        ("/home/ci/build/setup.py", "", NOBODYS),
        ("/home/ci/build/other.py", "", NOBODYS),
        ("/usr/lib/python3.12/runpy.py", "", PYTHONS_OWN),
        (f"{Path(os.__file__).parent}/queue.py", "", PYTHONS_OWN),
    ],
)
def test_a_file_that_only_one_machine_knows(
    migration_map: MigrationMap, tmp_path: Path, file: str, named: str, reason: str
) -> None:
    """A copy of the repository elsewhere is known by more than the name of the file."""
    entry = Entry("old", file.format(top=tmp_path), "f", "call", count=2)
    baseline = Baseline([entry], "b.toml")

    (change,) = rewritings(baseline, migration_map)

    assert change == (entry, named, reason)
    expected = [Entry("old", named, "f", "call", count=2)] if named else []
    now = rewritten(baseline, [change])
    assert (list(now), now.path) == (expected, "b.toml")


def test_names_that_hold_everywhere_stay(migration_map: MigrationMap) -> None:
    files = ("shop/cart.py", "../tests/test_cart.py", "site-packages/x.py", "<stdin>")
    baseline = Baseline([Entry("old", file, "f", "call") for file in files])

    assert rewritings(baseline, migration_map) == []
    assert rewritten(baseline, []) is baseline


def test_entries_that_become_one_are_joined(migration_map: MigrationMap, tmp_path: Path) -> None:
    """Two machines saw the same lines: the higher count is right, with the names of both."""
    kind = "import_statement"
    other = Entry("old", "shop/views.py", "f", kind)
    baseline = Baseline(
        [
            Entry("old", "shop/cart.py", "f", kind, count=2, names=("X",)),
            Entry("old", f"{tmp_path}/backend/shop/cart.py", "f", kind, count=1, names=("Y",)),
            other,
        ]
    )

    assert list(rewritten(baseline, rewritings(baseline, migration_map))) == [
        Entry("old", "shop/cart.py", "f", kind, count=2, names=("X", "Y")),
        other,
    ]
