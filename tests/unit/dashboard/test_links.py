"""What a visitor chose stands in the address, and stays chosen."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from enforcer.dashboard.filters import DAY, Filters
from enforcer.dashboard.links import is_rule, rule_id, without_password

Visit = Callable[..., Any]

NOW = 493_000 * 3_600_000_000_000
CHOSEN = {"range": "30d", "service": "shop-web", "environment": "production", "stage": "alias"}
QUERY = "&".join(f"{key}={value}" for key, value in CHOSEN.items())


@pytest.mark.parametrize("page", ["/", "/rules", "/callers", "/services", "/rules/shop.cart_utils"])
def test_navigation_keeps_filters(visit: Visit, page: str) -> None:
    """Each link to another page carries all filters."""
    found = visit(f"{page}?{QUERY}")
    for path in ("/", "/rules", "/callers", "/services"):
        (link,) = {
            link for link in found.links if urlsplit(link).path == path and link.count("=") == 4
        }
        assert {key: values[0] for key, values in parse_qs(urlsplit(link).query).items()} == CHOSEN


def test_links_to_rules_keep_filters(visit: Visit) -> None:
    links = [link for link in visit(f"/rules?{QUERY}").links if link.startswith("/rules/")]
    assert links
    assert all(parse_qs(urlsplit(link).query)["service"] == ["shop-web"] for link in links)


def test_sorting_keeps_filters_and_search(visit: Visit) -> None:
    links = visit(f"/rules?{QUERY}&q=shop").links
    (link,) = (link for link in links if "sort=-uses" in link)
    assert "q=shop" in link
    assert "service=shop-web" in link


def test_chip_takes_one_filter_away(visit: Visit) -> None:
    page = visit("/rules?service=shop-web&stage=alias")
    assert "/rules?stage=alias" in page.links
    assert "/rules?service=shop-web" in page.links


def test_filters_leave_out(visit: Visit) -> None:
    """A filter on the stage leaves only such rules; one on the service only its uses."""
    stages = {row["Stage"] for row in visit("/rules?stage=warn").rows("rules")}
    assert stages == {"warn"}
    uses = {
        row["Legacy path"].split(" ")[0]: int(row["Uses"].replace(",", ""))
        for row in visit("/rules?service=chat-backend").rows("rules")
    }
    assert uses["shop.cart_utils"] == 0
    assert uses["netra_backend.app.websocket_core.unified_manager"] > 0


def test_owner_leaves_only_their_files(visit: Visit) -> None:
    page = visit("/callers?by=site&owner=@payments")
    rows = page.rows("callers")
    assert {row["Team"] for row in rows} == {"@payments"}
    everyone = visit("/callers?by=owner").rows("groups")
    (expected,) = (row["Uses"] for row in everyone if row["Owner"] == "@payments")
    assert sum(int(row["Uses"].replace(",", "")) for row in rows) == int(expected.replace(",", ""))


@pytest.mark.parametrize(
    ("params", "since", "until"),
    [
        ({}, 0, 0),
        ({"range": "7d"}, NOW // DAY * DAY - 6 * DAY, 0),
        ({"range": "1d"}, NOW - DAY, 0),
        ({"range": "forever"}, 0, 0),
        ({"since": "1970-01-02"}, DAY, 0),
        ({"until": "1970-01-02"}, 0, 2 * DAY),
        ({"until": "1970-01-02T12:00"}, 0, DAY + DAY // 2),
        ({"since": "1970-01-02T02:00+02:00"}, DAY, 0),
        ({"since": "yesterday", "until": "9999-12-31"}, 0, 9_000_000_000_000_000_000),
        ({"since": "0001-01-01"}, 0, 0),
        ({"range": "7d", "since": "1970-01-02"}, DAY, 0),
    ],
)
def test_times(params: dict[str, str], since: int, until: int) -> None:
    """Times are read in UTC; what is no time leaves nothing out."""
    assert Filters.read(params).times(NOW) == (since, until)


@pytest.mark.parametrize(
    "legacy",
    ["a.old", "a.old.*", "a.mod:name", "ä/../..", "a b?c#d", "<script>", "~tilde", "x" * 1_000_000],
)
def test_rule_has_an_address(legacy: str) -> None:
    """Every legacy path has an address of bearable length, which means no other."""
    written = rule_id(legacy)
    assert len(written) <= 300
    assert "/" not in written
    assert is_rule(unquote(written), legacy)
    assert not is_rule(unquote(written), f"{legacy}x")


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("/srv/uses.db", "/srv/uses.db"),
        ("clickhouses://reader:secret@host:8443/otel", "clickhouses://reader@host:8443/otel"),
        ("clickhouse://host/otel", "clickhouse://host/otel"),
    ],
)
def test_password_is_not_shown(store: str, shown: str) -> None:
    assert without_password(store) == shown
