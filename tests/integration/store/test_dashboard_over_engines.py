"""The dashboard shows the same, whatever engine keeps what was recorded."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.settings import Settings
from enforcer.recording.process import Process
from enforcer.recording.use import Use
from enforcer.rules.model import Rule
from enforcer.store.queries import HOUR

MakeUse = Callable[..., Use]

NOON = 493_000 * HOUR
CART = Rule("shop.old_cart", "shop.cart", stage="warn", removal="2.0")
TREE = Rule("shop.gone.*", "shop.here.*", stage="strict")

PAGES = {
    "/": "Call sites left 2 ",
    "/?service=shop&environment=production": "Call sites left 2 ",
    "/rules/shop.old_cart": "shop/views.py",
    "/callers?by=site": "2 call sites",
    "/services": "shop in production",
}
"""What has to be on each page."""


@pytest.fixture(scope="module")
def client(make_engine: Callable[[], Any], facts: Any, make_use: MakeUse) -> TestClient:
    """Open a dashboard over two days of a web process and its successor."""
    engine = make_engine()
    web, newer = (
        Process(
            id=f"{number:032x}",
            pid=number,
            service="shop",
            service_version=f"1.{number}",
            environment="production",
            host="web1",
            python="3.12.1",
            started=NOON + (number - 1) * 26 * HOUR,
        )
        for number in (1, 2)
    )
    later = NOON + 26 * HOUR
    engine.record(
        [
            facts.Flush(
                web,
                [CART, TREE],
                NOON,
                [
                    make_use(CART, 5, NOON, names=("Cart",)),
                    make_use(TREE, 2, NOON, path="shop.gone.items", outcome="blocked", line=3),
                ],
            ),
            facts.Flush(
                newer, [CART, TREE], later, [make_use(CART, 11, later, names=("Cart",))], dropped=4
            ),
        ]
    )
    store = getattr(engine, "url", None) or engine.path
    settings = Settings(store, now=lambda: NOON + 30 * HOUR)
    return TestClient(create_dashboard(settings).app, base_url="http://localhost")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_comes(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    words = " ".join(re.sub("<[^>]+>", " ", answer.text).split())
    assert PAGES[page] in words
    assert "Not whole" in words or "What it takes" in words


def test_numbers_are_the_same(client: TestClient) -> None:
    overview = client.get("/api/overview").json()
    assert (overview["uses"], overview["call_sites"], overview["used"]) == (18, 2, 2)
    assert overview["health"]["dropped"] == 4
    assert not overview["health"]["is_whole"]
    rules = {rule["legacy"]: rule["uses"] for rule in client.get("/api/rules").json()["rules"]}
    assert rules == {"shop.old_cart": 16, "shop.gone.*": 2}
    in_time = client.get("/api/uses-in-time").json()["uses"]
    assert sum(row["uses"] for row in in_time) == 18
    (site,) = client.get("/api/rules/shop.gone.*").json()["sites"]
    assert (site["refused"], site["path"]) == (2, "shop.gone.items")
    services = client.get("/api/services").json()["services"]
    assert {row["version"] for row in services} == {"1.1", "1.2"}
    day = client.get("/api/overview?since=2026-03-29&until=2026-03-29").json()
    assert day["uses"] == 7
    assert not day["health"]["is_whole"], "nobody said goodbye"
    assert day["health"]["vanished"] + day["health"]["unknown"] == 2, "a fact of all time"
    assert any("4 uses were lost" in problem for problem in day["health"]["problems"])
