"""A store keeps the newest recorded scan of the source."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.findings import InstalledReference, RecordedScan, ScanFinding
from enforcer.store import StoreError
from enforcer.store.sqlite.reader import Reader
from enforcer.store.sqlite.scans import write_scan
from enforcer.store.sqlite.schema import SCHEMA_VERSION
from enforcer.store.sqlite.writer import Store

FROM = ScanFinding(
    "shop/tills.py",
    3,
    6,
    3,
    19,
    "shop.old_cart",
    "shop.cart",
    "shop.old_cart",
    "from",
    function="Till.open",
    names=("Cart", "total"),
)
TYPED = replace(FROM, line=9, end_line=9, form="annotation", typing_only=True, is_use=False)
UNREAD = ScanFinding("shop/q.py", 0, 0, 0, 0, "", "", "", "file", unproven="invalid syntax")
PLUGIN = InstalledReference(
    "tills", "1.2", "site-packages/tills.py", 7, "shop.old_cart", "shop.old_cart", "import"
)
SCAN = RecordedScan(
    "ab" * 20,
    is_dirty=True,
    committed=5,
    scanned=9,
    root="/srv/shop",
    files=40,
    rules=("shop.old_cart",),
    findings=(FROM, TYPED, UNREAD),
    installed=(PLUGIN,),
)


def read(path: Path) -> RecordedScan | None:
    with Reader(str(path)) as reader:
        return reader.scan()


def test_a_scan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "uses.db"

    write_scan(str(path), SCAN)

    assert read(path) == SCAN
    assert SCAN.unproven == (UNREAD,)
    assert SCAN.findings_of("shop.old_cart") == (FROM, TYPED)
    assert SCAN.findings_of("shop.newer") is None


def test_a_newer_scan_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "uses.db"
    write_scan(str(path), SCAN)

    newer = replace(SCAN, scanned=10, findings=(FROM,), installed=())
    write_scan(str(path), newer)

    assert read(path) == newer


def test_a_store_without_a_scan_has_none(tmp_path: Path) -> None:
    path = tmp_path / "uses.db"
    Store(str(path)).close()

    assert read(path) is None


def test_older_versions_can_read_and_write_a_store_with_a_scan(tmp_path: Path) -> None:
    """They refuse a store with a higher version, and with anything but tables and indexes."""
    path = tmp_path / "uses.db"
    write_scan(str(path), SCAN)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        kinds = connection.execute("SELECT DISTINCT type FROM sqlite_master").fetchall()
    assert {kind for (kind,) in kinds} <= {"table", "index"}


def test_what_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("do not lose me")

    with pytest.raises(StoreError):
        write_scan(str(path), SCAN)

    assert path.read_text() == "do not lose me"
