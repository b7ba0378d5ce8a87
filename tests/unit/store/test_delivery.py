"""Deliver what was recorded, whatever becomes of the store meanwhile."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.backlog import Backlog, Estate
from enforcer.recording.notice import Notice
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store import StoreError
from enforcer.store.delivery import Delivery, Succession
from enforcer.store.queries import Span
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.losses import losses_beside
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.schema import EXIT
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]


class Parts:
    """Hold a delivery with what it takes from and gives to."""

    def __init__(self, path: str, process: Process) -> None:
        self.path = path
        self.uses: list[Use] = []
        self.said: list[Notice] = []
        self.store = Store
        self.delivery = Delivery(
            process,
            [Rule("shop.old_cart", "shop.cart")],
            5.0,
            backlog=Backlog(),
            collector=self,
            notices=self.notices,
            open_store=lambda patience: self.store(self.path, patience),
            brief_until=0.0,
        )

    def collect(self) -> tuple[list[Use], int]:
        uses, self.uses = self.uses, []
        return uses, 0

    def notices(self) -> Sequence[Notice]:
        return self.said

    def deliver(self, seconds: float = 30.0, ending: str = "") -> None:
        self.delivery.deliver(seconds, lambda: False, ending)

    def counts(self) -> list[int]:
        with Reader(self.path) as reader:
            return [row.count for row in reader.uses(Span())]

    def kinds(self) -> list[str]:
        with Reader(self.path) as reader:
            return [notice.kind for notice in reader.notices(Span())]


@pytest.fixture
def parts(path: str, make_process: MakeProcess) -> Parts:
    return Parts(path, make_process())


LATE = Notice("late", "shop.old_cart", "It came too early.")
BLIND = Notice("blind", "shop", "It can't be watched.")


def test_notices_may_come_in_any_order(parts: Parts) -> None:
    """Each is written once, wherever it stands among the others."""
    parts.said = [LATE]
    parts.deliver()
    parts.said = [BLIND, LATE]
    parts.deliver()

    assert parts.kinds() == ["blind", "late"]


def test_notices_that_fail_are_a_notice(
    parts: Parts, make_use: MakeUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uses are kept whatever becomes of notices."""

    def fail() -> Sequence[Notice]:
        message = "broken"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(parts.delivery, "_notices", fail)
    parts.uses = [make_use(count=2)]
    parts.deliver()

    assert parts.counts() == [2]
    assert parts.kinds() == ["blind"]


def test_all_is_told_to_a_new_store(parts: Parts, make_use: MakeUse) -> None:
    """Where the store was deleted, the new one learns the rules and the notices again."""
    parts.said = [LATE]
    parts.deliver()
    Path(parts.path).unlink()
    parts.uses = [make_use("b.old", "b.new", count=2)]
    parts.deliver()

    with Reader(parts.path) as reader:
        assert {rule.legacy for rule in reader.rules(Span())} == {"shop.old_cart", "b.old"}
    assert parts.kinds() == ["late"]
    assert parts.counts() == [2]


def test_write_into_a_file_that_was_just_removed_is_repeated(
    parts: Parts, make_use: MakeUse
) -> None:
    """What went into a file that has no name any more would be lost."""
    removed: list[str] = []

    class Removing(Store):
        def write(self, *arguments: object) -> None:
            if not removed:
                removed.append(self.path)
                Path(self.path).unlink()
            super().write(*arguments)  # type: ignore[arg-type]

    parts.store = Removing
    parts.uses = [make_use(count=2)]
    parts.deliver()

    assert removed
    assert parts.counts() == [2]


def test_idle_process_does_not_open_the_store(parts: Parts) -> None:
    """Without anything new, nothing is touched until the next heartbeat."""
    parts.deliver()
    Path(parts.path).unlink()
    parts.deliver()

    assert not Path(parts.path).exists()


def test_a_process_without_news_says_that_it_is_there(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in an interval; nothing else is written."""
    parts.deliver()

    def written() -> list[int]:
        with Reader(parts.path) as reader:
            return [watch.till for watch in reader.process_watches(Span())]

    before = written()
    later = time.monotonic() + 3600
    monkeypatch.setattr("enforcer.store.delivery.monotonic", lambda: later)
    parts.deliver()
    assert written() > before
    latest = written()
    parts.deliver()
    assert written() == latest


def test_goodbye_is_written_without_any_use(parts: Parts) -> None:
    """A process that ended is told from one that vanished."""
    parts.deliver()
    parts.deliver(ending=EXIT)

    with Reader(parts.path) as reader:
        assert reader.watching(Span()).ended == 1


def test_brief_process_leaves_no_trace(path: str, make_process: MakeProcess) -> None:
    """Programs that fork for a moment don't fill the store with processes."""
    parts = Parts(path, make_process())
    parts.delivery = Delivery(
        make_process(),
        [],
        5.0,
        backlog=Backlog(),
        collector=parts,
        notices=parts.notices,
        open_store=lambda patience: Store(path, patience),
        brief_until=float("inf"),
    )
    parts.deliver(ending=EXIT)

    assert not Path(path).exists()


def test_last_loss_is_noted_beside_the_store(parts: Parts, make_use: MakeUse) -> None:
    """And taken back if it could be written after all."""
    Store(parts.path).close()
    parts.uses = [make_use(count=3)]
    with closing(sqlite3.connect(parts.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"End the process that keeps it locked"):
            parts.deliver(0.05, EXIT)
        assert [loss.count for loss in losses_beside(parts.path)] == [3]
    parts.deliver(ending=EXIT)

    assert list(losses_beside(parts.path)) == []
    assert parts.counts() == [3]


def test_last_loss_of_a_known_process_is_taken_back(parts: Parts, make_use: MakeUse) -> None:
    """What was written after all is not lost as well."""
    parts.deliver()
    parts.uses = [make_use(count=3)]
    with closing(sqlite3.connect(parts.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            parts.deliver(0.05, EXIT)
    assert [loss.count for loss in losses_beside(parts.path)] == [3]
    parts.deliver(ending=EXIT)

    assert list(losses_beside(parts.path)) == []
    with Reader(parts.path) as reader:
        assert reader.dropped(Span()) == 0
    assert parts.counts() == [3]


def test_long_write_gives_way(parts: Parts, make_use: MakeUse) -> None:
    """A write of many rows ends when the program wants to fork, and is repeated whole."""
    parts.deliver()
    parts.uses = [make_use(line=line) for line in range(1, 500)]
    asked: list[bool] = []

    def is_needed() -> bool:
        asked.append(True)
        return len(asked) > 4

    with pytest.raises(StoreError, match=r"not written in time \(store-not-written\)$"):
        parts.delivery.deliver(30.0, is_needed)
    assert parts.counts() == []
    parts.deliver()

    assert sum(parts.counts()) == 499


def test_waiting_ends_when_it_is_needed(path: str) -> None:
    """A locked store is not waited for once the program wants to go on."""
    Store(path).close()
    needed = iter([False] * 5 + [True] * 5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store = Store(path, Patience(3600, lambda: next(needed)))
        with closing(store), pytest.raises(StoreError, match="locked"):
            store.leave(Process(id="p"), EXIT)

    assert list(needed) == [True] * 4


def test_only_a_third_party_site_without_one_gets_a_distribution(
    parts: Parts, make_use: MakeUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a caller's record says already is not looked up, and own code belongs to nobody."""
    asked = []

    def distribution_of(file: str) -> str:
        asked.append(file)
        return "found"

    monkeypatch.setattr("enforcer.store.delivery.distribution_of", distribution_of)
    parts.uses = [
        make_use(line=1, file="/x/own.py"),
        make_use(line=2, file="/x/known.py", relation="third_party", distribution="known"),
        make_use(line=3, file="/x/dep.py", relation="third_party"),
    ]
    parts.deliver()

    assert asked == ["/x/dep.py"]
    with Reader(parts.path) as reader:
        found = {row.line: row.distribution for row in reader.uses(Span())}
    assert found == {1: "", 2: "known", 3: "found"}


def test_what_a_parent_left_is_collected_once(make_use: MakeUse) -> None:
    use = make_use()
    estate = Estate([use], 3)

    assert estate.collect() == ([use], 3)
    assert estate.collect() == ([], 0)


def test_children_write_what_their_parent_left_once(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Whoever of them is the first; and the parent's own last write changes nothing."""
    parent = make_process()
    left = [make_use(count=3)]

    for _ in range(2):
        child = Parts(path, make_process())
        child.uses = [make_use(count=10)]
        in_its_name = Parts(path, parent)
        in_its_name.uses = left.copy()
        succession = Succession(in_its_name.delivery, child.delivery)
        succession.deliver(30.0, lambda: False)
        succession.deliver(30.0, lambda: False, EXIT)
    own = Parts(path, parent)
    own.uses = left.copy()
    own.deliver(ending=EXIT)

    assert own.counts() == [23]
    with Reader(path) as reader:
        assert reader.watching(Span()).ended == 3
