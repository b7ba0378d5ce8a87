"""docs/schema.md shows the tables that a new store has."""

import sqlite3

from enforcer.store.sqlite.scans import SCAN_TABLES
from enforcer.store.sqlite.schema import SCHEMA, bring_up_to_date
from tests.schema_page import PAGE, comments, page


def test_page_is_that_of_the_schema() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.schema_page"


def test_each_table_is_described() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    bring_up_to_date(connection)
    connection.executescript(SCAN_TABLES)
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in connection.execute(query)}
    connection.close()

    words = comments(SCHEMA + SCAN_TABLES)

    assert words.keys() == tables
    assert all(of_table.table.endswith(".") for of_table in words.values())
