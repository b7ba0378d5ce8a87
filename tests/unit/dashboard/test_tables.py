"""Tables are searched, sorted and cut at the server."""

from collections.abc import Callable
from typing import Any

import pytest

from enforcer.dashboard.tables import Column, Table, TableState, arrange, as_csv, as_it_is, table
from enforcer.recording.use import Use

Visit = Callable[..., Any]

COLUMNS = (Column("name", "Name"), Column("count", "Count", "count", is_descending=True))
ROWS = [{"name": f"n{number:03}", "count": number % 7 or None} for number in range(120)]


def state(**params: str) -> TableState:
    return TableState.read(params)


def shown_of(**params: str) -> Table[Any]:
    return table("t", COLUMNS, ROWS, state(**params), as_it_is)


def arranged(**params: str) -> list[Any]:
    return arrange(ROWS, COLUMNS, state(**params), as_it_is)


def test_pages_hold_every_row_once() -> None:
    seen: list[Any] = []
    for sort in ("", "name"):
        for page in ("1", "2", "3"):
            shown = shown_of(page=page, size="50", sort=sort)
            seen += [row["name"] for row in shown.rows]
            assert shown.pages == 3
    assert seen == 2 * [row["name"] for row in ROWS]


def test_only_what_is_shown_is_described() -> None:
    """A page of 50 rows costs 50 records, however many there are."""
    described: list[Any] = []
    shown = table("t", COLUMNS, range(10_000), state(), lambda row: described.append(row) or {})
    assert described == list(range(50))
    assert (shown.total, shown.pages) == (10_000, 200)


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "1e9", "9" * 30])
def test_page_that_is_not_there(page: str) -> None:
    shown = shown_of(page=page)
    assert 1 <= shown.state.page <= shown.pages
    assert shown.rows


def test_sizes_are_bounded() -> None:
    assert state(size="100000").size == state().size


def test_sorts_both_ways() -> None:
    up = arranged(sort="count")
    down = arranged(sort="-count")
    assert up[0]["count"] is None
    assert down[0]["count"] == 6
    assert [row["count"] for row in up] == [row["count"] for row in reversed(down)]


def test_equal_rows_stay_in_order() -> None:
    names = [row["name"] for row in arranged(sort="-count") if row["count"] == 6]
    assert names == sorted(names)


def test_unknown_column_changes_nothing() -> None:
    assert arranged(sort="-nothing") == ROWS


def test_all_words_are_searched() -> None:
    assert len(arranged(q="N00")) == 10
    assert [row["name"] for row in arranged(q="n00 3")] == ["n003"]
    assert shown_of(q="zzz").total == 0


def test_headings_turn_around() -> None:
    name, count = COLUMNS
    shown = shown_of(sort="-count")
    assert shown.sorted_by(count) == "descending"
    assert shown.next_sort(count) == "count"
    assert (shown.sorted_by(name), shown.next_sort(name)) == ("none", "name")


def test_tables_of_a_page_are_told_apart() -> None:
    read = TableState.read({"sort": "a", "p-sort": "b", "p-page": "2"}, "p")
    assert (read.sort, read.page) == ("b", 2)
    assert read.params(page="")["p-sort"] == "b"


def test_csv_is_read_again() -> None:
    rows = [{"name": 'a "b", c\nd', "count": None}, {"name": ["x", "y"], "count": 3}]
    text = "".join(as_csv(COLUMNS, rows))
    assert text == '"name","count"\n"a ""b"", c\nd",""\n"x y",3\n'


def test_search_is_bounded() -> None:
    """Whoever asks for thousands of words asks for the first few, each once."""
    words = " ".join(f"w{number}" for number in range(7_500))
    assert len(state(q=words).query) == 200
    assert len(state(q="n " * 7_500).query.split()) == 100
    assert shown_of(q="n " * 7_500).total == 120


def test_page_shows_part_of_many(visit: Visit) -> None:
    """The pager leads through all rows, and keeps what was chosen."""
    page = visit("/callers?by=site&size=25&whose=own&sort=-uses")
    assert len(page.rows("callers")) == 25
    (link,) = {link for link in page.links if "page=2" in link}
    second = visit(link.partition("#")[0])
    assert not {row["Call site"] + row["Legacy path"] for row in page.rows("callers")} & {
        row["Call site"] + row["Legacy path"] for row in second.rows("callers")
    }


def test_nothing_found_says_how_to_go_on(visit: Visit) -> None:
    page = visit("/rules?q=zzz")
    assert "Nothing has “zzz” in it" in page.text
    assert "Show all 14" in page.text


def test_ten_thousand_call_sites_stay_small(
    keep: Callable[..., None], show: Visit, make_use: Callable[..., Use]
) -> None:
    """However many call sites there are, a page holds one page of them, and the last is there."""
    keep(*[make_use(line=line, count=1) for line in range(1, 10_001)])
    for address in ("/callers?by=site", "/rules/shop.old_cart"):
        page = show(address)
        assert len(page.rows("callers")) == 50
        assert len(page.html) < 200_000
    last = show("/callers?by=site&page=200&sort=place")
    assert len(last.rows("callers")) == 50
    assert "9,951 to 10,000 of 10,000" in last.text
