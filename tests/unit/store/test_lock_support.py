"""Refuse a place in which files can't be locked."""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.store import StoreError
from enforcer.store.sqlite import writer
from enforcer.store.sqlite.busy import Patience
from enforcer.store.sqlite.engine import sqlite3
from enforcer.store.sqlite.writer import Store


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_no_store_without_locks(path: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of locks is told, nothing is made, and nothing is left behind."""

    def lockf(_file: int, _kind: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.raises(StoreError) as caught:
        Store(path)

    assert os.strerror(number) in str(caught.value)
    assert str(caught.value).endswith("one for each machine (store-without-locks)")
    left = Path(path)
    assert [each.name for each in left.parent.iterdir()] in ([], [left.name])
    assert not left.exists() or not left.stat().st_size


def test_lock_that_somebody_holds_is_a_lock(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is busy can be locked."""

    def lockf(_file: int, _kind: int) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    Store(path).close()


def test_store_that_is_there_is_not_tried(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only whoever makes a store looks, so that no visit pays for it."""
    Store(path).close()
    monkeypatch.delattr(fcntl, "lockf")
    Store(path).close()


def test_sqlite_says_that_it_could_not_lock(
    path: str, monkeypatch: pytest.MonkeyPatch, make_process: Callable[..., object]
) -> None:
    """A store that was copied to such a place is refused when SQLite fails to lock it."""
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL

    def beat(*_: object) -> None:
        raise error

    with closing(Store(path)) as store:
        monkeypatch.setattr(writer.Rows, "beat", beat)
        with pytest.raises(StoreError, match=r"locking protocol.*\(store-without-locks\)$"):
            store.watch(make_process(), [])  # type: ignore[arg-type]


def test_patience_ends_with_the_one_that_it_is_part_of() -> None:
    """It lasts as long as was said, and not at all where it is over."""
    assert 0 < Patience(100).left() <= 100
    assert 0 < Patience(100).within(1).left() <= 1
    assert 1 < Patience(100).within(1000).left() <= 100
    over = Patience(0)
    assert (over.left(), over.within(9).left()) == (0, 0)
    assert not over.lasts()
    assert Patience(100).lasts()
    assert not Patience(100, lambda: True).lasts()
    assert not Patience(100, lambda: True).within(1).lasts()
