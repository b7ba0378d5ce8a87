"""Export of a SQLite store as lines of JSON."""

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from hashlib import sha256

from enforcer.rules.store_address import is_there
from enforcer.store import StoreError
from enforcer.store.sqlite.export_format import FORMAT, PARTS, Part
from enforcer.store.sqlite.opening import begin_to_read, not_read, open_to_read
from enforcer.store.sqlite.schema import SCHEMA_VERSION
from enforcer.store.sqlite.writer import Store


def export(path: str) -> Generator[str, None, None]:
    """Yield the lines of an export, all from one snapshot of the store.

    Raises:
        StoreError: if the store can't be read.

    """
    # Without the right to write, an old store is exported through a migrated copy, whose id is
    # random: another export of it would not be recognised as the same store.
    with suppress(StoreError):
        _bring_up_to_date(path)
    try:
        with closing(open_to_read(path)) as connection:
            begin_to_read(connection, path)
            yield from _lines(connection)
    except sqlite3.Error as error:
        raise not_read(path, error) from error


def _bring_up_to_date(path: str) -> None:
    if is_there(path):
        Store(path).close()


def _lines(connection: sqlite3.Connection) -> Iterator[str]:
    sources = [source for (source,) in connection.execute("SELECT id FROM source ORDER BY id")]
    first_hour = connection.execute("SELECT value FROM state WHERE name = 'first_hour'").fetchone()
    head = {
        "enforcer-store": FORMAT,
        "schema": SCHEMA_VERSION,
        "sources": sources,
        "first_hour": first_hour[0] if first_hour else 0,
    }
    digest, rows = sha256(), 0
    yield json.dumps(head)
    for part in PARTS:
        for row in _rows(connection, part):
            line = json.dumps(row)
            digest.update(line.encode())
            rows += 1
            yield line
    yield json.dumps({"end": rows, "digest": digest.hexdigest()})


def _rows(connection: sqlite3.Connection, part: Part) -> Iterator[dict[str, object]]:
    columns = (("key",) if part.has_key else ()) + part.columns
    order = "key" if part.has_key else ", ".join(part.identity)
    names = ", ".join(columns)
    for row in connection.execute(f"SELECT {names} FROM {part.table} ORDER BY {order}"):  # noqa: S608 - our own tables
        yield {"table": part.table, **dict(zip(columns, row, strict=True))}
