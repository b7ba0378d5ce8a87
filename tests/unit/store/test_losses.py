"""Note beside a store what could not be written into it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.store import StoreError
from enforcer.store.losses import leave_loss, losses_beside
from enforcer.store.queries import Span
from enforcer.store.reading import Reader
from enforcer.store.sqlite import Store

MakeProcess = Callable[..., Process]


@pytest.fixture
def store(path: str) -> str:
    Store(path).close()
    return path


def dropped(path: str, run: str = "") -> int:
    with Reader(path) as reader:
        return reader.dropped(Span(run=run))


def names(path: str) -> list[str]:
    return sorted(each.name for each in Path(path).parent.iterdir())


def test_note_counts_as_dropped(store: str, make_process: MakeProcess) -> None:
    """A report counts what is only noted."""
    leave_loss(store, make_process(), 3)
    leave_loss(store, make_process(run="r/1 é"), 4)

    assert dropped(store) == 7
    assert dropped(store, run="r/1 é") == 4
    assert dropped(store, run="r2") == 0


def test_next_process_takes_notes_into_the_store(store: str, make_process: MakeProcess) -> None:
    """No heap of notes grows, and what they say is kept."""
    leave_loss(store, make_process(), 3)
    leave_loss(store, make_process(run="r1"), 4)
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
    leave_loss(store, process, 3)
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
    leave_loss(store, make_process(), 3)
    with monkeypatch.context() as patched:
        patched.setattr("enforcer.store.losses.Loss.take_back", lambda _: None)
        with closing(Store(store)) as opened:
            opened.watch(make_process(), [])
    assert len(names(store)) == 2
    with closing(Store(store)) as opened:
        opened.watch(make_process(), [])

    assert names(store) == ["uses.db"]
    assert dropped(store) == 3


def test_second_note_replaces_the_first(store: str, make_process: MakeProcess) -> None:
    """A process has one loss, and none when it was written after all."""
    process = make_process()
    leave_loss(store, process, 3)
    leave_loss(store, process, 5)
    assert [loss.count for loss in losses_beside(store)] == [5]

    leave_loss(store, process, 0)
    assert list(losses_beside(store)) == []


def test_loss_is_said_without_a_store(path: str, make_process: MakeProcess) -> None:
    """Where there never was room for a store there are at least the notes."""
    Path(path).parent.mkdir()
    leave_loss(path, make_process(), 3)

    with pytest.raises(StoreError, match=r"3 uses could not be kept, and there is no store"):
        Reader(path)


@pytest.mark.parametrize("name", ["uses.db.lost-x", "uses.db.lost-zz-p-3", "uses.db.lost--p-many"])
def test_other_files_are_no_notes(store: str, name: str) -> None:
    """What only looks like a note is passed by."""
    (Path(store).parent / name).touch()

    assert list(losses_beside(store)) == []
    assert dropped(store) == 0


def test_note_that_can_not_be_written_is_no_error(
    tmp_path: Path, make_process: MakeProcess
) -> None:
    """There is nobody to tell."""
    leave_loss(str(tmp_path / "gone" / "uses.db"), make_process(), 3)

    assert list(losses_beside(str(tmp_path / "gone" / "uses.db"))) == []
