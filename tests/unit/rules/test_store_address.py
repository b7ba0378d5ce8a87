"""Find the file that a process writes to, whatever names its store."""

from pathlib import Path

import pytest

from enforcer.rules.loading import load_map
from enforcer.rules.mistakes import MapError

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


def test_unknown_kind(tmp_path: Path) -> None:
    """It is a mistake like those in the map, and shows no password."""
    (tmp_path / "enforcer.toml").write_text(MAP)
    with pytest.raises(MapError, match=r'kind of store "redis".*\(unknown-store\)') as caught:
        load_map(
            str(tmp_path / "enforcer.toml"), environ={"ENFORCER_STORE": "redis://u:secret@host"}
        )
    assert "secret" not in str(caught.value)
