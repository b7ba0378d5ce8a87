"""The page of a rule shows which stage it has on how many hosts, and whom a dry run let pass."""

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.settings import Settings
from enforcer.recording.process import Process
from enforcer.recording.use import WOULD_BLOCK, Use
from enforcer.rules.model import Rule
from enforcer.store.sqlite.writer import Store

Keep = Callable[..., None]


def rule(stage: str) -> Rule:
    return Rule("shop.old_cart", "shop.cart", stage=stage)


def test_stages_on_hosts(path: str, keep: Keep, show: Callable[..., Any]) -> None:
    for host in ("web-1", "web-2"):
        keep(rules=[rule("observe")], host=host, started=1)
    keep(rules=[rule("alias")], host="web-3", started=2)

    text = " ".join(show("/rules/shop.old_cart").text.split())

    assert "observe on 2 hosts, alias on 1 host" in text
    app = create_dashboard(Settings(path)).app
    client = TestClient(app, base_url="http://127.0.0.1:8765")
    assert client.get("/api/rules/shop.old_cart").json()["hosts"] == {"observe": 2, "alias": 1}


def test_one_stage_on_all_hosts_is_just_a_stage(keep: Keep, show: Callable[..., Any]) -> None:
    keep(rules=[rule("alias")], host="web-1")
    keep(rules=[rule("alias")], host="web-2")

    assert "host" not in show("/rules/shop.old_cart").text.partition("What it takes")[0]


def test_who_would_have_been_refused(
    keep: Keep, make_use: Callable[..., Use], show: Callable[..., Any]
) -> None:
    keep(make_use(stage="strict", outcome=WOULD_BLOCK, count=1234))

    assert "1,234 would have been refused" in show("/rules/shop.old_cart").text
    assert "1,234 would have been refused" in show("/callers?by=site").text


def test_shares_of_one_map_can_be_told_apart(
    path: str, make_process: Callable[..., Process], show: Callable[..., Any]
) -> None:
    for number, stage in enumerate(("observe", "alias")):
        with closing(Store(path)) as store:
            store.watch(make_process(), Rules([rule(stage)], number))

    text = show("/services").text

    assert "0123456789 on:0" in text
    assert "0123456789 on:1" in text


class Rules(list[Rule]):
    """Rules of a map, where one table holds."""

    def __init__(self, rules: Iterable[Rule], table: int) -> None:
        super().__init__(rules)
        self.identity = f"0123456789abcdef on:{table}"
