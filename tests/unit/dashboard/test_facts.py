"""What is true of a path, and of the data, is true under every filter."""

import re
from collections.abc import Callable
from contextlib import closing
from time import time_ns
from typing import Any

import pytest

from enforcer.recording.process import Process
from enforcer.recording.use import BLOCKED, Use
from enforcer.rules.model import Rule
from enforcer.store.queries import DAY
from enforcer.store.sqlite.writer import Store
from tests.unit.dashboard.conftest import HOUR

Keep = Callable[..., None]
MakeUse = Callable[..., Use]
Visit = Callable[..., Any]

NOW = time_ns() // DAY * DAY - DAY + 6 * HOUR
FILTERS = (
    "range=7d",
    "range=1d",
    "owner=@payments",
    "since=2020-01-01&until=2020-02-01",
    "service=no",
)


def words(page: Any) -> str:  # noqa: ANN401 - a page
    return " ".join(page.text.split())


def verdicts(page: Any) -> dict[str, str]:  # noqa: ANN401 - a page
    return {row["Legacy path"].split(" ")[0]: row["What can be done"] for row in page.rows("rules")}


@pytest.mark.parametrize("query", FILTERS)
def test_no_filter_changes_a_state(visit: Visit, query: str) -> None:
    """A path that is in use is in use, though nobody used it under the filter."""
    assert verdicts(visit(f"/rules?{query}")) == verdicts(visit("/rules"))


@pytest.mark.parametrize("query", FILTERS)
def test_no_filter_changes_the_verdict_of_a_path(visit: Visit, query: str) -> None:
    def verdict(page: Any) -> str:  # noqa: ANN401 - a page
        return words(page).partition("No statement names it")[0].rpartition("strict")[2]

    assert verdict(visit(f"/rules/shop.emailer?{query}")) == verdict(visit("/rules/shop.emailer"))


@pytest.mark.parametrize("query", FILTERS)
def test_no_filter_changes_trust(visit: Visit, query: str) -> None:
    """A week without a loss is no reason to call data whole that lost something before."""
    sentence = re.search(r"(Whole for .*? Last written)", words(visit("/services")))
    assert sentence
    assert sentence[1] in words(visit(f"/services?{query}"))


@pytest.mark.parametrize("query", FILTERS)
def test_no_filter_changes_what_is_left(visit: Visit, query: str) -> None:
    """One store has one number of call sites left, one trend and one forecast."""
    everything, filtered = (words(visit(address)) for address in ("/", f"/?{query}"))
    found = re.search(
        r"Call sites left (\d+ .*?) \d+ \d+ \d+ ", everything.partition("Can the data")[2]
    )
    assert found
    assert found[1] in filtered


def test_api_says_the_same_under_a_filter(demo_client: Any) -> None:  # noqa: ANN401 - a client
    states = [
        demo_client.get(f"/api/overview{query}").json()["states"] for query in ("", "?range=7d")
    ]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "until=2026-02-31", "range=forever", "stage=strickt",
     "since=2026-03-01&until=2026-02-01"],
)  # fmt: skip
@pytest.mark.parametrize("page", ["/", "/rules", "/callers", "/services", "/rules/shop.emailer"])
def test_wrong_input_is_said(visit: Visit, page: str, query: str) -> None:
    """Nothing of an address is dropped in silence: one would read other numbers than one thinks."""
    shown = visit(f"{page}?{query}")
    assert shown.status == 200
    assert "A part of this address can" in shown.text
    assert query.partition("&")[0] in shown.text


def test_wrong_input_is_an_error_for_programs(demo_client: Any) -> None:  # noqa: ANN401 - a client
    answer = demo_client.get("/api/overview?since=yesterday")
    assert answer.status_code == 400
    assert answer.json()["slug"] == "bad-filter"
    assert "since=yesterday" in answer.json()["error"]


def test_started_day_is_compared_with_nothing(
    path: str, make_process: Callable[..., Process], show: Visit, make_use: MakeUse
) -> None:
    """Equal uses each day are level, at any hour of the day."""
    rule = Rule("a.old", "a.new")
    process = make_process(started=NOW - 21 * DAY)
    with closing(Store(path, clock=lambda: time)) as store:
        for day in range(21, -1, -1):
            time = NOW - day * DAY - HOUR
            store.watch(process, [rule])
            use = make_use(rule=rule, path="a.old", count=100, first_seen=time, last_seen=time)
            store.write(process, 21 - day, [use])
    text = words(show("/", now=lambda: NOW))
    assert "700 in the last 7 whole days, level with the 7 days before" in text


def test_refused_imports_come_first(keep: Keep, show: Visit, make_use: MakeUse) -> None:
    """Programs that break now are the first thing on the first page."""
    rule = Rule("a.old", "a.new", stage="strict")
    now = time_ns() - HOUR
    use = make_use(
        rule=rule, path="a.old", outcome=BLOCKED, count=2553, first_seen=now, last_seen=now
    )
    keep(use)
    page = show("/")
    text = words(page)
    assert text.index("1 refused") < text.index("can go today")
    assert "2,553" in text
    assert "1 call site refused" in text


def test_nobody_watching_is_no_good_news(keep: Keep, show: Visit) -> None:
    """Without a process there is no evidence of anything, and no page is green."""
    keep(rules=[Rule("a.old", "a.new")], started=NOW - 40 * DAY)
    text = words(show("/"))
    assert "0 can go today" in text
    assert "Nobody begins to use" not in text


def test_two_owners_in_one_line_are_two(visit: Visit) -> None:
    rows = visit("/").rows("owners")
    owners = {row["Owner of the callers"].split(" ")[0] for row in rows}
    assert {"@data", "@platform"} <= owners
    assert not any("@data @platform" in row["Owner of the callers"] for row in rows)


def test_hole_in_the_watch_is_a_hole(visit: Visit) -> None:
    """A worker was away for a weekend: its bar is broken, and says for how long exactly."""
    html = visit("/services").html
    assert re.search(r"shop-worker in production.*?1 gap, 60 h at the longest", html, re.DOTALL)
    assert "watch-hole" in html
    assert "for 60 h at the longest" in html


def test_versions_sort_as_versions(visit: Visit) -> None:
    rows = visit("/services?versions=all&size=500&q=shop-web+production&sort=version").rows(
        "services"
    )
    versions = [row["Version"] for row in rows]
    assert versions.index("4.9.0") < versions.index("4.10.0")
    newest = visit("/services").rows("services")
    assert {row["Version"] for row in newest if row["Service"] == "shop-web"} == {"4.12.0"}


def test_empty_charts_draw_no_axis(keep: Keep, show: Visit) -> None:
    keep(rules=[Rule("a.old", "a.new")])
    assert '<svg class="columns"' not in show("/").html
