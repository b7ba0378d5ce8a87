"""Note beside a store what could not be written into it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.backlog import ROWS_AT_ONCE, Backlog, Estate
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store import StoreError
from enforcer.store.queries import Span
from enforcer.store.sqlite.losses import leave_losses, losses_beside, take_back_losses
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]


@pytest.fixture
def store(path: str) -> str:
    Store(path).close()
    return path


def dropped(path: str, run: str = "") -> int:
    with Reader(path) as reader:
        return reader.dropped(Span(run=run))


def lose(path: str, process: Process, count: int, backlog: Backlog | None = None) -> None:
    """Note that a process lost uses that were in no batch yet."""
    lost = Estate([], count)
    leave_losses(path, process, Backlog() if backlog is None else backlog, lost)


def names(path: str) -> list[str]:
    return sorted(each.name for each in Path(path).parent.iterdir())


def test_note_counts_as_dropped(store: str, make_process: MakeProcess) -> None:
    """A report counts what is only noted."""
    lose(store, make_process(), 3)
    lose(store, make_process(run="r/1 é"), 4)

    assert dropped(store) == 7
    assert dropped(store, run="r/1 é") == 4
    assert dropped(store, run="r2") == 0


def test_next_process_takes_notes_into_the_store(store: str, make_process: MakeProcess) -> None:
    """No heap of notes grows, and what they say is kept."""
    lose(store, make_process(), 3)
    lose(store, make_process(run="r1"), 4)
    with closing(Store(store)) as opened:
        opened.watch(make_process(), [])

    assert names(store) == ["uses.db"]
    assert dropped(store) == 7
    assert dropped(store, run="r1") == 4


def test_note_of_a_known_process_is_its_end(store: str, make_process: MakeProcess) -> None:
    """Who noted its loss has not vanished."""
    process = make_process()
    with closing(Store(store)) as opened:
        opened.watch(process, [])
    lose(store, process, 3)
    with closing(Store(store)) as opened:
        opened.watch(make_process(), [])

    with Reader(store) as reader:
        watching = reader.watching(Span())
        assert (watching.ended, watching.running) == (1, 1)
        assert reader.dropped(Span()) == 3


def test_note_that_stays_is_counted_once(
    store: str, make_process: MakeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed before it removes the note does no harm."""
    lose(store, make_process(), 3)
    with monkeypatch.context() as patched:
        patched.setattr("enforcer.store.sqlite.losses.Loss.take_back", lambda _: None)
        with closing(Store(store)) as opened:
            opened.watch(make_process(), [])
    assert len(names(store)) == 2
    with closing(Store(store)) as opened:
        opened.watch(make_process(), [])

    assert names(store) == ["uses.db"]
    assert dropped(store) == 3


def test_notes_are_taken_back_when_all_was_written(store: str, make_process: MakeProcess) -> None:
    """A process that went on after all noted each of its losses once."""
    process, backlog = make_process(), Backlog()
    lose(store, process, 3, backlog)
    lose(store, process, 0, backlog)
    lose(store, process, 5, backlog)
    assert [loss.count for loss in losses_beside(store)] == [3, 5]

    take_back_losses(store, process)
    assert losses_beside(store) == []


def test_loss_is_said_without_a_store(path: str, make_process: MakeProcess) -> None:
    """Where there never was time or room for a store there are at least the notes."""
    lose(path, make_process(), 3)

    with pytest.raises(StoreError, match=r"3 uses could not be kept, and there is no store"):
        Reader(path)


def test_one_lost_use_is_no_plural(path: str, make_process: MakeProcess) -> None:
    lose(path, make_process(), 1)

    with pytest.raises(StoreError, match=r"1 use could not be kept, and there is no store"):
        Reader(path)


@pytest.mark.parametrize(
    "name",
    [
        "uses.db.lost-x",
        "uses.db.lost-zz-p-3",
        "uses.db.lost--p-many",
        "uses.db.lost--p-3-0-4",
        "uses.db.lost--p-3-x",
        "uses.db.lost--p--3-0",
    ],
)
def test_other_files_are_no_notes(store: str, name: str) -> None:
    """What only looks like a note is passed by."""
    (Path(store).parent / name).touch()

    assert losses_beside(store) == []
    assert dropped(store) == 0


def test_note_that_can_not_be_written_is_no_error(
    tmp_path: Path, make_process: MakeProcess
) -> None:
    """There is nobody to tell."""
    (tmp_path / "file").touch()
    lose(str(tmp_path / "file" / "uses.db"), make_process(), 3)

    assert losses_beside(str(tmp_path / "file" / "uses.db")) == []


def write(store: str, process: Process, backlog: Backlog) -> None:
    with closing(Store(store)) as opened:
        opened.watch(process, [])
        while backlog:
            batch = backlog.oldest()
            opened.write(process, batch.sequence, batch.uses, batch.dropped)
            backlog.remove(batch)


def counted(store: str) -> tuple[int, int]:
    """Give what the store has and what is known to be lost."""
    with Reader(store) as reader:
        return sum(row.count for row in reader.uses(Span())), reader.dropped(Span())


def filled(make_use: MakeUse, sites: int) -> Backlog:
    backlog = Backlog()
    backlog.add([make_use(line=line) for line in range(1, sites + 1)], 0)
    return backlog


@pytest.mark.parametrize("taken_first", [False, True], ids=["written first", "taken first"])
@pytest.mark.parametrize("sites", [3, 3 * ROWS_AT_ONCE], ids=["one batch", "three batches"])
def test_what_is_noted_and_written_counts_once(
    store: str, make_process: MakeProcess, make_use: MakeUse, *, taken_first: bool, sites: int
) -> None:
    """Who gives up waiting for a write does not know whether it succeeds after that."""
    process, backlog = make_process(), filled(make_use, sites)
    leave_losses(store, process, backlog, Estate([], 0))
    if taken_first:
        write(store, make_process(), Backlog())
        assert counted(store) == (0, sites)
        write(store, process, backlog)
        assert counted(store) == (0, sites)
    else:
        write(store, process, backlog)
        assert counted(store) == (sites, 0)
        write(store, make_process(), Backlog())
        assert counted(store) == (sites, 0)
    assert names(store) == ["uses.db", "uses.db.maps"] or names(store) == ["uses.db"]


def test_what_is_written_after_a_note_in_part(
    store: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """The transaction that was under way was committed, and the rest never begun."""
    sites = 3 * ROWS_AT_ONCE
    process, backlog = make_process(), filled(make_use, sites)
    under_way = backlog.oldest()
    leave_losses(store, process, backlog, Estate([], 0))
    with closing(Store(store)) as opened:
        opened.write(process, under_way.sequence, under_way.uses, under_way.dropped)

    expected = (ROWS_AT_ONCE, 2 * ROWS_AT_ONCE)
    assert counted(store) == expected
    write(store, make_process(), Backlog())
    assert counted(store) == expected


def test_note_of_an_older_version_counts(store: str, make_process: MakeProcess) -> None:
    """It has no sequence: the first one of a process counts."""
    process = make_process()
    (Path(store).parent / f"uses.db.lost--{process.id}-3").touch()
    assert dropped(store) == 3
    write(store, make_process(), Backlog())

    assert (dropped(store), names(store)) == (3, ["uses.db"])
