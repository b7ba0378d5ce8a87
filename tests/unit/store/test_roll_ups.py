"""Roll uses up as they are written, whatever the writer remembers."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.store import StoreError
from enforcer.store.queries import Span
from enforcer.store.sqlite import tallies
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.check import check
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.tallies import Known
from enforcer.store.sqlite.writer import Store

MakeProcess = Callable[..., Process]
MakeUse = Callable[..., Use]


def total(path: str) -> int:
    with Reader(path) as reader:
        return sum(use.count for use in reader.uses(Span()))


def test_many_uses_at_once(
    path: str, make_process: MakeProcess, make_use: MakeUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of several chunks is added once, and so are its call sites."""
    monkeypatch.setattr(tallies, "CHUNK", 3)
    uses = [make_use(line=line % 5, count=2) for line in range(10)]
    with closing(Store(path, known=(known := Known()))) as store:
        process = make_process()
        store.write(process, 0, uses)
        store.write(process, 1, uses)
    with closing(Store(path, known=known)) as store:
        store.write(process, 2, uses)

    assert total(path) == 60
    assert check(path).problems == ()
    with Reader(path) as reader:
        assert [each.sites for each in reader.active_sites(Span())] == [5]


def test_store_that_was_made_anew(path: str, make_process: MakeProcess, make_use: MakeUse) -> None:
    """Keys of a store that was deleted are not used in the next one."""
    known, process = Known(), make_process()
    with closing(Store(path, known=known)) as store:
        store.write(process, 0, [make_use(line=1), make_use(line=2)])
    Path(path).unlink()
    with closing(Store(path, known=known)) as store:
        store.write(make_process(), 0, [make_use(line=3)])
        store.write(process, 1, [make_use(line=2, count=5)])

    with Reader(path) as reader:
        assert {use.line: use.count for use in reader.uses(Span())} == {3: 1, 2: 5}


def test_failed_write_leaves_no_keys(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """What a transaction found that was rolled back is not remembered."""
    known, process = Known(), make_process()
    asked: list[bool] = []

    def is_needed() -> bool:
        asked.append(True)
        return len(asked) > 6  # after the rows were made, while they are added

    with (
        closing(Store(path, Patience(5, is_needed), known)) as store,
        pytest.raises(StoreError, match=r"\(store-not-written\)$"),
    ):
        store.write(process, 0, [make_use(line=1)])
    with closing(Store(path, known=known)) as store:
        store.write(make_process(), 0, [make_use(line=9)])
        store.write(process, 0, [make_use(line=1, count=7)])

    with Reader(path) as reader:
        assert {use.line: use.count for use in reader.uses(Span())} == {9: 1, 1: 7}


def test_one_process_after_the_other(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """A forked child remembers what its parent knew, and declares its rules all the same."""
    known = Known()
    with closing(Store(path, known=known)) as store:
        for _ in range(2):
            process = make_process()
            store.watch(process, [])
            store.write(process, 0, [make_use()])

    assert total(path) == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(DISTINCT process) FROM use").fetchone() == (2,)


def test_sites_that_differ_in_the_distribution(
    path: str, make_process: MakeProcess, make_use: MakeUse
) -> None:
    """Which distribution a file belongs to is found out later, and tells sites apart."""
    known, process = Known(), make_process()
    with closing(Store(path, known=known)) as store:
        store.write(process, 0, [make_use(distribution="one"), make_use(distribution="two")])

    with Reader(path) as reader:
        assert sorted(use.distribution for use in reader.uses(Span())) == ["one", "two"]


def test_endless_names_are_cut(path: str, make_process: MakeProcess, make_use: MakeUse) -> None:
    """A name of a megabyte is kept in part, and two such names are told apart."""
    long = "x" * 1_000_000
    uses = [make_use(function=f"{long}{end}", names=(long,), count=2) for end in "ab"]
    with closing(Store(path)) as store:
        store.write(make_process(), 0, uses)
        store.write(make_process(), 0, uses)

    with Reader(path) as reader:
        found = list(reader.uses(Span()))
    assert [use.count for use in found] == [4, 4]
    assert all(len(use.function) < 5_000 and "1000001 characters" in use.function for use in found)
    assert Path(path).stat().st_size < 1_000_000


def test_disagreement_is_noticed(path: str, make_process: MakeProcess, make_use: MakeUse) -> None:
    """A roll-up that lost something does not pass the check."""
    with closing(Store(path)) as store:
        store.write(make_process(), 0, [make_use(count=3)])
    assert check(path).problems == ()
    for table, column in (
        ("use_by_day", "count"),
        ("total_by_day", "sites"),
        ("total_ever", "count"),
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"UPDATE {table} SET {column} = {column} + 1")  # noqa: S608 - our own names
            assert all("(store-disagrees)" in problem for problem in check(path).problems)
            assert check(path).problems
            connection.execute(f"UPDATE {table} SET {column} = {column} - 1")  # noqa: S608 - the same
