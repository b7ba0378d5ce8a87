"""Remove what is too old, and only that."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import time_ns

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store import StoreError
from enforcer.store.queries import DAY, HOUR, Span
from enforcer.store.sqlite.check import check
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.tallies import Known
from enforcer.store.sqlite.vacuum import vacuum
from enforcer.store.sqlite.writer import Store

MakeUse = Callable[..., Use]

TODAY = time_ns() // DAY * DAY


@pytest.fixture
def filled(path: str, make_process: Callable[..., Process], make_use: MakeUse) -> str:
    """Keep uses of 1, 10, 40, 100 and 400 days ago, each by a process of its own."""
    for days in (400, 100, 40, 10, 1):
        time = TODAY - days * DAY + 5 * HOUR
        process = make_process(started=time, service=f"s{days}")
        rule = Rule(f"shop.old{days}", "shop.new")
        use = make_use(rule=rule, count=days, first_seen=time, last_seen=time, line=days)
        with closing(Store(path, clock=lambda time=time: time)) as store:
            store.watch(process, [rule])
            store.write(process, 0, [use], 1)
    return path


def counts(path: str, span: Span | None = None) -> list[int]:
    with Reader(path) as reader:
        return sorted(use.count for use in reader.uses(span or Span()))


def test_nothing_is_removed_unasked(filled: str) -> None:
    """Without a number of days the file only gets smaller."""
    assert vacuum(filled).removed == 0
    assert counts(filled) == [1, 10, 40, 100, 400]


def test_each_step_is_told(filled: str) -> None:
    """A large store takes a while."""
    told: list[str] = []
    vacuum(filled, keep_days=300, keep_hours_days=50, progress=told.append)

    assert told == [
        "remove what is older than 300 days",
        "remove the hours of what is older than 50 days",
        "make the file smaller",
    ]


def test_keeps_days(filled: str) -> None:
    """What is older than that is gone, with processes, rules and call sites of its own."""
    done = vacuum(filled, keep_days=50)

    assert done.removed > 10
    assert counts(filled) == [1, 10, 40]
    assert counts(filled, Span(since=TODAY - 500 * DAY)) == [1, 10, 40]
    with Reader(filled) as reader:
        assert {rule.legacy for rule in reader.rules(Span())} == {
            "shop.old1",
            "shop.old10",
            "shop.old40",
        }
        assert reader.processes(Span()) == 3
        assert reader.dropped(Span()) == 3
        assert len(list(reader.active_sites(Span()))) == 3
    assert check(filled).problems == ()
    with closing(sqlite3.connect(filled)) as connection:
        for table in ("call_site", "tally", "map", "deployment", "rule", "heartbeat"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,), table  # noqa: S608 - our own names


def rows(path: str) -> int:
    """Count the rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'state'"
        ).fetchall()
        counts = (connection.execute(f"SELECT count(*) FROM {name}") for (name,) in tables)  # noqa: S608 - our own names
        return sum(int(count.fetchone()[0]) for count in counts)


@pytest.mark.parametrize("days", [{"keep_days": 50}, {"keep_days": 5}, {"keep_hours_days": 20}])
def test_rows_that_are_kept_do_not_count_as_removed(filled: str, days: dict[str, int]) -> None:
    """Sums of which a part is gone are made anew."""
    before = rows(filled)
    removed = vacuum(filled, **days).removed  # type: ignore[arg-type]

    assert removed == before - rows(filled) > 0
    assert vacuum(filled, **days).removed == 0  # type: ignore[arg-type]


def test_total_is_of_the_deployments_that_are_left(
    path: str, make_process: Callable[..., Process], make_use: MakeUse
) -> None:
    """A call site that an old service and a new one share keeps the uses of the new one."""
    for days in (100, 1):
        time = TODAY - days * DAY + 5 * HOUR
        process = make_process(started=time, service=f"s{days}")
        with closing(Store(path, clock=lambda time=time: time)) as store:
            store.write(process, 0, [make_use(count=days, first_seen=time, last_seen=time)])
    assert counts(path) == [101]

    vacuum(path, keep_days=50)

    with Reader(path) as reader:
        (use,) = reader.uses(Span())
        assert (use.count, use.first_seen) == (1, TODAY - DAY + 5 * HOUR)
        assert list(reader.uses(Span(service="s1"))) == [use]
    assert check(path).problems == ()


def test_old_hours_become_days(filled: str) -> None:
    """Days are kept; a span that begins on such a day has all of it."""
    vacuum(filled, keep_hours_days=50)
    midday = TODAY - 100 * DAY + 12 * HOUR

    assert counts(filled) == [1, 10, 40, 100, 400]
    assert counts(filled, Span(since=midday)) == [1, 10, 40]
    assert counts(filled, Span(since=TODAY - 100 * DAY + 4 * HOUR)) == [1, 10, 40, 100]
    assert counts(filled, Span(until=TODAY - 100 * DAY + 6 * HOUR)) == [100, 400]
    with Reader(filled) as reader:
        assert [each.count for each in reader.uses_in_time(Span(), HOUR)] == [40, 10, 1]
        assert [each.count for each in reader.uses_in_time(Span(), DAY)] == [400, 100, 40, 10, 1]
    assert check(filled).problems == ()


def test_process_that_remembers_keys_writes_on(
    path: str, make_process: Callable[..., Process], make_use: MakeUse
) -> None:
    """A call site that was removed meanwhile is added anew, under whatever key."""
    known, process = Known(), make_process()
    old, new = make_use(line=1), make_use("b.old", "b.new", line=2)
    new.first_seen = new.last_seen = TODAY
    with closing(Store(path, known=known)) as store:
        store.write(process, 0, [old])
    vacuum(path, keep_days=1)
    with closing(Store(path)) as store:
        store.write(make_process(), 0, [new])  # takes the keys that became free
    old.first_seen = old.last_seen = TODAY
    with closing(Store(path, known=known)) as store:
        store.write(process, 1, [old])

    with Reader(path) as reader:
        assert {(use.legacy, use.line) for use in reader.uses(Span())} == {
            ("shop.old_cart", 1),
            ("b.old", 2),
        }


def test_missing_store_is_not_made(path: str) -> None:
    """There is nothing to make smaller."""
    with pytest.raises(StoreError, match=r"\(no-store\)$"):
        vacuum(path)
    assert not Path(path).exists()
