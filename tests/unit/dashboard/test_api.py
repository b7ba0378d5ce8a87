"""The API answers what its description says, and what the pages show."""

import csv
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from httpx2 import Response
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from enforcer.dashboard.api import MOST_TABLES
from enforcer.dashboard.app import create_dashboard
from enforcer.dashboard.demo.history import Demo
from enforcer.dashboard.openapi import document
from enforcer.dashboard.settings import Settings
from enforcer.dashboard.tables import arrange
from enforcer.report import build
from enforcer.report.words import totals
from enforcer.rules.loader import load_map
from tests.patience import PATIENCE

Visit = Callable[..., Any]

OPENAPI = document("")
PATHS = [path for path in OPENAPI["paths"] if "{" not in path]


def test_description_is_sound() -> None:
    """It is a valid OpenAPI 3.1 document, with one name for each operation."""
    validate(OPENAPI)
    names = [item["get"]["operationId"] for item in OPENAPI["paths"].values()]
    assert len(set(names)) == len(names)


def test_description_is_served(demo_client: TestClient) -> None:
    assert demo_client.get("/api/openapi.json").json() == OPENAPI


def check(path: str, answer: object, status: str = "200") -> None:
    response = OPENAPI["paths"][path]["get"]["responses"][status]
    schema = {
        **response["content"]["application/json"]["schema"],
        "components": OPENAPI["components"],
    }
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer)


@pytest.mark.parametrize("path", PATHS)
def test_answers_are_as_described(demo_client: TestClient, path: str) -> None:
    answer = demo_client.get(f"/api{path}").json()
    check(path, answer)
    lists = [value for value in answer.values() if isinstance(value, list)]
    assert all(lists)


def test_report_page_and_verdict_have_one_definition(demo: Demo, demo_client: TestClient) -> None:
    """Of in use, silent and left: whatever the page's filters select."""
    built = build(str(demo.store), migration_map=load_map(str(demo.map_file), environ={}))
    standings = {one.legacy: (one.state, one.left) for one in built.standings}
    rules = demo_client.get("/api/rules?range=7d&environment=staging").json()["rules"]
    verdicts = demo_client.get("/api/verdicts").json()["verdicts"]
    judged = {one["legacy"]: (one["state"], one["call_sites_left"]) for one in verdicts}

    assert {one["legacy"]: one["state"] for one in rules} == {
        legacy: state for legacy, (state, _) in standings.items()
    }
    assert judged == standings
    states = demo_client.get("/api/overview").json()["states"]
    used = states["in_use"]
    assert f"{used} of {len(rules)} legacy paths in use, " in totals(built)
    for name, (_, left) in standings.items():
        sites = demo_client.get(f"/api/call-sites?rule={name}").json()["call_sites"]
        one = next(verdict for verdict in verdicts if verdict["legacy"] == name)
        days = 30 if one["stage"] == "removed" else one["period_days"]
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        assert sum(site["last_seen"] > since for site in sites) == left, name


def test_no_filter_changes_a_verdict(demo_client: TestClient) -> None:
    """They are facts of a rule, like the numbers of call sites that are left."""
    everything = demo_client.get("/api/verdicts").json()["verdicts"]
    assert len(everything) > 5
    for filters in ("range=7d", "owner=@nobody", "environment=staging", "stage=strict"):
        assert demo_client.get(f"/api/verdicts?{filters}").json()["verdicts"] == everything


def test_verdicts_name_the_owners_of_the_callers_files(demo_client: TestClient) -> None:
    """The same as ``enforcer verdict --json``: the callers' teams, and who answers for the rule."""
    verdicts = demo_client.get("/api/verdicts").json()["verdicts"]
    teams = {tuple(use["owners"]) for one in verdicts for use in one["callers"]}
    assert ("@data", "@platform") in teams
    assert all(len(one["owners"]) == 1 for one in verdicts if one["owner"])


def test_prometheus_gets_the_verdicts(demo_client: TestClient) -> None:
    """One series for each verdict of each rule, so that an alert ends with the verdict."""
    verdicts = demo_client.get("/api/verdicts").json()["verdicts"]
    answer = demo_client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    line = re.compile(r'(\w+)\{deprecated_import_rule="([^"]*)",.*\} (\d+)')
    samples = [line.fullmatch(text).groups() for text in answer.text.splitlines() if text[0] != "#"]  # type: ignore[union-attr]
    left = {rule: int(value) for name, rule, value in samples if name.endswith("_left")}

    assert left == {one["legacy"]: one["call_sites_left"] for one in verdicts}
    for one in verdicts:
        of_rule = f'deprecated_import_rule_verdict{{deprecated_import_rule="{one["legacy"]}",'
        found = [text for text in answer.text.splitlines() if text.startswith(of_rule)]
        (ours,) = (text for text in found if text.endswith(" 1"))
        assert f'deprecated_import_verdict="{one["verdict"]}"' in ours
        assert len(found) == 9


def test_rule_is_as_described(demo_client: TestClient, report: dict[str, Any]) -> None:
    answer = demo_client.get("/api/rules/shop.legacy_pricing.*").json()
    check("/rules/{legacy}", answer)
    (rule,) = (rule for rule in report["rules"] if rule["legacy"] == "shop.legacy_pricing.*")
    same = ("file", "line", "function", "module", "mechanism", "names", "uses", "first_seen",
            "last_seen", "via", "path", "relation", "distribution", "outcomes")  # fmt: skip
    assert [{key: site[key] for key in same} for site in answer["sites"]] == [
        {key: site[key] for key in same} for site in rule["call_sites"]
    ]


def test_missing_rule_is_as_described(demo_client: TestClient) -> None:
    answer = demo_client.get("/api/rules/no.such")
    assert answer.status_code == 404
    check("/rules/{legacy}", answer.json(), "404")


def test_overview_is_the_reports(demo_client: TestClient, report: dict[str, Any]) -> None:
    answer = demo_client.get("/api/overview").json()
    assert answer["uses"] == sum(rule["uses"] for rule in report["rules"])
    assert answer["call_sites"] == sum(len(rule["call_sites"]) for rule in report["rules"])
    assert answer["used"] == sum(1 for rule in report["rules"] if rule["uses"])
    assert answer["health"]["processes"] == report["processes"]
    assert answer["health"]["vanished"] == report["watched"]["vanished"] == 1
    assert not answer["health"]["is_whole"]
    assert sum(answer["states"].values()) == answer["rules"]


def test_uses_in_time_add_up(demo_client: TestClient, report: dict[str, Any]) -> None:
    rows = demo_client.get("/api/uses-in-time").json()["uses"]
    for rule in report["rules"]:
        uses = sum(row["uses"] for row in rows if row["legacy"] == rule["legacy"])
        assert uses == rule["uses"]


def test_parts_are_asked_for(demo_client: TestClient) -> None:
    whole = demo_client.get("/api/call-sites?sort=-uses").json()
    part = demo_client.get("/api/call-sites?sort=-uses&limit=5&offset=10").json()
    assert part["total"] == whole["total"] == len(whole["call_sites"])
    assert part["call_sites"] == whole["call_sites"][10:15]
    odd = demo_client.get("/api/call-sites?limit=x&offset=-1&sort=%00").json()
    assert len(odd["call_sites"]) == whole["total"]


@pytest.mark.parametrize(
    "query",
    ["rule=shop.cart_utils", "whose=tests", "file=shop/api/carts.py", "package=shop/api",
     "owner=@payments", "q=total", "distribution=acme-loyalty", "stage=strict", "range=7d"],
)  # fmt: skip
def test_choices_leave_out(demo_client: TestClient, query: str) -> None:
    everything = demo_client.get("/api/call-sites").json()["total"]
    assert 0 < demo_client.get(f"/api/call-sites?{query}").json()["total"] < everything


@pytest.mark.parametrize("path", PATHS)
def test_tables_download(demo_client: TestClient, path: str) -> None:
    """Every table can be kept as CSV and as JSON, with all rows."""
    if path in ("/overview", "/health", "/verdicts"):
        return
    kept = demo_client.get(f"/api{path}?download=1")
    name = path.strip("/")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="{name}.json"'
    text = demo_client.get(f"/api{path}?format=csv").text
    (rows,) = (value for value in kept.json().values() if isinstance(value, list))
    header, *lines = csv.reader(io.StringIO(text))
    assert header == list(rows[0])
    assert len(lines) == len(rows)


@pytest.mark.parametrize(
    "page",
    ["/rules", "/callers", "/callers?by=site", "/services?versions=all", "/rules/shop.util.*"],
)
def test_pages_link_to_their_data(visit: Visit, demo_client: TestClient, page: str) -> None:
    """The downloads of a table have as many rows as it says, under its filters and its search."""
    mark = "&" if "?" in page else "?"
    shown = visit(f"{page}{mark}service=shop-web&q=shop&size=500")
    links = [link for link in shown.links if link.startswith("/api/") and "download=1" in link]
    assert links
    answer = demo_client.get(links[0]).json()
    table = shown.tables.keys() & {"rules", "groups", "callers", "services"}
    assert answer["total"] == len(shown.rows(table.pop()))


@pytest.mark.parametrize("key", ["limit", "offset", "page", "size"])
def test_numbers_of_any_length(demo_client: TestClient, key: str) -> None:
    """Python reads no number of more than 4,300 digits."""
    assert demo_client.get(f"/api/rules?{key}={'9' * 5_000}").status_code == 200


def test_tables_are_bounded(demo_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table counts from the question to the last byte; one more is asked to come again."""
    app = create_dashboard(demo_settings).app
    reading, going_on = Barrier(MOST_TABLES + 1), Event()

    def ask(_number: int = 0) -> Response:
        return TestClient(app, base_url="http://127.0.0.1").get("/api/rules")

    def wait(*arguments: Any) -> list[Any]:  # noqa: ANN401 - hands on
        reading.wait(PATIENCE)
        going_on.wait(PATIENCE)
        return arrange(*arguments)

    monkeypatch.setattr("enforcer.dashboard.api.arrange", wait)
    with ThreadPoolExecutor(MOST_TABLES) as pool:
        answers = pool.map(ask, range(MOST_TABLES))
        reading.wait(PATIENCE)
        late = ask()
        going_on.set()
        assert {answer.status_code for answer in answers} == {200}
    assert (late.status_code, late.json()["slug"]) == (503, "busy")
    assert late.headers["Retry-After"] == "5"
    monkeypatch.undo()
    assert ask().status_code == 200
