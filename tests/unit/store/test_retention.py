"""A store loses by itself what is too old, seldom and in short steps."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from time import time_ns

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import MigrationMap, Rule
from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.sqlite import retention
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.check import check
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.writer import Store

MakeUse = Callable[..., Use]
Write = Callable[..., None]

TODAY = time_ns() // DAY * DAY


@pytest.fixture
def write(path: str, make_process: Callable[..., Process], make_use: MakeUse) -> Write:
    """Have a process write some days ago, with a clock that says so."""

    def write_then(
        days: float,
        *,
        keep_days: int = 400,
        keep_days_of: Iterable[tuple[str, int]] = (),
        patience: Patience | None = None,
        **process: object,
    ) -> None:
        time = TODAY - int(days * DAY) + 5 * HOUR
        rule = Rule(f"shop.old{days}", "shop.new")
        rules = MigrationMap([rule], keep_days=keep_days, keep_days_of=keep_days_of)
        writer = make_process(started=time, **process)
        use = make_use(rule=rule, count=1, first_seen=time, last_seen=time)
        with closing(Store(path, patience, clock=lambda: time)) as store:
            store.watch(writer, rules)
            store.write(writer, 0, [use])

    return write_then


def rows(path: str, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def rules(path: str) -> set[str]:
    with Reader(path) as reader:
        return {use.legacy for use in reader.uses(Span())}


def test_what_is_older_than_the_retention_goes_by_itself(write: Write, path: str) -> None:
    """The first visit of a day removes it; nobody has to call a command."""
    for days in (450, 401, 399, 1):
        write(days)
    assert rules(path) == {"shop.old450", "shop.old401", "shop.old399", "shop.old1"}
    write(0)

    assert rules(path) == {"shop.old399", "shop.old1", "shop.old0"}
    assert rows(path, "process") == 3
    assert rows(path, "call_site") == 3
    assert check(path).problems == ()


def totals(path: str) -> set[tuple[int, str, int, int]]:
    """Return the totals of days: how long ago, of which rule, how many uses and call sites."""
    query = "SELECT day, legacy, count, sites FROM total_by_day JOIN rule ON rule.key = rule"
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(query).fetchall()
    return {(TODAY // DAY - day, legacy, count, sites) for day, legacy, count, sites in found}


@pytest.mark.parametrize("keep_days", [400, 0])
def test_a_service_that_is_kept_for_fewer_days(write: Write, path: str, keep_days: int) -> None:
    """Its rows go, those of the others stay, and so do the totals of both on one day."""
    for days in (200, 119):
        write(days, service="batch", keep_days=keep_days, id=f"b{days}")
        write(days, service="web", keep_days=keep_days, id=f"w{days}")
    assert totals(path) == {(200, "shop.old200", 2, 1), (119, "shop.old119", 2, 1)}
    for days in (80, 41, 2, 1, 0):  # sweeps that are too far apart delete nothing
        write(days, service="web", keep_days=keep_days, keep_days_of=[("batch", 120)], id=f"{days}")

    with Reader(path) as reader:
        batch = {use.legacy for use in reader.uses(Span(service="batch"))}
        web = {use.legacy for use in reader.uses(Span(service="web"))}
    assert batch == {"shop.old119"}
    assert web >= {"shop.old200", "shop.old119"}
    assert totals(path) >= {(200, "shop.old200", 1, 1), (119, "shop.old119", 2, 1)}
    assert check(path).problems == ()


def test_a_store_that_keeps_everything(write: Write, path: str) -> None:
    """``keep_days = 0``."""
    for days in (450, 2, 1, 0):
        write(days, keep_days=0)
    assert rows(path, "process") == 4
    assert rows(path, "use") == 4


def test_hours_and_uses_of_single_processes_go_earlier(write: Write, path: str) -> None:
    """Days, deployments and the processes themselves stay."""
    for days in (100, 80, 8, 6, 1, 0):
        write(days)

    assert rows(path, "use") == 3
    assert rows(path, "use_by_hour") == 5
    assert rows(path, "use_by_day") == rows(path, "process") == 6
    with Reader(path) as reader:
        assert len(list(reader.uses_in_time(Span(), HOUR))) == 5
        assert sum(use.count for use in reader.uses(Span())) == 6
    assert check(path).problems == ()


def test_a_process_that_runs_on_keeps_its_uses(
    write: Write, path: str, make_process: Callable[..., Process], make_use: MakeUse
) -> None:
    """However old the first of them is."""
    process = make_process(started=TODAY - 30 * DAY)
    for number, days in enumerate((30, 0)):
        time = TODAY - days * DAY
        with closing(Store(path, clock=lambda time=time: time)) as store:
            store.write(process, number, [make_use(line=number)])
    write(1)
    write(0)

    assert rows(path, "use") == 4


@pytest.mark.parametrize("years", [5, -5])
def test_a_clock_that_is_wrong_empties_no_store(write: Write, path: str, years: int) -> None:
    """The next process with a right clock goes on as if nothing had been."""
    for days in (300, 2):
        write(days)
    write(-365 * years)
    write(1)
    write(-365 * years - 0.5)
    write(0)

    assert {"shop.old300", "shop.old2", "shop.old1", "shop.old0"} <= rules(path)


def test_a_store_that_nobody_wrote_for_long_loses_nothing_at_once(write: Write, path: str) -> None:
    """It may be an archive, or its clock is wrong: it takes two visits near each other."""
    write(800)
    write(1)
    assert rules(path) == {"shop.old800", "shop.old1"}
    write(0)
    assert rules(path) == {"shop.old1", "shop.old0"}


def test_a_store_is_swept_once_a_day(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """All other visits ask one question."""
    days: list[int] = []
    monkeypatch.setattr(retention, "_remove_days", lambda _, day, __: bool(days.append(day)))
    for day in (3, 2, 2, 2, 1, 1):
        write(day)
    assert len(days) == 2


def test_a_program_that_wants_to_go_on_does_not_wait(write: Write, path: str) -> None:
    """What was not removed is removed at another visit."""
    for days in (450, 449, 1):
        write(days)
    hurry = Patience(0.0)
    write(0, patience=hurry)
    assert len(rules(path)) == 4

    write(0)
    assert rules(path) == {"shop.old1", "shop.old0"}


def test_a_store_that_another_process_writes_is_swept_later(
    write: Write, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded is written all the same."""
    for days in (450, 1):
        write(days)
    begin = retention.Transaction.__enter__

    def locked(_self: object) -> None:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            begin(_self)  # type: ignore[arg-type]

    monkeypatch.setattr(retention.Transaction, "__enter__", locked)
    write(0)
    assert len(rules(path)) == 3
    monkeypatch.undo()
    write(0)
    assert len(rules(path)) == 2


def test_a_sweep_goes_on_where_it_stopped(
    write: Write, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each visit removes some of what is too old, however much there is."""
    monkeypatch.setattr(retention, "_AT_ONCE", 1)
    for days in (12, 11, 10):
        write(days)
    calls = iter([False, True])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        day = TODAY // DAY
        assert not retention.sweep(connection, day, {"": 400}, lambda: next(calls, True))
        assert rows(path, "use") == 2
        retention.sweep(connection, day, {"": 400}, lambda: False)
    assert rows(path, "use") == 0
    assert rows(path, "use_by_day") == 3
