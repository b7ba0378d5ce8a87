"""A store that can't be read has a page that says what to do next."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.settings import Settings
from enforcer.rules.model import Rule
from enforcer.store.sqlite.writer import Store

Keep = Callable[..., None]
Visit = Callable[..., Any]


def api(path: str) -> TestClient:
    return TestClient(create_dashboard(Settings(path)).app, base_url="http://localhost")


@pytest.mark.parametrize("address", ["/", "/rules", "/callers", "/services", "/rules/a.old"])
def test_missing_store_says_how_to_begin(show: Visit, path: str, address: str) -> None:
    """Who starts the dashboard first sees what to do, and no store is made."""
    page = show(address)
    assert page.status == 200
    assert "Nothing recorded yet" in page.text
    assert "enforcer run -- app.py" in page.text
    assert path in page.text
    assert not Path(path).exists()


def test_empty_store_says_how_to_begin(show: Visit, path: str) -> None:
    Store(path).close()
    page = show("/")
    assert page.status == 200
    assert "Nothing recorded yet" in page.text


def test_newer_schema_says_to_upgrade(show: Visit, path: str) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1000")
    connection.close()
    page = show("/")
    assert page.status == 503
    assert "Upgrade the enforcer here" in page.text
    assert "newer-store" in page.text


def test_other_files_are_no_stores(show: Visit, path: str) -> None:
    Path(path).write_text("no store, but a text of some length, to be sure")
    page = show("/")
    assert page.status == 503
    assert "is no store of the enforcer" in page.text
    assert Path(path).read_text().startswith("no store")


def test_unreachable_server_says_so_without_its_password() -> None:
    """Whether the client is not installed or nobody answers: a page, and no secret on it."""
    answer = api("clickhouse://reader:hunter2@127.0.0.1:1/otel").get("/")
    assert answer.status_code == 503
    assert "can\N{RIGHT SINGLE QUOTATION MARK}t be read" in answer.text
    assert "clickhouse-" in answer.text
    assert "clickhouse://reader@127.0.0.1:1/otel" in answer.text
    assert "hunter2" not in answer.text


def test_api_says_the_same(path: str) -> None:
    Path(path).write_text("no store, but a text of some length, to be sure")
    answer = api(path).get("/api/overview")
    assert answer.status_code == 503
    assert answer.json()["slug"] == "not-a-store"
    assert path in answer.json()["error"]
    missing = api(f"{path}.none").get("/api/rules")
    assert (missing.status_code, missing.json()["slug"]) == (503, "no-store")


def test_unknown_address_of_the_api(path: str) -> None:
    answer = api(path).get("/api/nothing")
    assert answer.status_code == 404
    assert json.loads(answer.text)["slug"] == "no-page"


def test_rules_without_a_use(keep: Keep, show: Visit) -> None:
    """A program that used nothing yet is watched, and the page says that instead of nothing."""
    keep(rules=[Rule("a.old", "a.new")], started=1)
    page = show("/")
    assert page.status == 200
    assert "No call site is left" in page.text
    assert "Nobody used it." in show("/rules/a.old").text
