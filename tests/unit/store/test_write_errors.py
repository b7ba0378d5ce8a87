"""A store that can't be written: whose it is, how long its path is, and what to do."""

import os
from pathlib import Path

import pytest

from enforcer.store import StoreError
from enforcer.store.sqlite.write_errors import not_written, shown
from enforcer.store.sqlite.writer import Store

FOLDERS = ["x" * 200] * 14


def refusal(path: str) -> str:
    with pytest.raises(StoreError) as raised:
        Store(path)
    return str(raised.value)


def test_a_path_of_3000_characters(tmp_path: Path) -> None:
    """SQLite takes no such path; both ends of it are enough to know it."""
    folder = tmp_path.joinpath(*FOLDERS)
    folder.mkdir(parents=True)
    path = str(folder / "uses.db")
    said = refusal(path)
    assert f"Its path has {len(path):,} bytes, and SQLite takes 500: name a shorter one" in said
    assert said.endswith("or name another store in ENFORCER_STORE (store-not-written)")
    assert len(said) < 500


def test_a_path_that_the_system_refuses(tmp_path: Path) -> None:
    said = refusal(str(tmp_path.joinpath(*FOLDERS, *FOLDERS, "uses.db")))
    assert "can't be written: File name too long. Its path has" in said
    assert len(said) < 500


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # pytest-xdist's threads
@pytest.mark.parametrize("what", ["the folder", "the file"])
def test_a_folder_that_root_made_first(tmp_path: Path, what: str) -> None:
    """Another user reads whose it is."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / ".enforcer").mkdir()
    store = tmp_path / ".enforcer/uses.db"
    if what == "the file":
        store.touch()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(12345)
        os.setuid(12345)
        os.write(writing, str(not_written(str(store), "it is refused")).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        said = pipe.read()

    whose = store if what == "the file" else store.parent
    assert f'"{shown(str(whose))}" belongs to user 0, and this process is user 12345: chown' in said
