"""Write docs/schema.md from the tables of the SQLite store and the comments beside them.

Run as ``python -m tests.schema_page`` after a change of the schema; a test compares the page.
Names, types and keys are those that SQLite reports of a new store, so that none is missing.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from enforcer.store.sqlite.scans import SCAN_TABLES
from enforcer.store.sqlite.schema import SCHEMA, SCHEMA_VERSION, bring_up_to_date

PAGE = Path(__file__).parents[1] / "docs" / "schema.md"

INTRODUCTION = f"""\
# Tables of the SQLite store

Schema {SCHEMA_VERSION}. This page is generated from the schema by `python -m tests.schema_page`.
[store.md](store.md#tables) explains how the tables are used.

All times are in nanoseconds since the epoch. An hour is such a time divided by
3,600,000,000,000; a day has 24 hours, and a month 28 days. Keys are of this file only. A column
with an arrow refers to the `key` of that table.
"""

_COMMENT = re.compile(r"\s*--\s*(.*)")


@dataclass(slots=True)
class Words:
    """The comments of one table."""

    table: str
    columns: dict[str, str]


def comments(script: str) -> dict[str, Words]:
    """Return the comments in a script by table: the line before it, and those after columns."""
    found: dict[str, Words] = {}
    before, table, column = "", "", ""
    for line in script.splitlines():
        begin = re.match(r"CREATE TABLE IF NOT EXISTS (\w+)", line)
        comment = _COMMENT.search(line)
        if begin:
            table, column = begin[1], ""
            found[table] = Words(before, {})
        elif line.startswith(")"):
            table = ""
        elif comment and not table:
            before = comment[1]
        elif comment:
            named = re.match(r"    ([a-z_]+) ", line)
            column = named[1] if named else column
            words = found[table].columns
            words[column] = f"{words.get(column, '')} {comment[1]}".strip()
    return found


def page() -> str:
    """Return the whole page."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    bring_up_to_date(connection)
    connection.executescript(SCAN_TABLES)
    words = comments(SCHEMA + SCAN_TABLES)
    parts = [INTRODUCTION, _drawing(connection, words)]
    parts += [_table(connection, name, words[name]) for name in words]
    connection.close()
    return "\n".join(parts)


def _drawing(connection: sqlite3.Connection, tables: dict[str, Words]) -> str:
    arrows = [
        f"    {other} ||--o{{ {table} : {column}"
        for table in tables
        for column, other in sorted(_references(connection, table).items())
    ]
    return "\n".join(["```mermaid", "erDiagram", *arrows, "```", ""])


def _table(connection: sqlite3.Connection, table: str, words: Words) -> str:
    rows = list(_rows(connection, table, words))
    keys = [column for _, column in sorted((part, column) for part, column, *_ in rows if part)]
    key = ", ".join(f"`{column}`" for column in keys)
    lines = [f"## `{table}`", "", f"{words.table} Primary key: {key}.", ""]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{column}` | {kind} | {meaning} |" for _, column, kind, meaning in rows]
    return "\n".join([*lines, ""])


def _rows(
    connection: sqlite3.Connection, table: str, words: Words
) -> Iterator[tuple[int, str, str, str]]:
    """Yield each column: its place in the primary key, its name, its type and its meaning."""
    references = _references(connection, table)
    for _, column, kind, _, _, part in connection.execute(f"PRAGMA table_info({table})"):
        arrow = f"→ [`{references[column]}`](#{references[column]})" if column in references else ""
        said = re.sub(r"<(\w+)>", r"`<\1>`", words.columns.get(column, ""))
        yield part, column, kind, "; ".join(filter(None, (arrow, said)))


def _references(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    rows = connection.execute(f"PRAGMA foreign_key_list({table})")
    return {column: other for _, _, other, column, *_ in rows}


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
