"""Server-side tables: sorting, searching, paging, and export as CSV.

A table is its columns and its records; a record is what the JSON API returns. The page's URL says
which part of it is shown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from enforcer.output.spreadsheet import csv_pieces, flat

Record = Mapping[str, object]
T = TypeVar("T")

PAGE_SIZE: Final = 50
"""Default number of rows on a page."""

PAGE_SIZES: Final = (25, 50, 100, 500)

_LONGEST_QUERY: Final = 200
_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: the field of the records.
        title: its heading.
        kind: how a cell looks: ``text``, ``code``, ``count``, ``time``, ``date``, or another
            kind that the templates know.
        is_descending: whether its first sorting begins with the highest.
        help: an explanation, if the heading does not suffice.

    """

    key: str
    title: str
    kind: str = "text"
    is_descending: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class TableState:
    """State of a table as its URL has it: sorting, search and page.

    Attributes:
        name: prefix of its parameters, on pages with several tables; mostly empty.
        sort: the key of a column, with a ``-`` before it for the highest first; empty for the
            table's own order.
        query: the text to search for.
        page: the number of the page, from 1.
        size: the number of rows on a page.
        usual: the default of ``size``.

    """

    name: str = ""
    sort: str = ""
    query: str = ""
    page: int = 1
    size: int = PAGE_SIZE
    usual: int = PAGE_SIZE

    @classmethod
    def read(
        cls, params: Mapping[str, str], name: str = "", usual: int = PAGE_SIZE
    ) -> "TableState":
        """Parse a URL's parameters; invalid ones become the default.

        Args:
            params: the parameters of the URL.
            name: the prefix of this table's.
            usual: the default number of rows on a page.

        """
        prefix = f"{name}-" if name else ""
        size = number(params.get(f"{prefix}size", ""), usual)
        return cls(
            name,
            params.get(f"{prefix}sort", ""),
            params.get(f"{prefix}q", "").strip()[:_LONGEST_QUERY],
            max(number(params.get(f"{prefix}page", ""), 1), 1),
            size if size in PAGE_SIZES else usual,
            usual,
        )

    def params(self, **changes: object) -> dict[str, object]:
        """Return the URL's parameters with some of them changed; defaults are empty."""
        prefix = f"{self.name}-" if self.name else ""
        size = "" if self.size == self.usual else self.size
        page = "" if self.page == 1 else self.page
        values = {"sort": self.sort, "q": self.query, "page": page, "size": size, **changes}
        return {f"{prefix}{key}": value for key, value in values.items()}


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The page of a table that is shown.

    Attributes:
        name: its id on the page.
        columns: its columns.
        items: what this page shows.
        rows: their records.
        total: how many records match the search.
        everything: how many records there are.
        state: the state, with the number of the page that really exists.
        pages: how many pages there are.

    """

    name: str
    columns: tuple[Column, ...]
    items: tuple[T, ...]
    rows: tuple[Record, ...]
    total: int
    everything: int
    state: TableState
    pages: int

    @property
    def first(self) -> int:
        """Return the number of the first row of this page, from 1."""
        return (self.state.page - 1) * self.state.size + 1

    def sorted_by(self, column: Column) -> str:
        """Return how the rows are sorted by a column, as a value of ``aria-sort``."""
        if self.state.sort.removeprefix("-") != column.key:
            return "none"
        return "descending" if self.state.sort.startswith("-") else "ascending"

    def next_sort(self, column: Column) -> str:
        """Return the sorting that a click on a column's heading selects."""
        now = self.sorted_by(column)
        if now == "none":
            return f"-{column.key}" if column.is_descending else column.key
        return column.key if now == "descending" else f"-{column.key}"


def arrange(
    items: Iterable[T],
    columns: Sequence[Column],
    state: TableState,
    describe: Callable[[T], Record],
) -> list[T]:
    """Search and sort the items of all pages.

    Args:
        items: the items, in the table's own order.
        columns: the columns.
        state: the state from the URL.
        describe: makes the record of an item; no record is kept, since there may be very many.

    """
    found = list(items)
    words = set(state.query.lower().split())
    if words:
        keys = [column.key for column in columns]
        found = [item for item in found if _has(describe(item), keys, words)]
    key = state.sort.removeprefix("-")
    column = next((column for column in columns if column.key == key), None)
    if column is not None:
        order = _order(column)
        found.sort(key=lambda item: order(describe(item)), reverse=state.sort.startswith("-"))
    return found


def table(
    name: str,
    columns: Sequence[Column],
    items: Sequence[T],
    state: TableState,
    describe: Callable[[T], Record],
) -> Table[T]:
    """Search and sort, and return the page that the URL asks for.

    Args:
        name: the id of the table.
        columns: the columns.
        items: the items, in the table's own order.
        state: the state from the URL.
        describe: makes the record of an item; on other pages only for searching and sorting.

    """
    found = arrange(items, columns, state, describe)
    pages = max(-(-len(found) // state.size), 1)
    page = min(state.page, pages)
    shown = tuple(found[(page - 1) * state.size : page * state.size])
    rows = tuple(map(describe, shown))
    state = replace(state, page=page)
    return Table(name, tuple(columns), shown, rows, len(found), len(items), state, pages)


def as_it_is(record: Record) -> Record:
    """Return an item that is a record already."""
    return record


def as_csv(columns: Sequence[Column], records: Iterable[Record]) -> Iterator[str]:
    """Yield records as CSV with a header, for spreadsheets, many lines at a time."""
    keys = [column.key for column in columns]
    return csv_pieces(keys, ([record.get(key) for key in keys] for record in records))


def number(text: str, default: int) -> int:
    """Parse a number in a URL; return the default if it is none, or very long."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else default


def _has(record: Record, keys: Iterable[str], words: Iterable[str]) -> bool:
    text = "\n".join(str(flat(record.get(key))) for key in keys).lower()
    return all(word in text for word in words)


def version_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Return what a version sorts by: its numbers as numbers, so that 4.9 is before 4.10."""
    parts = re.findall(r"\d{1,18}|[^\d.+_-]+", text.lower())
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)


def _order(column: Column) -> Callable[[Record], tuple[bool, object]]:
    def order(record: Record) -> tuple[bool, object]:
        # Empty cells sort before all others, and are never compared with values of another type.
        value = record.get(column.key)
        if value is None or value == "":
            return False, 0
        if column.kind == "version":
            return True, version_key(str(value))
        if isinstance(value, bool | int | float):
            return True, value
        return True, str(flat(value)).lower()

    return order
