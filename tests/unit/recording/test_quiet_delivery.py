"""Deliver for a process that uses nothing: by notes, as long as they do."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording import quiet_delivery
from enforcer.recording.notes import Note
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.quiet_delivery import QuietDelivery
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store.notes import allow_no_notes, notes_beside
from enforcer.store.queries import Span
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]

SECOND = 1_000_000_000
BEGIN = 493_000 * 3600 * SECOND
BLIND = Notice("blind", "__import__", "It was replaced.")


class Parts:
    """Hold a delivery with what it looks at."""

    def __init__(self, path: str, process: Process, brief_until: float = 0.0) -> None:
        self.path = path
        self.is_quiet = True
        self.notices: list[Notice] = []
        self.wall = BEGIN
        self.delivery = QuietDelivery(
            process,
            MigrationMap([Rule("shop.old_cart", "shop.cart")], digest="d1", store=path),
            5.0,
            is_quiet=lambda: self.is_quiet,
            notices=lambda: self.notices,
            brief_until=brief_until,
        )

    def passes(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)

    def beats(self) -> bool:
        return self.delivery.deliver("", is_beat=True)

    def ends(self, ending: str = "exit") -> bool:
        return self.delivery.deliver(ending, is_beat=False)

    def notes(self) -> list[tuple[int, int, str]]:
        """Give since when, till when and with what goodbye it is noted, oldest first."""
        return sorted(
            ((note.since - BEGIN) // SECOND, (note.till - BEGIN) // SECOND, note.ending)
            for note in notes_beside(self.path)
        )


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "uses.db")


@pytest.fixture
def parts(path: str, make_process: MakeProcess, monkeypatch: pytest.MonkeyPatch) -> Parts:
    parts = Parts(path, make_process(started=BEGIN))
    with closing(Store(path, clock=lambda: BEGIN)) as store:
        store.watch(make_process(), MigrationMap([Rule("shop.old_cart", "shop.cart")], digest="d1"))
    monkeypatch.setattr(quiet_delivery, "time_ns", lambda: parts.wall)
    monkeypatch.setattr(quiet_delivery, "monotonic", lambda: 1000 + (parts.wall - BEGIN) / SECOND)
    return parts


def test_note_is_a_heartbeat(parts: Parts) -> None:
    """It is written when something is due, as a store would be."""
    parts.passes(4)
    assert parts.beats()
    assert parts.notes() == [(0, 4, "")]
    parts.passes(5)
    assert parts.beats()
    assert parts.notes() == [(0, 4, "")]
    parts.passes(60)
    assert parts.beats()
    assert parts.notes() == [(0, 69, "")]


def test_goodbye_takes_the_place_of_a_heartbeat(parts: Parts) -> None:
    """One process, one note."""
    parts.passes(4)
    parts.beats()
    parts.passes(1)
    assert parts.ends()
    assert parts.notes() == [(0, 5, "exit")]


def test_process_that_goes_on_after_all(parts: Parts) -> None:
    """An ``exec`` that failed was no end."""
    assert parts.ends()
    parts.passes(1)
    assert parts.beats()
    assert parts.notes() == [(0, 1, "")]


def test_silence_is_a_gap(parts: Parts) -> None:
    """A laptop that slept did not watch meanwhile."""
    parts.beats()
    parts.passes(3600)
    parts.beats()
    parts.passes(60)
    parts.beats()
    assert parts.notes() == [(0, 0, ""), (3600, 3660, "")]


def test_clock_that_is_set_back_breaks_nothing(parts: Parts) -> None:
    """Nobody ends before it began."""
    parts.passes(5)
    parts.beats()
    parts.passes(-3600)
    assert parts.ends()
    assert parts.notes() == [(0, 5, "exit")]


def test_beat_after_the_note_was_taken_in(parts: Parts, make_process: MakeProcess) -> None:
    """The next one is noted anew, from the same start on."""
    parts.beats()
    with closing(Store(parts.path, clock=lambda: BEGIN + SECOND)) as store:
        store.watch(make_process(), ())
    assert parts.notes() == []
    parts.passes(60)
    parts.beats()
    assert parts.notes() == [(0, 60, "")]


def test_what_hides_imports_is_noted_at_once(parts: Parts) -> None:
    """No heartbeat claims that a process watched which could not see."""
    parts.beats()
    parts.notices = [BLIND]
    parts.passes(5)
    parts.beats()
    assert parts.notes() == [(0, 5, "")]
    with Reader(parts.path) as reader:
        assert [(notice.kind, notice.text) for notice in reader.notices(Span())] == [
            ("blind", "It was replaced.")
        ]


def test_process_that_used_something_needs_the_store(parts: Parts) -> None:
    """Notes have no uses."""
    parts.is_quiet = False
    assert not parts.beats()
    assert not parts.ends()
    assert parts.notes() == []


def test_brief_child_leaves_no_trace(path: str, parts: Parts, make_process: MakeProcess) -> None:
    """A forked process that ends within one interval, and used nothing."""
    child = Parts(path, make_process(started=BEGIN), brief_until=1005.0)
    assert child.ends()
    assert child.notes() == []
    parts.passes(6)
    assert child.ends()
    assert len(child.notes()) == 1


def test_where_no_note_can_be_left(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat loads nothing and tries again later; the end of the process writes."""

    def fail(_: Note) -> None:
        raise PermissionError

    monkeypatch.setattr(Note, "write", fail)
    assert parts.beats()
    assert not parts.ends()
    assert parts.notes() == []


def test_store_that_is_gone_or_does_not_know_the_map(parts: Parts) -> None:
    """The same holds there: only who writes brings the rules."""
    allow_no_notes(parts.path)
    assert parts.beats()
    assert not parts.ends()
    Path(parts.path).unlink()
    assert parts.beats()
    assert not parts.ends()
    assert parts.notes() == []


def test_another_store_under_the_name(parts: Parts, make_process: MakeProcess) -> None:
    """There the process has been watching from now on, as one that writes has."""
    parts.beats()
    Path(parts.path).unlink()
    rules = MigrationMap([Rule("shop.old_cart", "shop.cart")], digest="d1")
    with closing(Store(parts.path, clock=lambda: BEGIN)) as store:
        store.watch(make_process(id="writer"), rules)
    assert parts.notes() == []
    parts.passes(300)
    parts.beats()
    parts.passes(60)
    parts.beats()
    assert parts.notes() == [(300, 360, "")]
