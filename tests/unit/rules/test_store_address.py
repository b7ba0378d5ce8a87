"""Find the file that a process writes to, whatever names its store."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.cli.options import choose_store
from enforcer.rules.loader import load_map
from enforcer.rules.mistakes import MapError
from enforcer.store import StoreError
from enforcer.store.readers import open_reader
from enforcer.store.sqlite.writer import Store

MAP = '[[rule]]\nlegacy = "a.old"\ncanonical = "a.new"\n'


@pytest.mark.parametrize(
    ("named", "chosen", "expected"),
    [
        ("", "", "{folder}/.enforcer/uses.db"),
        ("var/uses.db", "", "{folder}/var/uses.db"),
        ("sqlite:///srv/uses.db", "", "/srv/uses.db"),
        ("var/uses.db", "/srv/uses.db", "/srv/uses.db"),
        ("", "sqlite:///srv/uses.db", "/srv/uses.db"),
        ("", "sqlite:////srv/uses.db", "/srv/uses.db"),
        ("var/uses.db", "clickhouses://u:p@host/db", "{folder}/var/uses.db"),
        ("", "clickhouse://host", "{folder}/.enforcer/uses.db"),
        ("", "chdb:///srv/data", "{folder}/.enforcer/uses.db"),
    ],
)
def test_file_to_write(named: str, chosen: str, expected: str, tmp_path: Path) -> None:
    """A ClickHouse is only read: the map's own file is written then."""
    options = f'[enforcer]\nstore = "{named}"\n' if named else ""
    (tmp_path / "enforcer.toml").write_text(options + MAP)
    environ = {"ENFORCER_STORE": chosen} if chosen else {}
    found = load_map(str(tmp_path / "enforcer.toml"), environ=environ)

    assert found.store == expected.format(folder=tmp_path)


@pytest.mark.parametrize(
    "spelling",
    ["{file}", " {file}", "{file}  ", "{file}\n", "sqlite://{file} ", "{folder}/x/../uses.db",
     "{folder}/./uses.db", "{folder}/link/uses.db", "{folder}/link/../{name}/uses.db",
     "{folder}/uses.link"],
)  # fmt: skip
def test_programs_and_readers_mean_the_same_file(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is written: `..` after a link leads where the system goes, too."""
    folder = tmp_path / os.fsdecode(b"data \xff")
    folder.mkdir()
    (folder / "link").symlink_to(folder)
    (folder / "uses.link").symlink_to(folder / "uses.db")
    (tmp_path / "enforcer.toml").write_text(MAP)
    file = str(folder / "uses.db")
    address = spelling.format(file=file, folder=folder, name=folder.name)
    monkeypatch.setenv("ENFORCER_STORE", address)

    assert load_map(str(tmp_path / "enforcer.toml")).store == file
    assert choose_store(None, None) == choose_store(address, None) == file
    with closing(Store(file)):
        pass
    with open_reader(address) as reader:
        assert reader.path == file


def test_blank_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "enforcer.toml").write_text(MAP)
    monkeypatch.setenv("ENFORCER_STORE", "  ")
    monkeypatch.setenv("ENFORCER_MAP", str(tmp_path / "enforcer.toml"))
    usual = str(tmp_path / ".enforcer/uses.db")
    assert load_map(str(tmp_path / "enforcer.toml")).store == choose_store(None, None) == usual


def test_unknown_kind(tmp_path: Path) -> None:
    """It is a mistake like those in the map, and shows no password."""
    (tmp_path / "enforcer.toml").write_text(MAP)
    with pytest.raises(MapError, match=r'kind of store "redis".*\(unknown-store\)') as caught:
        load_map(
            str(tmp_path / "enforcer.toml"), environ={"ENFORCER_STORE": "redis://u:secret@host"}
        )
    assert "secret" not in str(caught.value)


def test_two_slashes_and_a_name_are_no_path(tmp_path: Path) -> None:
    """It would be a host; the folder from the root is not what is meant."""
    (tmp_path / "enforcer.toml").write_text(MAP)
    with pytest.raises(StoreError, match="with a third slash"):
        open_reader("sqlite://var/uses.db")
    with pytest.raises(MapError, match="with a third slash"):
        load_map(
            str(tmp_path / "enforcer.toml"), environ={"ENFORCER_STORE": "sqlite://var/uses.db"}
        )


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    """SQLite says no more than that it is unable to open it."""
    with pytest.raises(StoreError, match="it is a folder, no file"):
        open_reader(str(tmp_path))
