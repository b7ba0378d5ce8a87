"""The dashboards are what their code makes, Grafana's SDK knows all in them, and they answer."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.dashboards import fleet
from tests.integration.dashboards.asking import ALL, FOLDER, Asked, as_promql, asked, boards, panels
from tests.integration.dashboards.filled_prometheus import FilledPrometheus

SECONDS = 3600
STEP = 15

EVERYTHING = {"service": ALL, "environment": ALL, "rule": ALL}
ONE = {"service": "shop", "environment": "production", "rule": fleet.ALIASED}
"""The values of the variables: as a dashboard opens, and with one of each chosen."""


@pytest.mark.component("grafana_foundation_sdk")
def test_the_files_are_what_the_code_makes() -> None:
    """If not: ``make dashboards``."""
    from dashboards.generate import made  # noqa: PLC0415 - needs the SDK

    written = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    assert written == made()


@pytest.mark.component("grafana_foundation_sdk")
@pytest.mark.parametrize("name", boards())
def test_the_sdk_knows_all_that_is_in_them(name: str) -> None:
    """What its model has no place for would be lost when it is read and written."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415 - a component
    from grafana_foundation_sdk.cog.plugins import register_default_plugins  # noqa: PLC0415
    from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415

    register_default_plugins()
    board = boards()[name]
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert again == board


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
    assert answer(prometheus, query, chosen) != []


@pytest.mark.component("prometheus", "opentelemetry.exporter.prometheus")
@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (EVERYTHING, {"watched": 6, "in use": 5, "uses": 37, "refused": 2, "lost": 2}),
        (
            {**ONE, "rule": fleet.TREE},
            {"watched": 1, "in use": 1, "uses": 5, "refused": 0, "lost": 1},
        ),
    ],
    ids=["everything", "one"],
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
