"""A clock that jumps loses nothing, and makes no gaps that were none."""

from collections.abc import Callable
from contextlib import closing

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store

NOON = 493_000 * HOUR


def test_clock_that_jumps_back(
    path: str, make_process: Callable[..., Process], make_use: Callable[..., Use]
) -> None:
    """What was written last stays so, and uses belong to the hour that the clock told."""
    process = make_process(started=NOON)
    for number, time in enumerate((NOON, NOON - 2 * HOUR, NOON - HOUR, NOON + 60 * 10**9)):
        with closing(Store(path, clock=lambda time=time: time)) as store:
            store.write(process, number, [make_use(first_seen=time, last_seen=time)])

    with Reader(path) as reader:
        (watch,) = reader.process_watches(Span())
        (use,) = reader.uses(Span())
        assert sum(each.count for each in reader.uses_in_time(Span(), DAY)) == 4
        assert reader.last_written(Span()) == NOON + 60 * 10**9
    assert (watch.gaps, watch.since, watch.till) == (0, NOON, NOON + 60 * 10**9)
    assert (use.count, use.first_seen, use.last_seen) == (4, NOON - 2 * HOUR, NOON + 60 * 10**9)
