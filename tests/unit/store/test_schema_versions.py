"""Read stores of older enforcers, and bring them up to date without losing a row."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store import schema
from enforcer.store.reading import Reader, Span
from enforcer.store.schema import SCHEMA_VERSION
from enforcer.store.sqlite import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]

VERSION_1 = Path(__file__).resolve().parents[2] / "fixtures" / "store" / "version-1.db"
"""A file that the enforcer of schema 1 wrote: three processes, two of them with uses."""

TABLES_1 = (
    "map",
    "rule",
    "declaration",
    "process",
    "call_site",
    "use",
    "dropped",
    "notice",
)
NOON = 493_000 * schema.HOUR


@pytest.fixture
def old(tmp_path: Path) -> str:
    """Give a store of version 1 that may be changed."""
    return str(shutil.copy(VERSION_1, tmp_path / "uses.db"))


def rows(path: str, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def columns(path: str, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM pragma_table_info(?)"
        return [str(name) for (name,) in connection.execute(query, (table,))]


def content(path: str, like: str) -> dict[str, list[tuple[object, ...]]]:
    """Give all rows, with the columns that another store has."""
    return {
        table: rows(path, f"SELECT {', '.join(columns(like, table))} FROM {table} ORDER BY 1, 2")  # noqa: S608 - the names of our own tables
        for table in TABLES_1
    }


def test_fixture_is_what_it_says() -> None:
    """The other tests prove something only with a file of version 1."""
    assert rows(str(VERSION_1), "PRAGMA user_version") == [(1,)]


def test_upgrade_keeps_every_row(old: str) -> None:
    """All that stood in the old tables stands there afterwards, field by field."""
    Store(old).close()

    assert rows(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert content(old, like=str(VERSION_1)) == content(str(VERSION_1), like=str(VERSION_1))


def test_upgraded_store_has_the_tables_of_a_new_one(old: str, path: str) -> None:
    """There is one schema, however a store came to it."""
    Store(old).close()
    Store(path).close()

    tables = "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') ORDER BY 1"
    assert rows(old, tables) == rows(path, tables)
    for (table,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert sorted(columns(old, str(table))) == sorted(columns(path, str(table)))


def test_old_processes_were_there_from_their_start(old: str) -> None:
    """Version 1 kept no gaps and no goodbyes: nobody is said to have vanished."""
    Store(old).close()

    assert rows(old, "SELECT DISTINCT since, till, ending FROM heartbeat, process") == [
        (NOON, NOON + 5 * 60 * 1_000_000_000, "unknown")
    ]


def test_old_store_is_written_on(old: str, make_process: MakeProcess, make_use: MakeUse) -> None:
    """New uses add to the old ones."""
    with closing(Store(old)) as store:
        store.write(make_process(), 0, [make_use(count=100)])

    (total,) = rows(old, "SELECT sum(count) FROM use")[0]
    (before,) = rows(str(VERSION_1), "SELECT sum(count) FROM use")[0]
    assert total == int(str(before)) + 100


def test_old_store_is_read_and_left_alone(old: str) -> None:
    """A report needs no upgrade, and makes none."""
    before = Path(old).read_bytes()
    with Reader(old) as reader:
        assert {row.path: row.count for row in reader.uses(Span())} == {
            "shop.old_cart": 29,
            "shop.gone.items": 3,
        }
        watching = reader.watching(Span())

    assert (watching.unknown, watching.vanished, watching.running) == (3, 0, 0)
    assert Path(old).read_bytes() == before


def test_upgrade_that_fails_changes_nothing(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All statements of an upgrade are one transaction."""
    broken = schema.MIGRATIONS[1] + "\nINSERT INTO nowhere VALUES (1);\n"
    with monkeypatch.context() as patched:
        patched.setitem(schema.MIGRATIONS, 1, broken)
        with pytest.raises(schema.StoreError, match="no such table: nowhere"):
            Store(old)

    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert columns(old, "process") == columns(str(VERSION_1), "process")
    Store(old).close()
    assert rows(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_several_processes_upgrade_once(old: str, environ: dict[str, str]) -> None:
    """Whoever comes second finds it done."""
    code = "import sys; from enforcer.store.sqlite import Store; Store(sys.argv[1]).close()"
    upgraders = [subprocess.Popen([sys.executable, "-c", code, old], env=environ) for _ in range(5)]

    assert [upgrader.wait(60) for upgrader in upgraders] == [0] * 5
    assert rows(old, "SELECT count(*) FROM heartbeat") == [(3,)]
    assert content(old, like=str(VERSION_1)) == content(str(VERSION_1), like=str(VERSION_1))
