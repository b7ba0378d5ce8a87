"""Counters: exact from any number of threads, with the GIL and without."""

import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator

import pytest

from enforcer.recording.counter import FREE_THREADED, ShardedUses, SharedUses, Uses

EACH = 20_000
THREADS = 4


@pytest.fixture
def _impatient() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(call: Callable[[], None]) -> None:
    running = [threading.Thread(target=call) for _ in range(THREADS)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def test_the_build_decides_how_to_count() -> None:
    """The GIL may come and go in a process; what it was built for stays."""
    assert FREE_THREADED is bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    assert Uses is (ShardedUses if FREE_THREADED else SharedUses)


@pytest.mark.parametrize("kind", [SharedUses, ShardedUses])
def test_readers_count_nothing(kind: type[SharedUses | ShardedUses]) -> None:
    """There may be several of them, and they may read at any time."""
    uses = kind()
    assert uses.total() == uses.total() == 0
    next(uses.counter())
    next(uses.counter())
    assert uses.total() == uses.total() == 2


@pytest.mark.usefixtures("_impatient")
def test_no_use_of_any_thread_is_lost() -> None:
    """Each thread advances the counter that it was given, as the hot paths do."""
    uses = Uses()

    def count() -> None:
        counter = uses.counter()
        for _ in range(EACH):
            next(counter)

    in_threads(count)
    assert uses.total() == EACH * THREADS


@pytest.mark.usefixtures("_impatient")
def test_sharded_counters_belong_to_one_thread_each() -> None:
    """Builds without the GIL rely on it."""
    uses = ShardedUses()
    meeting = threading.Barrier(THREADS)
    counters: list[Iterator[int]] = []

    def ask() -> None:
        meeting.wait()
        counters.append(uses.counter())
        assert uses.counter() is uses.counter()
        meeting.wait()

    in_threads(ask)
    assert len({id(counter) for counter in counters}) == THREADS
