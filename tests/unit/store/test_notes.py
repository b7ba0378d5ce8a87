"""Note beside a store that a process watched, and read that wherever the store is read."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.notes import (
    MOST_NOTES,
    Note,
    file_of_note,
    may_leave_notes,
    store_for_note,
)
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store import StoreError
from enforcer.store.notes import notes_beside
from enforcer.store.queries import Span
from enforcer.store.sqlite.check import check
from enforcer.store.sqlite.export import export
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.vacuum import vacuum
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
LeaveNote = Callable[..., Note]

SECOND = 1_000_000_000
BEGIN = 493_000 * 3600 * SECOND
MAP = MigrationMap([Rule("shop.old_cart", "shop.cart")], digest="d1")
OTHER_MAP = MigrationMap([Rule("shop.older_cart", "shop.cart")], digest="d2")


@pytest.fixture
def store(path: str, make_process: MakeProcess) -> str:
    """Make a store that has the rules of a map."""
    with closing(Store(path, clock=lambda: BEGIN)) as opened:
        opened.watch(make_process(id="first", started=BEGIN), MAP)
    return path


@pytest.fixture
def leave(store: str, make_process: MakeProcess) -> LeaveNote:
    """Leave the note of a process that was there for four seconds."""

    def leave(number: int = 0, **fields: object) -> Note:
        process = fields.pop("process", None) or make_process(started=BEGIN)
        values: dict[str, object] = {
            "store": store_for_note(store, MAP.identity),
            "identity": MAP.identity,
            "interval": 5.0,
            "since": BEGIN,
            "till": BEGIN + 4 * SECOND,
        }
        file = file_of_note(store, process, number)  # type: ignore[arg-type]
        note = Note(file, process=process, **{**values, **fields})  # type: ignore[arg-type]
        note.write()
        return note

    return leave


def rows(path: str, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def spans(path: str) -> list[tuple[object, ...]]:
    return rows(
        path,
        f"SELECT (since - {BEGIN}) / {SECOND}, (till - {BEGIN}) / {SECOND} FROM heartbeat "  # noqa: S608 - constants
        "JOIN process ON process = key WHERE id <> 'first' AND id <> 'taker' ORDER BY since",
    )


def endings(path: str) -> list[tuple[object, ...]]:
    return rows(path, "SELECT ending FROM process WHERE id <> 'first' AND id <> 'taker'")


def take(
    path: str, make_process: MakeProcess, rules: MigrationMap = MAP, name: str = "taker"
) -> None:
    """Have a process write, which takes the notes into the store."""
    with closing(Store(path, clock=lambda: BEGIN + 9 * SECOND)) as opened:
        opened.watch(make_process(id=name, started=BEGIN + 9 * SECOND), rules)


def notes(path: str) -> list[str]:
    return [note.process.id for note in notes_beside(path)]


def test_every_reader_counts_what_is_noted(store: str, leave: LeaveNote) -> None:
    """Reports, checks and exports don't depend on whether somebody took the notes in."""
    note = leave(ending="exit", process=Process(id="p" * 32, pid=7, started=BEGIN, service="cli"))

    with Reader(store) as reader:
        assert reader.processes(Span()) == 2
        watching = reader.watching(Span())
        assert (watching.ended, watching.vanished) == (1, 1)
        assert {each.service: each.till - each.since for each in watching.services} == {
            "": 0,
            "cli": 4 * SECOND,
        }
        watch = next(each for each in reader.process_watches(Span()) if each.service == "cli")
        assert (watch.pid, watch.ending) == (7, "exit")
    assert check(store).counts["processes"] == 2
    assert check(store).problems == ()
    assert any(note.process.id in line for line in export(store))


def test_reading_changes_nothing(store: str, leave: LeaveNote) -> None:
    """Neither the store nor what lies beside it; so it can be read where it can't be written."""
    leave()
    before = Path(store).read_bytes(), sorted(Path(store).parent.iterdir())
    with Reader(store) as reader:
        assert reader.processes(Span()) == 2
    check(store)

    assert (Path(store).read_bytes(), sorted(Path(store).parent.iterdir())) == before


def test_damaged_store_with_notes_is_a_mistake_of_the_store(store: str, leave: LeaveNote) -> None:
    """Notes are added before anything is read, so the damage is met there first."""
    leave()
    with closing(sqlite3.connect(store)) as connection:
        ((size,),) = connection.execute("PRAGMA page_size")
        pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'map'")
        spoiled = [page for (page,) in pages]
    data = bytearray(Path(store).read_bytes())
    for page in spoiled:
        data[(page - 1) * size : page * size] = b"\xff" * size
    Path(store).write_bytes(data)

    with pytest.raises(StoreError, match="is damaged"), Reader(store):
        pass


def test_noted_process_is_stored_as_one_that_wrote(
    tmp_path: Path, store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """The very same rows, whichever way the process took."""
    process = Process(
        id="p" * 32,
        parent="q" * 32,
        run="r 1\n",
        pid=7,
        service="shop é",
        service_version="1.2",
        environment="production",
        host="web1",
        python="3.11.7",
        command="python -c 'a\nb' \udce9",
        started=BEGIN,
        map_path="/srv/shop/enforcer.toml",
        map_digest="d1",
        root="/srv/shop",
    )
    blind = Notice("blind", "__import__", "replaced\nby a=b")
    other = str(tmp_path / "other" / "uses.db")
    now = BEGIN
    with closing(Store(other, clock=lambda: now)) as opened:
        opened.watch(make_process(id="first", started=BEGIN), MAP)
        now = BEGIN + 4 * SECOND
        opened.watch(process, MAP)
        opened.note(process, [blind])
        opened.leave(process, "exit")
    take(other, make_process)

    leave(process=process, ending="exit", notices=[blind])
    take(store, make_process)

    for query in (
        "SELECT * FROM process WHERE id <> 'first' AND id <> 'taker'",
        "SELECT * FROM deployment ORDER BY key",
        "SELECT * FROM heartbeat ORDER BY process, since",
        "SELECT * FROM notice",
        "SELECT * FROM map",
    ):
        assert rows(store, query) == rows(other, query) != []
    assert notes(store) == []


def test_note_is_counted_once_though_it_is_taken_twice(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """Who takes it in may die before the note is removed, and two may do it at once."""
    note = leave(ending="exit")
    shutil.copy2(note.file, f"{store}.kept")
    take(store, make_process)
    shutil.copy2(f"{store}.kept", note.file)
    with Reader(store) as reader:
        assert reader.processes(Span()) == 3
    take(store, make_process, name="taker2")

    assert rows(store, "SELECT count(*) FROM process") == [(4,)]
    assert notes(store) == []
    assert endings(store)[:1] == [("exit",)]


def test_process_that_says_no_goodbye_vanishes(store: str, leave: LeaveNote) -> None:
    """One that was killed looks as it would if it had written."""
    leave()
    with Reader(store) as reader:
        assert reader.watching(Span()).vanished == 2


def test_later_note_extends_an_earlier_one(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """Heartbeats that were taken in one by one are one span, in whatever order they come."""
    process = make_process(started=BEGIN)
    leave(process=process)
    take(store, make_process)
    leave(process=process, till=BEGIN + 64 * SECOND)
    leave(process=process, number=1, till=BEGIN + 70 * SECOND, ending="exit")
    take(store, make_process, name="taker2")
    leave(process=process, till=BEGIN + 64 * SECOND)
    take(store, make_process, name="taker3")

    assert spans(store)[0] == (0, 70)
    assert endings(store)[0] == ("exit",)


def test_process_that_comes_to_write_goes_on(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """What it noted before its first use is part of its span."""
    process = make_process(started=BEGIN)
    leave(process=process, till=BEGIN + 100 * SECOND)
    with closing(Store(store, clock=lambda: BEGIN + 160 * SECOND)) as opened:
        opened.watch(process, MAP)

    assert spans(store) == [(0, 160)]
    assert notes(store) == []


def test_file_system_that_keeps_whole_seconds(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """A process that lived for less is not gone before it was there, and has said goodbye."""
    note = leave(process=make_process(started=BEGIN + 5), since=BEGIN + 5, ending="exit")
    os.utime(note.file, ns=(BEGIN, BEGIN))
    take(store, make_process)

    assert spans(store) == [(0, 0)]
    assert endings(store) == [("exit",)]


def test_loss_of_a_noted_process_is_its_end(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """Who noted that it is there, and later what it lost, is one process."""
    process = make_process(started=BEGIN, pid=7)
    note = leave(process=process)
    shutil.copy2(note.file, f"{store}.kept")
    Path(f"{store}.lost--{process.id}-3").touch()
    take(store, make_process)
    shutil.copy2(f"{store}.kept", note.file)
    take(store, make_process, name="taker2")

    assert rows(store, "SELECT pid, ending FROM process WHERE pid = 7") == [(7, "lost")]
    assert rows(store, "SELECT count FROM dropped") == [(3,)]


def test_note_beside_an_older_store_counts_in_no_newer_one(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """Uses of that time are gone: that others were there and used nothing would mislead."""
    note = leave(ending="exit")
    Path(store).unlink()
    assert not may_leave_notes(store, MAP.identity)
    with closing(Store(store)) as opened:
        opened.watch(make_process(id="first"), MAP)
    note.write()
    with Reader(store) as reader:
        assert reader.processes(Span()) == 1
    take(store, make_process)

    assert endings(store) == []
    assert notes(store) == []


def test_note_of_an_unknown_map_waits_for_a_process_that_has_it(
    store: str, leave: LeaveNote, make_process: MakeProcess
) -> None:
    """Its rules may have been removed by a vacuum just before."""
    leave(identity=OTHER_MAP.identity)
    with Reader(store) as reader:
        assert reader.processes(Span()) == 1
    take(store, make_process)
    assert (endings(store), len(notes(store))) == ([], 1)
    take(store, make_process, OTHER_MAP, name="taker2")

    assert notes(store) == []
    assert rows(store, "SELECT legacy FROM declaration JOIN rule ON rule = key") == [
        ("shop.old_cart",),
        ("shop.older_cart",),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"enforcer=1\0store=",
        b"enforcer=2\0end=\0",
        b"enforcer=1\0end=\0",
        b"enforcer=1\0store=\xff\0end=\0",
    ],
)
def test_file_that_is_no_note_is_passed_by(
    store: str, make_process: MakeProcess, content: bytes
) -> None:
    """A half written one, one of a newer enforcer, anything else: it stays as it is."""
    file = Path(f"{store}.watched-{'p' * 32}-0")
    file.write_bytes(content)
    with Reader(store) as reader:
        assert reader.processes(Span()) == 1
    take(store, make_process)

    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "fields",
    [
        {"since": 1 << 63},
        {"since": -1},
        {"interval": float("nan")},
        {"interval": 1e300},
        {"ending": "unheard of"},
        {"process": Process(id="p", pid=1 << 70)},
    ],
)
def test_note_that_no_store_could_take_holds_nobody_up(
    store: str, leave: LeaveNote, make_process: MakeProcess, fields: dict[str, object]
) -> None:
    """Whatever somebody wrote there: others write, and reports are read."""
    leave(**fields)
    with Reader(store) as reader:
        assert reader.processes(Span()) == 1
    take(store, make_process)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and links")
def test_pipe_and_link_are_no_notes(store: str, leave: LeaveNote) -> None:
    """Whoever may write into the folder holds nobody up."""
    note = leave()
    Path(note.file).rename(f"{store}.elsewhere")
    Path(note.file).symlink_to(f"{store}.elsewhere")
    os.mkfifo(f"{store}.watched-{'p' * 32}-0")

    assert notes(store) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_note_of_somebody_who_may_not_write_the_store(store: str, leave: LeaveNote) -> None:
    """In a folder for everybody nobody else says that processes watched."""
    note = leave()
    os.chown(note.file, 12345, 12345)
    assert notes(store) == []
    Path(store).chmod(0o666)
    assert notes(store) == [note.process.id]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs permissions of POSIX")
def test_whoever_may_read_the_store_may_read_notes(store: str, leave: LeaveNote) -> None:
    """A command line is in there, as in the store."""
    Path(store).chmod(0o600)
    assert Path(leave().file).stat().st_mode & 0o777 == 0o600


def test_notes_are_for_stores_that_have_the_map(
    tmp_path: Path, store: str, make_process: MakeProcess
) -> None:
    """Otherwise a process writes, and brings its rules."""
    assert may_leave_notes(store, MAP.identity)
    assert not may_leave_notes(store, OTHER_MAP.identity)
    assert not may_leave_notes(store, "")
    assert not may_leave_notes(str(tmp_path / "none.db"), MAP.identity)
    assert not may_leave_notes("\0", MAP.identity)
    take(store, make_process, OTHER_MAP)
    assert may_leave_notes(store, OTHER_MAP.identity)
    assert may_leave_notes(store, MAP.identity)
    vacuum(store, keep_days=1)
    assert not may_leave_notes(store, MAP.identity)


def test_copy_of_a_store_is_another_file(
    tmp_path: Path, store: str, make_process: MakeProcess
) -> None:
    """What is known of a file is not believed of another one in its place."""
    shutil.copytree(Path(store).parent, tmp_path / "copy")
    copy = str(tmp_path / "copy" / "uses.db")
    assert not may_leave_notes(copy, MAP.identity)
    take(copy, make_process)
    assert may_leave_notes(copy, MAP.identity)


def test_there_are_never_many(store: str, leave: LeaveNote, make_process: MakeProcess) -> None:
    """Where nobody takes them in, the next process does."""
    for _ in range(MOST_NOTES):
        assert may_leave_notes(store, MAP.identity)
        leave(ending="exit")
    assert not may_leave_notes(store, MAP.identity)
    with Reader(store) as reader:
        assert reader.processes(Span()) == MOST_NOTES + 1
    take(store, make_process)
    assert may_leave_notes(store, MAP.identity)
    assert rows(store, "SELECT count(*) FROM process") == [(MOST_NOTES + 2,)]
