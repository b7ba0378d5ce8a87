"""Write batches into SQLite, once each."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import BLOCKED, WARNED, CallSite, Use
from enforcer.rules.model import MigrationMap, Rule
from enforcer.rules.own_folder import OWN_FOLDER
from enforcer.rules.stages import StageOverride
from enforcer.store import StoreError
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.folder_lock import Hold
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.rows import Rows
from enforcer.store.sqlite.schema import HOUR, SCHEMA_VERSION
from enforcer.store.sqlite.tallies import Known
from enforcer.store.sqlite.writer import Store
from tests.patience import PATIENCE

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]
OpenStore = Callable[[], Store]


def rows(path: str, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_makes_its_folder(path: str, open_store: OpenStore) -> None:
    """The file and the folder it lies in need not be there."""
    open_store()

    assert Path(path).is_file()


def test_only_a_folder_of_its_own_is_kept_out_of_git(tmp_path: Path) -> None:
    """What else lies in a folder that was there already is the team's."""
    (tmp_path / "there" / OWN_FOLDER).mkdir(parents=True)
    for name, files in (("made", [".gitignore"]), ("there", [])):
        folder = tmp_path / name / OWN_FOLDER
        Store(str(folder / "uses.db")).close()
        assert [file.name for file in folder.glob(".git*")] == files


def test_is_in_wal_mode(path: str, open_store: OpenStore) -> None:
    """Readers and writers do not wait for each other."""
    open_store()

    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


def test_keeps_every_field_of_a_site(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What was recorded of a call site is all in its row."""
    use = make_use(
        path="shop.old_cart.sub",
        file="/site-packages/celery/loaders.py",
        names=("Cart", "Item"),
        via="kombu/utils.py:8",
        relation="third_party",
        distribution="celery",
    )
    open_store().write(make_process(), 0, [use])

    assert rows(path, "SELECT * FROM call_site") == [
        (
            1,
            "shop.old_cart.sub",
            "/site-packages/celery/loaders.py",
            12,
            "checkout",
            "shop.views",
            "import_statement",
            "Cart,Item",
            "kombu/utils.py:8",
            "third_party",
            "celery",
        )
    ]


def test_adds_batches_up(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Batches of one process sum up, and the times stretch over all of them."""
    store, process = open_store(), make_process()
    first = make_use(count=2)
    store.write(process, 0, [first])
    store.write(
        process,
        1,
        [make_use(count=3, first_seen=first.first_seen - 5, last_seen=first.last_seen + 7)],
    )

    assert rows(path, "SELECT count, first_seen, last_seen FROM use") == [
        (5, first.first_seen - 5, first.last_seen + 7)
    ]


def test_counts_a_batch_once(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Writing a batch again, because nobody knew whether it went well, changes nothing."""
    process, uses = make_process(), [make_use(count=2), make_use(count=3, line=99)]
    open_store().write(process, 0, uses, 4)
    open_store().write(process, 0, uses, 4)

    assert rows(path, "SELECT sum(count) FROM use") == [(5,)]
    assert rows(path, "SELECT sum(count) FROM dropped") == [(4,)]


def test_same_number_of_another_process_is_another_batch(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Batches are told apart by process and number, not by number."""
    store = open_store()
    store.write(make_process(), 0, [make_use(count=2)])
    store.write(make_process(), 0, [make_use(count=3)])

    assert rows(path, "SELECT sum(count) FROM use") == [(5,)]
    assert rows(path, "SELECT count(*) FROM call_site") == [(1,)]


def test_tells_outcomes_and_stages_apart(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Uses of one site that met different stages keep their own rows."""
    uses = [
        make_use(count=1, stage="warn", outcome=WARNED),
        make_use(count=2, stage="strict", outcome=BLOCKED),
    ]
    open_store().write(make_process(), 0, uses)

    assert rows(
        path, "SELECT stage, outcome, count FROM use JOIN tally ON key = tally ORDER BY 3"
    ) == [
        ("warn", "warned", 1),
        ("strict", "blocked", 2),
    ]


def test_keeps_hours_apart(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What is rolled up by the hour has a row for each hour, by the last use."""
    store, process, use = open_store(), make_process(), make_use()
    store.write(process, 0, [use])
    store.write(process, 1, [make_use(last_seen=use.last_seen + HOUR)])

    assert rows(path, "SELECT count(DISTINCT hour) FROM use_by_hour") == [(2,)]


def test_watching_is_kept_without_any_use(
    path: str, open_store: OpenStore, make_process: MakeProcess
) -> None:
    """The store knows which process watched which rules at which stage."""
    rules = [Rule("a.old", "a.new", owner="@a"), Rule("b.old.*", "b.new.*", stage="strict")]
    open_store().watch(make_process(command="app"), rules)

    query = (
        "SELECT command, legacy, kind, canonical, stage, owner FROM process "
        "JOIN declaration USING (map) JOIN rule ON rule.key = rule ORDER BY legacy"
    )
    assert rows(path, query) == [
        ("app", "a.old", "module", "a.new", "alias", "@a"),
        ("app", "b.old.*", "tree", "b.new.*", "strict", ""),
    ]


def test_processes_with_the_same_rules_share_them(
    path: str, open_store: OpenStore, make_process: MakeProcess
) -> None:
    """A thousand workers do not store their map a thousand times."""
    store = open_store()
    for _ in range(3):
        store.watch(make_process(), [Rule("a.old", "a.new"), Rule("b.old", "b.new")])
    store.watch(make_process(), [Rule("a.old", "a.new", stage="strict")])

    assert rows(path, "SELECT count(*) FROM map") == [(2,)]
    assert rows(path, "SELECT count(*) FROM declaration") == [(3,)]
    assert rows(path, "SELECT count(*) FROM process") == [(4,)]


def test_rules_that_the_store_knows_are_not_made(path: str, open_store: OpenStore) -> None:
    """A short program with a large map pays for its rules once, not at each of its ends."""
    made = []

    def make() -> list[Rule]:
        made.append(1)
        return [Rule("old", "new")]

    for identifier, stage in (("a", ""), ("b", ""), ("c", "warn")):
        override = StageOverride(stage) if stage else None
        migration = MigrationMap(make, digest="d1", override=override)
        open_store().watch(Process(id=identifier), migration, 5.0)

    assert len(made) == 2
    assert rows(path, "SELECT count(DISTINCT map), count(*) FROM process") == [(2, 3)]
    assert rows(path, "SELECT stage FROM declaration ORDER BY map") == [("alias",), ("warn",)]


def test_watching_again_says_that_it_still_does(
    path: str, open_store: OpenStore, make_process: MakeProcess
) -> None:
    """A heartbeat moves the time of the last write and adds no row."""
    store, process = open_store(), make_process()
    store.watch(process, [])
    (before,) = rows(path, "SELECT written FROM process")
    store.watch(process, [])
    (after,) = rows(path, "SELECT written FROM process")

    assert after > before


def test_file_name_that_is_no_utf8(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """A byte that is no UTF-8 is kept readable instead of losing the batch."""
    open_store().write(make_process(), 0, [make_use(file="shop/\udce9t\udce9.py")])

    assert rows(path, "SELECT file FROM call_site") == [("shop/\\udce9t\\udce9.py",)]


def test_nothing_of_a_failed_batch_stays(
    path: str, open_store: OpenStore, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """A batch is written whole or not at all, and can then be written again."""
    store, process = open_store(), make_process()
    too_large = make_use(line=99, count=2**63)
    with pytest.raises(OverflowError):
        store.write(process, 0, [make_use(), too_large])
    assert rows(path, "SELECT count(*) FROM call_site") == [(0,)]

    store.write(process, 0, [make_use()])
    assert rows(path, "SELECT sum(count) FROM use") == [(1,)]


def test_database_of_another_program_is_left_alone(open_store: OpenStore, path: str) -> None:
    """A file that holds something else is refused, not written to."""
    Path(path).parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customer (name)")
    before = Path(path).read_bytes()

    with pytest.raises(StoreError, match=r"database of another program.*\(not-a-store\)"):
        open_store()
    assert Path(path).read_bytes() == before


def test_file_that_is_no_database(open_store: OpenStore, path: str) -> None:
    """Any other file is refused too."""
    Path(path).parent.mkdir()
    Path(path).write_text("hello " * 1000)

    with pytest.raises(StoreError, match=r"uses\.db\" is no store.*\(not-a-store\)"):
        open_store()


def test_store_of_a_newer_enforcer(open_store: OpenStore, path: str) -> None:
    """A schema from the future is named, with what to do."""
    open_store().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    with pytest.raises(StoreError, match=r"has schema 4.*Upgrade the enforcer.*\(newer-store\)"):
        open_store()


def is_in_use(path: str) -> bool:
    """Whether somebody keeps the store from being set aside."""
    hold = Hold(path)
    try:
        return not hold.alone(Patience(0))
    finally:
        hold.release()


def test_a_store_that_is_refused_is_let_go(open_store: OpenStore, path: str) -> None:
    """A process that may not use it keeps nobody from setting it aside."""
    open_store().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    for opened in (Store, Reader):
        with pytest.raises(StoreError):
            opened(path)
        assert not is_in_use(path)


def test_a_store_that_is_locked_is_let_go(path: str) -> None:
    """A process that gave up waiting keeps nobody from setting it aside."""
    Path(path).parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            Store(path, Patience(0))

        assert not is_in_use(path)


def test_a_store_that_is_a_folder_is_let_go(path: str) -> None:
    """Where there can't be a file, the folder around it is free for others."""
    Path(path).mkdir(parents=True)
    with pytest.raises(StoreError, match="it is a folder, no file"):
        Store(path)

    assert not is_in_use(path)


def test_a_program_that_closed_its_standard_input_lets_go(path: str) -> None:
    """Then the folder's descriptor is 0."""
    Path(path).parent.mkdir()
    standard_input = os.dup(0)
    os.close(0)
    try:
        hold = Hold(path)
        assert hold.alone(Patience(0))
        hold.release()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
    finally:
        os.dup2(standard_input, 0)
        os.close(standard_input)


def test_a_store_is_in_use_until_it_is_closed(open_store: OpenStore, path: str) -> None:
    """The tests above would see it."""
    store = open_store()
    assert is_in_use(path)
    store.close()
    assert not is_in_use(path)


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """Where no folder can be made the error says which store, and what to do."""
    (tmp_path / "kept").write_text("")

    with pytest.raises(
        StoreError, match=r"kept/uses\.db\" can't be written.*\(store-not-written\)"
    ):
        Store(str(tmp_path / "kept" / "uses.db"))


def test_a_notice_is_kept_once_for_each_process(
    path: str, open_store: OpenStore, make_process: MakeProcess
) -> None:
    """Who says a thing twice is heard once; who else says it is heard too."""
    store = open_store()
    notice = Notice("late", "shop.old_cart", "It came too early.")
    for process in (make_process(id="a"), make_process(id="b")):
        store.watch(process, ())
        store.note(process, [notice])
        store.note(process, [notice])

    assert (
        rows(path, "SELECT kind, subject, text FROM notice")
        == [("late", "shop.old_cart", "It came too early.")] * 2
    )


def test_keys_of_a_write_that_was_rolled_back_are_forgotten(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Others' rows may have them by now; the uses are counted at their own call sites.

    The write is given up at each of its steps in turn, as it is where the program forks.
    """
    for given_up_at in range(1, 60):
        file = f"{path}-{given_up_at}"
        known, process, steps = Known(), make_process(), count(1)
        mine = [make_use(line=line, count=line) for line in (1, 2)]

        def is_needed(steps: "Iterator[int]" = steps, last: int = given_up_at) -> bool:
            return next(steps) >= last

        try:
            with closing(Store(file, Patience(PATIENCE, is_needed), known)) as store:
                store.write(process, 0, mine)
        except StoreError:
            with closing(Store(file)) as others:
                others.write(make_process(), 0, [make_use(line=line) for line in (77, 88, 99)])
            with closing(Store(file, known=known)) as store:
                store.write(process, 0, mine)
                store.write(process, 1, mine)
        else:
            assert given_up_at > 5
            return
        query = (
            "SELECT line, sum(count) FROM use JOIN tally ON tally.key = tally "
            "JOIN call_site ON call_site.key = site GROUP BY line"
        )
        assert rows(file, query) == [(1, 2), (2, 4), (77, 1), (88, 1), (99, 1)]
    pytest.fail("it was never written")


def test_keys_are_looked_up_once(
    path: str, make_process: MakeProcess, make_use: MakeUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process counts the same call sites from visit to visit: only new ones cost a look."""
    looked_up: list[int] = []
    site = Rows.site

    def counting(rows: Rows, call_site: CallSite) -> int:
        looked_up.append(call_site.line)
        return site(rows, call_site)

    monkeypatch.setattr(Rows, "site", counting)
    known, process = Known(), make_process()
    for sequence, lines in enumerate([(1, 2), (1, 2), (2, 3), (1, 2, 3)]):
        with closing(Store(path, known=known)) as store:
            store.write(process, sequence, [make_use(line=line) for line in lines])

    # A batch with something new looks at what it has, and asks for the new one alone.
    assert looked_up == [1, 2, 3]


def test_others_wait_for_no_batch_to_be_filled(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What was counted before is made ready outside of the transaction."""
    known, process = Known(), make_process()
    statements: list[str] = []
    for sequence in (0, 1):
        with closing(Store(path, known=known)) as store:
            statements.clear()
            store._connection.set_trace_callback(statements.append)  # noqa: SLF001
            store.write(process, sequence, [make_use(line=line) for line in (1, 2)])

    begun = next(n for n, one in enumerate(statements) if one.startswith("BEGIN"))
    filled = [
        n for n, one in enumerate(statements) if one.lstrip().startswith("INSERT INTO batch ")
    ]
    assert len(filled) == 2
    assert max(filled) < begun
