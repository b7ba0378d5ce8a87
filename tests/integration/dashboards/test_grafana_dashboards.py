"""The dashboards are what their code makes, Grafana's SDK knows all in them, and they answer."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.integration.dashboards import fleet
from tests.integration.dashboards.asking import (
    ALL,
    FOLDER,
    UNKNOWN_TO_THE_SDK,
    Asked,
    as_promql,
    asked,
    boards,
    panels,
)
from tests.integration.dashboards.conforming import wrong
from tests.integration.dashboards.filled_clickhouse import FilledClickHouse, as_sql
from tests.integration.dashboards.filled_prometheus import FilledPrometheus

SECONDS = 3600
STEP = 15

EVERYTHING = {"service": ALL, "environment": ALL, "rule": ALL}
ONE = {"service": "shop", "environment": "production", "rule": fleet.ALIASED}
DEPLOYED, REMOVED = "Deploys", "Removal days"
NUMBERS = ("Legacy paths in use", "Uses", "Number of call sites", "Refused")
QUIET = "Legacy paths without a use in 30 days"
UNUSED = {"rule": fleet.UNUSED}
HERE = {**EVERYTHING, "environment": "production"}
"""Values of the variables: as a dashboard opens, one of each chosen, and one environment."""


@pytest.mark.component("grafana_foundation_sdk")
def test_the_files_are_what_the_code_makes() -> None:
    """If not: ``make dashboards``."""
    from dashboards.generate import made  # noqa: PLC0415 - needs the SDK

    written = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    assert written == made()


@pytest.fixture(scope="module")
def read() -> Callable[[dict[str, Any]], Any]:
    """Read a dashboard into the classes of Grafana's SDK, options of panels too."""
    from grafana_foundation_sdk.cog.plugins import register_default_plugins  # noqa: PLC0415
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415

    register_default_plugins()
    return Dashboard.from_json


@pytest.mark.component("grafana_foundation_sdk")
@pytest.mark.parametrize("name", boards())
def test_the_sdk_knows_all_that_is_in_them(
    read: Callable[[dict[str, Any]], Any], name: str
) -> None:
    """What its model has no place for would be lost when it is read and written."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415 - a component

    board = boards()[name]
    for marks in board["annotations"]["list"]:
        for field in UNKNOWN_TO_THE_SDK:
            marks.pop(field, None)
    assert json.loads(json.dumps(read(board), cls=JSONEncoder)) == board


@pytest.mark.component("grafana_foundation_sdk")
@pytest.mark.parametrize("name", boards())
def test_values_are_what_the_sdk_says(read: Callable[[dict[str, Any]], Any], name: str) -> None:
    """Types and words of every field, down to the options of panels."""
    board = read(boards()[name])
    assert list(wrong(board, type(board), name)) == []


@pytest.mark.component("grafana_foundation_sdk")
def test_a_wrong_value_is_seen(read: Callable[[dict[str, Any]], Any]) -> None:
    (uid, *_) = boards()
    board = boards()[uid]
    (panel, *_) = board["panels"]
    panel["fieldConfig"]["defaults"]["unit"] = 3
    panel["options"]["cellHeight"] = "huge"
    found = read(board)
    assert list(wrong(found, type(found), "board")) == [
        "board.panels[0].options.cell_height: 'huge' is none of sm, md, lg, auto",
        "board.panels[0].field_config.defaults.unit: 3 is no <class 'str'>",
    ]


@pytest.mark.parametrize("name", boards())
def test_every_panel_says_what_it_is(name: str) -> None:
    board = boards()[name]
    shown = [panel for panel in panels(board) if panel["type"] != "row"]
    assert board["description"]
    assert board["uid"] == name
    assert len({panel["id"] for panel in panels(board)}) == len(list(panels(board)))
    assert len({panel["title"] for panel in shown}) == len(shown)
    for panel in shown:
        assert panel["description"].endswith("."), panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert all(references)
        assert len(set(references)) == len(references)
        assert panel["datasource"]["uid"] == "${datasource}"
    for variable in board["templating"]["list"]:
        assert variable["label"]


@pytest.mark.parametrize("name", boards())
def test_panels_fill_their_rows(name: str) -> None:
    """None covers another one, and none leaves a hole beside it."""
    taken: dict[tuple[int, int], str] = {}
    for panel in panels(boards()[name]):
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    lines = {y for _, y in taken}
    assert [(x, y) for y in lines for x in range(24) if (x, y) not in taken] == []


@pytest.mark.parametrize("name", boards())
def test_links_lead_somewhere(name: str) -> None:
    """To a dashboard that there is, and a variable that it has."""
    variables = {
        uid: {variable["name"] for variable in board["templating"]["list"]}
        for uid, board in boards().items()
    }
    links = json.dumps(boards()[name]).split('"/d/')[1:]
    assert links
    for link in links:
        address, _, query = link.partition('"')[0].partition("?")
        chosen = {word.partition("=")[0] for word in query.split("&") if word.startswith("var-")}
        kept = {word[2:].partition(":")[0] for word in query.split("&") if ":queryparam" in word}
        assert {word.removeprefix("var-") for word in chosen} | kept <= variables[address]


def answer(prometheus: FilledPrometheus, query: Asked, chosen: Mapping[str, str]) -> list[Any]:
    text = as_promql(query.text, chosen, seconds=SECONDS, step=STEP)
    if query.is_variable:
        return prometheus.label_values(text)
    if query.is_range:
        return prometheus.over_time(text, seconds=SECONDS, step=STEP)
    return prometheus.now(text)


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
@pytest.mark.parametrize("chosen", [EVERYTHING, ONE], ids=["everything", "one"])
@pytest.mark.parametrize("query", asked("prometheus"), ids=str)
def test_prometheus_answers(
    prometheus: FilledPrometheus, query: Asked, chosen: Mapping[str, str]
) -> None:
    found = answer(prometheus, query, chosen if query.title != QUIET else {**chosen, **UNUSED})
    # An hour ago nobody watched, so there is no data: not even a zero. Nothing goes today.
    is_empty = query.title.endswith("the period before") or query.title == REMOVED
    assert (found == []) == is_empty


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (EVERYTHING, {"watched": 6, "in use": 5, "uses": 37, "refused": 2, "lost": 2}),
        (HERE, {"watched": 6, "in use": 5, "uses": 20, "refused": 1, "lost": 1}),
        (
            {**ONE, "rule": fleet.TREE},
            {"watched": 1, "in use": 1, "uses": 5, "refused": 0, "lost": 1},
        ),
    ],
    ids=["everything", "here", "one"],
)
def test_prometheus_counts_right(
    prometheus: FilledPrometheus, chosen: Mapping[str, str], numbers: dict[str, int]
) -> None:
    titles = {
        "watched": "Legacy paths watched",
        "in use": "Legacy paths in use",
        "uses": "Uses",
        "refused": "Refused",
        "lost": "Lost records",
    }
    by_title = {query.title: query for query in asked("prometheus")}
    found = {
        name: [float(each["value"][1]) for each in answer(prometheus, by_title[title], chosen)]
        for name, title in titles.items()
    }
    assert found == {name: [number] for name, number in numbers.items()}


def rows(
    clickhouse: FilledClickHouse, query: Asked, chosen: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    now = int(time.time())
    return clickhouse.ask(
        as_sql(query.text, chosen, since=now - 7 * 86_400, until=now + 60, step=SECONDS)
    )


@pytest.mark.component("chdb", "rotel")
@pytest.mark.parametrize("chosen", [EVERYTHING, ONE], ids=["everything", "one"])
@pytest.mark.parametrize("query", asked("grafana-clickhouse-datasource"), ids=str)
def test_clickhouse_answers(
    clickhouse: FilledClickHouse, query: Asked, chosen: Mapping[str, str]
) -> None:
    if query.title == QUIET and chosen == ONE:
        chosen = {**ONE, **UNUSED}
    if query.title == REMOVED and chosen == ONE:
        chosen = {**ONE, "rule": fleet.PAST}
    assert rows(clickhouse, query, chosen) != []


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
def test_prometheus_marks_deploys_and_removal_days(prometheus: FilledPrometheus) -> None:
    by_title = {query.title: query for query in asked("prometheus")}
    deployed = answer(prometheus, by_title[DEPLOYED], EVERYTHING)
    assert {(each["metric"]["job"], each["metric"]["service_version"]) for each in deployed} == {
        ("shop", "1.0"),
        ("worker", "1.0"),
    }
    assert all(len(each["values"]) < 3 for each in deployed)  # where it began, and not ever after
    removed = as_promql(by_title[REMOVED].text, EVERYTHING, seconds=SECONDS, step=STEP)
    in_days = prometheus.now(removed.replace("== 0", f"== {fleet.SOON_DAYS}"))
    assert [each["metric"]["deprecated_import_rule"] for each in in_days] == [fleet.ALIASED]


@pytest.mark.component("chdb", "rotel")
def test_clickhouse_marks_deploys_and_removal_days(clickhouse: FilledClickHouse) -> None:
    marks = {
        query.title: query
        for query in asked("grafana-clickhouse-datasource")
        if query.title in {DEPLOYED, REMOVED}
    }
    found = {title: rows(clickhouse, query, EVERYTHING) for title, query in marks.items()}
    assert {text for _, text, _ in found[DEPLOYED]} == {"shop 1.0 production", "worker 1.0 staging"}
    assert [text for _, text, _ in found[REMOVED]] == [f"{fleet.PAST} is to be removed"]


@pytest.mark.component("chdb", "rotel")
@pytest.mark.parametrize(
    "query",
    [
        query
        for query in asked("grafana-clickhouse-datasource")
        if query.title in {*NUMBERS, *(f"{title}, the period before" for title in NUMBERS)}
    ],
    ids=str,
)
def test_clickhouse_says_no_data_where_nobody_watched(
    clickhouse: FilledClickHouse, query: Asked
) -> None:
    """Long before the fleet began, and a number for the time in which it ran."""
    statement = as_sql(query.text, EVERYTHING, since=1_000_000, until=2_000_000, step=SECONDS)
    assert clickhouse.ask(statement) in ([(None,)], [])
    now = int(time.time())
    since, until = now - 7 * 86_400, now + 60
    if query.title.endswith("before"):
        since, until = now + 60, now + 7 * 86_400
    (row,) = clickhouse.ask(as_sql(query.text, EVERYTHING, since=since, until=until, step=SECONDS))
    assert row[0] is not None


@pytest.mark.component("chdb", "rotel")
@pytest.mark.parametrize("chosen", [EVERYTHING, HERE], ids=["everything", "here"])
def test_no_filter_makes_a_path_unused(
    clickhouse: FilledClickHouse, chosen: Mapping[str, str]
) -> None:
    found = titled(clickhouse, QUIET, {**chosen, "service": "nobody"})
    assert {row[0] for row in found} == {fleet.UNUSED, fleet.HELD_BACK}


@pytest.mark.parametrize("name", boards())
def test_no_number_is_zero_without_data(name: str) -> None:
    """A value that is missing says so, in no colour that praises."""
    for panel in panels(boards()[name]):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        assert defaults.get("noValue", "no data").find("no data") >= 0
        if panel["type"] == "stat":
            (mapping,) = defaults["mappings"]
            assert mapping["options"]["match"] == "null+nan"
            assert mapping["options"]["result"]["color"] == "text"
        assert "vector(0)" not in json.dumps(panel)


@pytest.mark.parametrize("name", boards())
def test_legacy_paths_lead_to_their_page(name: str) -> None:
    """And what is chosen goes along, and the messages are a click away."""
    board = boards()[name]
    assert board["refresh"] == "5m"
    text = json.dumps(board)
    assert "${page}/rules/${__value.raw:percentencode}" in text
    others, messages = board["links"]
    assert others["includeVars"]
    assert others["keepTime"]
    assert messages["url"] == "${docs}/messages.md"


def titled(
    clickhouse: FilledClickHouse, title: str, chosen: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    (query,) = [query for query in asked("grafana-clickhouse-datasource") if query.title == title]
    return rows(clickhouse, query, chosen)


@pytest.mark.component("chdb", "rotel")
@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (EVERYTHING, {"watched": 6, "in use": 4, "uses": 35, "sites": 5, "refused": 2, "lost": 4}),
        (HERE, {"watched": 6, "in use": 4, "uses": 19, "sites": 5, "refused": 1, "lost": 2}),
        (
            {**ONE, "rule": fleet.TREE},
            {"watched": 1, "in use": 1, "uses": 5, "sites": 1, "refused": 0, "lost": 2},
        ),
    ],
    ids=["everything", "here", "one"],
)
def test_clickhouse_counts_right(
    clickhouse: FilledClickHouse, chosen: Mapping[str, str], numbers: dict[str, int]
) -> None:
    """But for what was held back, a log event and a span: lost, and counted as such."""
    titles = {
        "watched": "Legacy paths watched",
        "in use": "Legacy paths in use",
        "uses": "Uses",
        "sites": "Number of call sites",
        "refused": "Refused",
        "lost": "Lost records",
    }
    found = {name: titled(clickhouse, title, chosen) for name, title in titles.items()}
    assert found == {name: [(number,)] for name, number in numbers.items()}


@pytest.mark.component("chdb", "rotel")
def test_clickhouse_knows_the_lines(clickhouse: FilledClickHouse) -> None:
    """Own code and a library's, refused uses too, and the services that they are in."""
    listed = titled(clickhouse, "Call sites", EVERYTHING)
    found = {(row[0], row[2], row[4], row[8], row[11]): (row[12], row[13]) for row in listed}
    both = "shop, worker"
    assert found == {
        (fleet.ALIASED, "serve.py", "checkout", "own", "warned"): (both, 15),
        (fleet.ALIASED, "library.py", "use", "third_party", "warned"): (both, 4),
        (fleet.TREE, "serve.py", "tree", "own", "aliased"): (both, 10),
        (fleet.PAST, "serve.py", "<module>", "own", "aliased"): (both, 4),
        (fleet.REFUSED, "serve.py", "<module>", "own", "blocked"): (both, 2),
    }


@pytest.mark.component("chdb", "rotel")
def test_clickhouse_knows_what_goes_next(clickhouse: FilledClickHouse) -> None:
    """What should be gone already stands first; a version has no days."""
    found = titled(clickhouse, "Legacy paths with a removal", EVERYTHING)
    assert [(row[0], row[4]) for row in found] == [
        (fleet.PAST, -1),
        (fleet.ALIASED, fleet.SOON_DAYS),
        (fleet.TREE, None),
    ]
    quiet = titled(clickhouse, QUIET, EVERYTHING)
    assert {row[0] for row in quiet} == {fleet.UNUSED, fleet.HELD_BACK}


@pytest.mark.component("chdb", "rotel")
def test_clickhouse_knows_who_was_watched(clickhouse: FilledClickHouse) -> None:
    found = titled(clickhouse, "Services, and when they were last heard of", EVERYTHING)
    assert {row[:4] for row in found} == {
        ("shop", "production", "1.0", 1),
        ("worker", "staging", "1.0", 1),
    }
    by_error = titled(clickhouse, "Lost records over time", EVERYTHING)
    assert sum(records for _, _, records in by_error) == 4
    assert {error for _, error, _ in by_error} == {"scrub"}
