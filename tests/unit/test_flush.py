"""Flush one at a time, give way to forks, and stay away from each other."""

import gc
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from enforcer.recording.process import Process
from enforcer.recording.recorder import Recorder
from enforcer.runtime.process.flush import Flushing
from enforcer.runtime.process.schedule import Reporter, jitter
from enforcer.runtime.process.thread import Collections, Guest
from tests.patience import PATIENCE, wait_until

if TYPE_CHECKING:
    from enforcer.store.delivery import Collector, Delivery, OpenStore

MakeProcess = Callable[..., Process]


class Delivering:
    """Deliver as a test says."""

    def __init__(self, deliver: Callable[[Callable[[], bool]], None]) -> None:
        self._deliver = deliver

    def deliver(self, _seconds: float, is_needed: Callable[[], bool], _ending: str = "") -> None:
        self._deliver(is_needed)


def flushing(
    deliver: Callable[[Callable[[], bool]], None], fork_patience: float = PATIENCE
) -> Flushing:
    return Flushing(lambda: cast("Delivery", Delivering(deliver)), fork_patience=fork_patience)


def wait_for_the_program(is_needed: Callable[[], bool]) -> None:
    """Wait as for a store that is locked, and fail as it does."""
    while not is_needed():
        time.sleep(0.001)
    message = "locked"
    raise OSError(message)


def test_flush_gives_way_to_a_fork() -> None:
    """A fork has its way though the store is locked, and the flush goes on afterwards."""
    calls: list[str] = []

    def deliver(is_needed: Callable[[], bool]) -> None:
        calls.append("deliver")
        if len(calls) == 1:
            wait_for_the_program(is_needed)

    flushes = flushing(deliver)
    flusher = threading.Thread(target=flushes.flush, args=(60,))
    flusher.start()
    while not calls:
        time.sleep(0.001)
    assert flushes.hold_off()
    flushes.resume()
    flusher.join(PATIENCE)

    assert not flusher.is_alive()
    assert calls[1:] == ["deliver"] * len(calls[1:])
    assert len(calls) > 1
    assert flushes.last_error is None


def test_flush_that_hangs_holds_up_one_fork_only() -> None:
    """A disk that hangs costs some seconds once, not for each fork."""
    leave = threading.Event()
    entered = threading.Event()

    def deliver(_: Callable[[], bool]) -> None:
        entered.set()
        assert leave.wait(PATIENCE)

    flushes = flushing(deliver, fork_patience=1)
    flusher = threading.Thread(target=flushes.flush, args=(60,))
    flusher.start()
    assert entered.wait(PATIENCE)
    assert not flushes.hold_off()
    began = time.monotonic()
    assert not any(flushes.hold_off() for _ in range(1000))
    assert time.monotonic() - began < PATIENCE < 1000
    leave.set()
    flusher.join(PATIENCE)

    assert flushes.hold_off()
    flushes.resume()


def test_end_ends_the_waiting() -> None:
    """An exit sets a time after which nobody waits for the store."""
    flushes = flushing(wait_for_the_program)
    flushes.end_by(time.monotonic())

    assert flushes.flush_last(60, "exit")
    assert isinstance(flushes.last_error, OSError)


def test_what_is_due_stays_due_over_forks(make_process: MakeProcess) -> None:
    """A program that forks more often than the interval reports all the same."""
    delivered = threading.Event()

    class Empty:
        def collect(self) -> tuple[list[object], int]:
            delivered.set()
            return [], 0

    def no_store(_: object) -> "OpenStore":
        raise OSError

    reporter = Reporter(cast("Collector", Empty()), make_process(), no_store, interval=0.3)
    reporter.start()

    def fork() -> bool:
        reporter.before_fork()
        reporter.after_fork_in_parent()
        gc.collect()
        return delivered.is_set()

    wait_until(fork)
    reporter.stop(PATIENCE)


def test_jitter_differs_and_keeps_its_bounds() -> None:
    """Workers that start together write apart; none waits for longer than the interval."""
    drawn = [jitter(0.2) for _ in range(1000)]

    assert min(drawn) >= 0.2
    assert max(drawn) <= 1.0
    assert len({round(number, 1) for number in drawn}) == 9


def test_first_write_has_jitter_too(
    make_process: MakeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fleet that starts at once does not write at once."""
    rested: list[float] = []

    def rest(_: Guest, seconds: float) -> bool:
        rested.append(seconds)
        return False

    def no_store(_: object) -> "OpenStore":
        raise OSError

    monkeypatch.setattr(Guest, "rests", rest)
    for _ in range(50):
        reporter = Reporter(Recorder(), make_process(), no_store, (), 1000)
        reporter.start()
        reporter.stop(PATIENCE)

    assert len(rested) >= 50
    assert all(9 < seconds <= 50 for seconds in rested)
    assert max(rested) - min(rested) > 10


def test_collections_are_waited_for() -> None:
    """A function is called after each collection until it is done, and leaves nothing behind."""
    before = list(gc.callbacks)
    answers = [False, False, True]
    collections = Collections(lambda: answers.pop(0))
    gc.collect()
    assert len(answers) == 3
    collections.begin()
    collections.begin()
    for _ in range(5):
        gc.collect()

    assert answers == []
    assert gc.callbacks == before
