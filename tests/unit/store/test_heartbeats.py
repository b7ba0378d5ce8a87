"""Keep when a process was there, so that a gap can be seen later."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict

import pytest

from enforcer.recording.process import Process, heartbeat, longest_silence
from enforcer.recording.use import Use
from enforcer.store.sqlite.schema import DISABLED, EXIT
from enforcer.store.sqlite.watch import Watching
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]
OpenStore = Callable[[], Store]

SECOND = 1_000_000_000
BEGIN = 1_774_800_000 * SECOND
SILENCE = int(longest_silence(5.0) * SECOND)


class Clock:
    """Say what a test says the time is."""

    now = BEGIN

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("enforcer.store.sqlite.rows.time_ns", clock)
    monkeypatch.setattr("enforcer.store.sqlite.writer.time_ns", clock)
    return clock


@pytest.fixture
def process(make_process: MakeProcess) -> Process:
    return make_process(started=BEGIN)


def rows(path: str, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def heartbeats(path: str) -> list[tuple[object, ...]]:
    """Give from when till when the process was there, in seconds since it began."""
    return rows(
        path,
        "SELECT (since - started) / 1000000000, (till - started) / 1000000000 "
        "FROM heartbeat JOIN process ON key = process ORDER BY since",
    )


def test_first_write_is_a_heartbeat_from_the_start(
    path: str, open_store: OpenStore, process: Process, clock: Clock
) -> None:
    """What was watched until the first write was watched."""
    clock.now += 4 * SECOND
    open_store().watch(process, [])

    assert heartbeats(path) == [(0, 4)]


def test_heartbeats_in_time_are_one_row(
    path: str, open_store: OpenStore, process: Process, clock: Clock, make_use: MakeUse
) -> None:
    """A process that is always there needs one row, however long it lives."""
    store = open_store()
    for sequence in range(100):
        clock.now = BEGIN + sequence * SILENCE
        store.watch(process, [])
        clock.now += SECOND
        store.write(process, sequence, [make_use()])

    assert heartbeats(path) == [(0, (99 * SILENCE + SECOND) // SECOND)]


def test_silence_that_is_too_long_is_a_gap(
    path: str, open_store: OpenStore, process: Process, clock: Clock
) -> None:
    """A laptop that slept does not look as if it had watched."""
    store = open_store()
    store.watch(process, [])
    clock.now += 3600 * SECOND
    store.watch(process, [])
    clock.now += 60 * SECOND
    store.watch(process, [])

    assert heartbeats(path) == [(0, 0), (3600, 3660)]


def test_first_write_that_comes_late_claims_nothing(
    path: str, open_store: OpenStore, process: Process, clock: Clock
) -> None:
    """Whoever could not write for hours can't prove that it was there."""
    clock.now += 3 * 3600 * SECOND
    open_store().watch(process, [])

    assert heartbeats(path) == [(3 * 3600, 3 * 3600)]


def test_clock_that_is_set_back_breaks_nothing(
    path: str, open_store: OpenStore, process: Process, clock: Clock
) -> None:
    """Time never runs backwards in the store."""
    store = open_store()
    clock.now += 50 * SECOND
    store.watch(process, [])
    clock.now -= 40 * SECOND
    store.watch(process, [])

    assert heartbeats(path) == [(0, 50)]


@pytest.mark.parametrize("ending", [EXIT, DISABLED])
def test_goodbye(
    path: str, open_store: OpenStore, process: Process, clock: Clock, ending: str
) -> None:
    """A process that ended says how and when, and was there till then."""
    store = open_store()
    store.watch(process, [])
    clock.now += 7 * SECOND
    store.leave(process, ending)

    assert rows(path, "SELECT (ended - started) / 1000000000, ending FROM process") == [(7, ending)]
    assert heartbeats(path) == [(0, 7)]


@pytest.mark.usefixtures("clock")
def test_who_writes_after_a_goodbye_has_not_ended(
    path: str, open_store: OpenStore, process: Process
) -> None:
    """Some children of multiprocessing say goodbye before the last of them runs."""
    store = open_store()
    store.leave(process, EXIT)
    store.watch(process, [])

    assert rows(path, "SELECT ended, ending FROM process") == [(0, "")]


def test_what_is_promised_of_a_process(
    path: str, open_store: OpenStore, make_process: MakeProcess
) -> None:
    """The row says what a kill may lose, and when the process must be gone."""
    process = make_process(service="shop", service_version="1.2", environment="production")
    open_store().watch(process, [], interval=2.5)

    query = (
        "SELECT service, version, environment, interval, silence "
        "FROM process JOIN deployment ON deployment.key = deployment"
    )
    expected = ("shop", "1.2", "production", int(2.5 * SECOND), int(longest_silence(2.5) * SECOND))
    assert rows(path, query) == [expected]


@pytest.mark.parametrize(
    ("interval", "expected"), [(5.0, 60.0), (0.2, 2.4), (30.0, 60.0), (3600.0, 3600.0)]
)
def test_heartbeat_follows_the_interval(interval: float, expected: float) -> None:
    """An idle process writes each minute, or with every interval if those are longer."""
    assert heartbeat(interval) == pytest.approx(expected)
    assert longest_silence(interval) >= 2 * heartbeat(interval)


def test_where_nobody_watched_all_is_nothing() -> None:
    watching = Watching()

    assert (watching.since, watching.till, watching.services) == (None, None, ())
    assert set(asdict(watching).values()) == {(), 0}
