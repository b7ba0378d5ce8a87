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
from enforcer.store.queries import Span
from enforcer.store.sqlite import schema, upgrades
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.schema import SCHEMA_VERSION
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "store"
VERSIONS = (1, 2)
"""``version-N.db`` was written by the enforcer of schema N: some processes, most with uses."""

VERSION_1 = FIXTURES / "version-1.db"
NOON = 493_000 * schema.HOUR

SAME_TABLES = ("map", "rule", "declaration", "call_site", "dropped", "notice")
OLD_USES = """
SELECT process, rule, site, stage, outcome, sum(count), min(first_seen), max(last_seen)
FROM use GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
NEW_USES = """
SELECT process, rule, site, stage, outcome, count, first_seen, last_seen
FROM use JOIN tally ON tally.key = tally ORDER BY 1, 2, 3, 4, 5
"""
OLD_DEPLOYMENTS = "SELECT id, service, service_version, environment FROM process ORDER BY id"
NEW_DEPLOYMENTS = """
SELECT id, service, version, environment
FROM process JOIN deployment ON deployment.key = deployment ORDER BY id
"""
OLD_HOURS = """
SELECT hour, rule, site, outcome, sum(count) FROM use GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
NEW_HOURS = """
SELECT hour, rule, site, outcome, sum(count) FROM use_by_hour JOIN tally ON tally.key = tally
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def fixture(version: int) -> str:
    return str(FIXTURES / f"version-{version}.db")


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
    """Give all rows of the tables that stayed, with the columns that another store has."""
    kept = {
        table: rows(path, f"SELECT {', '.join(columns(like, table))} FROM {table} ORDER BY 1, 2")  # noqa: S608 - the names of our own tables
        for table in SAME_TABLES
    }
    gone = ("service", "service_version", "environment")
    fields = ", ".join(name for name in columns(like, "process") if name not in gone)
    return kept | {"process": rows(path, f"SELECT {fields} FROM process ORDER BY key")}  # noqa: S608 - the same


@pytest.mark.parametrize("version", VERSIONS)
def test_fixture_is_what_it_says(version: int) -> None:
    """The other tests prove something only with a file of that version."""
    assert rows(fixture(version), "PRAGMA user_version") == [(version,)]
    assert len(rows(fixture(version), "SELECT * FROM use")) > 1


@pytest.mark.parametrize("version", VERSIONS)
def test_upgrade_keeps_every_row(version: int, tmp_path: Path) -> None:
    """All that stood in the old tables is there afterwards, in the new ones."""
    before = fixture(version)
    path = str(shutil.copy(before, tmp_path / "uses.db"))
    Store(path).close()

    assert rows(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    if version == 1:  # version 2 knows endings
        assert rows(path, "SELECT DISTINCT ending FROM process") == [("unknown",)]
    assert content(path, like=before) == content(before, like=before)
    assert rows(path, NEW_USES) == rows(before, OLD_USES)
    assert rows(path, NEW_HOURS) == rows(before, OLD_HOURS)
    if version > 1:  # version 1 has no deployments
        assert rows(path, NEW_DEPLOYMENTS) == rows(before, OLD_DEPLOYMENTS)
        assert rows(path, "SELECT * FROM heartbeat") == rows(before, "SELECT * FROM heartbeat")


@pytest.mark.parametrize("version", VERSIONS)
def test_upgrade_rolls_up(version: int, tmp_path: Path) -> None:
    """The roll-ups of an upgraded store are those that its uses would have made."""
    path = str(shutil.copy(fixture(version), tmp_path / "uses.db"))
    Store(path).close()

    by_hour = "SELECT hour / 24, tally, deployment, sum(count), min(first_seen), max(last_seen)"
    days = "SELECT day, tally, deployment, count, first_seen, last_seen FROM use_by_day"
    assert rows(path, f"{by_hour} FROM use_by_hour GROUP BY 1, 2, 3 ORDER BY 1, 2, 3") == rows(
        path, f"{days} ORDER BY 1, 2, 3"
    )
    ((hours, day, ever, used),) = rows(
        path,
        "SELECT (SELECT sum(count + probes) FROM rule_by_hour), "
        "(SELECT sum(count + probes) FROM rule_by_day), "
        "(SELECT sum(count) FROM use_ever), (SELECT sum(count) FROM use)",
    )
    assert hours == day == ever == used
    sums = "SELECT tally, sum(count), min(first_seen), max(last_seen) FROM use GROUP BY tally"
    assert rows(path, "SELECT * FROM total_ever ORDER BY tally") == rows(path, f"{sums} ORDER BY 1")
    probes = """
SELECT sum(count) FROM use JOIN tally ON tally.key = tally JOIN call_site ON call_site.key = site
WHERE mechanism = 'probe'
"""
    assert rows(path, "SELECT nullif(sum(probes), 0) FROM rule_by_day") == rows(path, probes)


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
        store.write(make_process(id="f" * 32), 0, [make_use(count=100)])

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
    broken = upgrades.UPGRADES[2] + "\nINSERT INTO nowhere VALUES (1);\n"
    with monkeypatch.context() as patched:
        patched.setitem(upgrades.UPGRADES, 2, broken)
        with pytest.raises(schema.StoreError, match="no such table: nowhere"):
            Store(old)

    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert columns(old, "process") == columns(str(VERSION_1), "process")
    Store(old).close()
    assert rows(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


@pytest.mark.process
def test_several_processes_upgrade_once(old: str, environ: dict[str, str]) -> None:
    """Whoever comes second finds it done."""
    code = "import sys; from enforcer.store.sqlite.writer import Store; Store(sys.argv[1]).close()"
    upgraders = [subprocess.Popen([sys.executable, "-c", code, old], env=environ) for _ in range(5)]

    assert [upgrader.wait(PATIENCE) for upgrader in upgraders] == [0] * 5
    assert rows(old, "SELECT count(*) FROM heartbeat") == [(3,)]
    assert content(old, like=str(VERSION_1)) == content(str(VERSION_1), like=str(VERSION_1))
