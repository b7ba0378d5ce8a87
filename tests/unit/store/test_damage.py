"""Set a damaged store aside, and touch nothing that is none of ours."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.store_address import file_of
from enforcer.store import ReplacedError, StoreError
from enforcer.store.queries import Span
from enforcer.store.sqlite.busy import Patience, code_of
from enforcer.store.sqlite.damage import is_damage, is_ours, stores_set_aside
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]

PAGE = 4096
NAME = re.compile(r"uses\.db\.corrupt-\d{8}T\d{6}(\.\d+)?")


@pytest.fixture
def store(path: str, make_process: MakeProcess, make_use: MakeUse) -> Path:
    """Make a store with seven uses in it."""
    with closing(Store(path)) as opened:
        opened.write(make_process(), 0, [make_use(count=7)])
    return Path(path)


def overwrite(file: Path, begin: int) -> None:
    """Damage a file from a byte on."""
    content = file.read_bytes()
    file.write_bytes(content[:begin] + b"\xde\xad" * ((len(content) - begin) // 2))


def shorten(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])


def write_again(path: str, process: Process, use: Use) -> None:
    """Write as the reporter does: once more where the store was replaced."""
    try:
        with closing(Store(path)) as opened:
            opened.write(process, 0, [use])
    except ReplacedError:
        with closing(Store(path)) as opened:
            opened.write(process, 0, [use])


def counts(path: Path) -> list[int]:
    with Reader(str(path)) as reader:
        return [row.count for row in reader.uses(Span())]


@pytest.mark.parametrize(
    ("damage", "begin"),
    [(overwrite, PAGE), (overwrite, 100), (shorten, 3 * PAGE), (shorten, 500), (shorten, 72)],
)
def test_damaged_store_is_set_aside(
    store: Path,
    make_process: MakeProcess,
    make_use: MakeUse,
    damage: Callable[[Path, int], None],
    begin: int,
) -> None:
    """It keeps its bytes under a name with the time, and a new one is begun."""
    damage(store, begin)
    damaged = store.read_bytes()
    write_again(str(store), make_process(), make_use(count=2))

    assert counts(store) == [2]
    ((aside, _),) = stores_set_aside(str(store))
    assert NAME.fullmatch(Path(aside).name)
    assert Path(aside).read_bytes() == damaged


def test_what_a_link_leads_to_is_set_aside(
    store: Path, tmp_path: Path, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """The link goes on leading to the store, for programs and readers."""
    link = tmp_path / "link.db"
    link.symlink_to(store)
    overwrite(store, PAGE)
    write_again(file_of(str(link)), make_process(), make_use(count=2))

    assert link.readlink() == store
    assert counts(Path(file_of(str(link)))) == [2]
    assert len(list(stores_set_aside(str(store)))) == 1


def test_companions_are_set_aside_too(
    store: Path, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """The log of a damaged store is never laid over the new one."""
    overwrite(store, PAGE)
    Path(f"{store}-wal").write_bytes(b"\x37\x7f\x06\x82" + b"old log" * 2000)
    Path(f"{store}-shm").write_bytes(b"\0" * 32768)
    write_again(str(store), make_process(), make_use(count=2))

    ((aside, _),) = stores_set_aside(str(store))
    assert Path(f"{aside}-wal").exists()
    assert sorted(each.name for each in store.parent.iterdir() if "corrupt" not in each.name) == [
        "uses.db"
    ]
    assert counts(store) == [2]


def test_second_one_in_a_second_has_a_name_of_its_own(
    store: Path, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What was set aside is never overwritten."""
    for count in (2, 3):
        overwrite(store, PAGE)
        write_again(str(store), make_process(), make_use(count=count))

    assert len({aside for aside, _ in stores_set_aside(str(store))}) == 2
    assert counts(store) == [3]


def test_damage_is_said_to_readers(store: Path) -> None:
    """A report changes nothing, and says what will happen."""
    overwrite(store, PAGE)
    damaged = store.read_bytes()

    with pytest.raises(StoreError, match=r"is damaged: .*sets it aside.*\(store-damaged\)$"):
        counts(store)
    assert store.read_bytes() == damaged
    assert list(store.parent.iterdir()) == [store]


def test_setting_aside_waits_for_those_who_use_it(
    store: Path, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """While somebody has the store open it is not renamed under them."""
    overwrite(store, PAGE)
    other = Hold(str(store))
    assert other.together(Patience())
    with pytest.raises(StoreError, match=r"others still use it.*\(store-damaged\)$"):
        Store(str(store), Patience(0.05)).write(make_process(), 0, [make_use()])
    assert list(stores_set_aside(str(store))) == []

    other.release()
    write_again(str(store), make_process(), make_use(count=2))
    assert counts(store) == [2]


def text_file(path: Path) -> None:
    path.write_text("hello " * 1000)


def database_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customer (name)")


def damaged_database_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE customer (name); INSERT INTO customer VALUES (zeroblob(20000));"
        )
    overwrite(path, 100)


def store_with_another_head(path: Path) -> None:
    Store(str(path)).close()
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


@pytest.mark.parametrize(
    "make",
    [
        text_file,
        database_of_another_program,
        damaged_database_of_another_program,
        store_with_another_head,
    ],
)
def test_file_that_is_not_known_to_be_ours_stays(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Only what says in its first bytes that it is a store may be renamed."""
    path = tmp_path / "uses.db"
    make(path)
    before = path.read_bytes()
    for open_it in (Store, Reader):
        with pytest.raises(StoreError, match=r"is no store of the enforcer.*\(not-a-store\)$"):
            open_it(str(path))

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
    import os, sys, time
    from enforcer.recording.backlog import Backlog
    from enforcer.recording.process import current
    from enforcer.recording.use import ALIASED, CallSite, Use
    from enforcer.rules.model import MigrationMap, Rule
    from enforcer.store.delivery import Delivery
    from enforcer.store.sqlite.writer import Store

    rule = Rule("a.old", "a.new")

    class Collected:
        uses = []

        def collect(self):
            uses, self.uses = self.uses, []
            return uses, 0

    collected = Collected()
    delivery = Delivery(current(MigrationMap([rule])), [rule], 5.0, backlog=Backlog(),
                        collector=collected, notices=tuple, brief_until=0.0,
                        open_store=lambda patience: Store(sys.argv[1], patience))
    site = CallSite("a.old", file="app.py", line=1, function="f", module="m",
                    mechanism="import_statement")
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.001)
    for _ in range(20):
        collected.uses = [Use(rule, stage="alias", outcome=ALIASED, count=3, first_seen=1,
                              last_seen=2, site=site)]
        delivery.deliver(60.0, lambda: False)
"""


@pytest.mark.process
def test_one_of_many_processes_sets_it_aside(
    store: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """All who notice the damage at once agree on one new store, and no use is lost in it."""
    overwrite(store, PAGE)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", dedent(WRITER), str(store), str(tmp_path / "go")], env=environ
        )
        for _ in range(5)
    ]
    (tmp_path / "go").touch()

    assert [writer.wait(PATIENCE) for writer in writers] == [0] * 5
    assert len(list(stores_set_aside(str(store)))) == 1
    assert counts(store) == [5 * 20 * 3]


def test_only_a_file_with_our_mark_was_a_store(tmp_path: Path) -> None:
    """One that is not there was none, and neither was another program's database."""
    path = str(tmp_path / "uses.db")
    assert not is_ours(path)
    Store(path).close()
    assert is_ours(path)
    with closing(sqlite3.connect(path + "-other")) as connection:
        connection.execute("CREATE TABLE customer (name)")
    assert not is_ours(path + "-other")


def test_only_sqlites_errors_have_its_numbers() -> None:
    """What else went wrong is no sign of damage, and nobody is waited for."""
    assert code_of(ValueError()) == 0
    assert not is_damage(ValueError())
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as raised:
        connection.execute("SELECT")
    assert code_of(raised.value) == sqlite3.SQLITE_ERROR
