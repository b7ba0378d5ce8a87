"""Keep batches in order and within bounds."""

from collections.abc import Callable

import pytest

from enforcer.recording.backlog import Backlog
from enforcer.recording.use import Use

MakeUse = Callable[..., Use]


def test_gives_the_oldest_first(make_use: MakeUse) -> None:
    """Batches come back in the order they were added, with rising numbers."""
    backlog = Backlog()
    first, second = make_use(), make_use()
    backlog.add([first], 0)
    backlog.add([second], 0)

    seen = []
    while backlog:
        seen.append((backlog.oldest().sequence, backlog.oldest().uses))
        backlog.remove(backlog.oldest())

    assert seen == [(0, [first]), (1, [second])]


def test_numbers_are_never_reused(make_use: MakeUse) -> None:
    """A batch that follows an emptied backlog has a new number."""
    backlog = Backlog()
    backlog.add([make_use()], 0)
    backlog.remove(backlog.oldest())
    backlog.add([make_use()], 0)

    assert backlog.oldest().sequence == 1


def test_drops_the_oldest_beyond_its_limit(make_use: MakeUse) -> None:
    """What does not fit is counted as dropped in the newest batch."""
    backlog = Backlog(limit=2)
    backlog.add([make_use(count=5)], 1)
    backlog.add([make_use(count=7)], 0)
    backlog.add([make_use(count=11)], 0)

    assert backlog.oldest().sequence == 1
    backlog.remove(backlog.oldest())
    assert (backlog.oldest().sequence, backlog.oldest().dropped) == (2, 6)


def test_keeps_one_batch_however_large(make_use: MakeUse) -> None:
    """A single batch above the limit is still written."""
    backlog = Backlog(limit=1)
    backlog.add([make_use(line=1), make_use(line=2)], 0)

    assert len(backlog.oldest().uses) == 2


def test_twenty_thousand_rows_are_kept() -> None:
    """As docs/store.md says."""
    assert Backlog().limit == 20_000


def test_total_counts_the_lost_ones_too(make_use: MakeUse) -> None:
    """Dropping changes where uses are counted, not how many there were."""
    backlog = Backlog(limit=1)
    for count in (2, 3, 4):
        backlog.add([make_use(count=count)], 0)

    assert backlog.total() == 9


def test_nothing_counts_as_marked_before_its_marker_is_written(make_use: MakeUse) -> None:
    """Whoever comes second has to mark what the first one could not."""
    backlog = Backlog()
    backlog.add([make_use(count=5)], 1)
    written = []

    def fail(losses: list[tuple[int, int]]) -> None:
        written.append(losses)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it has no message
        backlog.mark(lambda: ([], 0), fail)
    for _ in range(2):
        backlog.mark(lambda: ([], 0), written.append)

    assert written == [[(0, 6)], [(0, 6)]]


def test_a_signal_handler_that_ends_the_process_writes_the_marker(make_use: MakeUse) -> None:
    """It may interrupt the thread that is about to write the same one."""
    backlog = Backlog()
    backlog.add([make_use(count=5)], 0)
    written: list[list[tuple[int, int]]] = []

    def be_interrupted(losses: list[tuple[int, int]]) -> None:
        backlog.mark(lambda: ([], 0), written.append)
        written.append(losses)

    backlog.mark(lambda: ([], 0), be_interrupted)

    assert written == [[(0, 5)], [(0, 5)]]
