"""Read what dashboards ask, and put it as Grafana does once variables and times are known.

For Prometheus as in https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/,
for ClickHouse as its plugin does (README, "Macros").
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[3] / "dashboards" / "grafana"

ALL: Final = "$__all"

UNKNOWN_TO_THE_SDK: Final = ("step", "target", "titleFormat")
"""Fields of annotations that data sources ask for, and Grafana's SDK has no place for."""

_SPECIAL: Final = re.compile(r"[$^*{}\[\]'+?.()|]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a dashboard.

    Attributes:
        board: the file it is in.
        title: the panel's title, or the variable's name.
        plugin: the data source's type.
        text: the expression or the statement, as written.
        is_range: whether it is asked for a range of times.
        is_variable: whether it gives the values of a variable.

    """

    board: str
    title: str
    plugin: str
    text: str
    is_range: bool = False
    is_variable: bool = False

    def __str__(self) -> str:
        """Name it in the title of a test."""
        return f"{self.board}: {self.title}"


def boards() -> dict[str, dict[str, Any]]:
    """Give every dashboard that there is, by the name of its file."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def panels(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every panel, those in rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def asked(plugin: str) -> list[Asked]:
    """Give every query for one kind of data source, of panels and of variables."""
    found = []
    for name, board in boards().items():
        for panel in panels(board):
            for target in panel.get("targets", ()):
                of = target.get("datasource", panel["datasource"])["type"]
                text = target.get("expr") or target.get("rawSql")
                found.append(
                    Asked(name, panel["title"], of, text, is_range=target.get("range", False))
                )
        for marks in board["annotations"]["list"]:
            text = marks.get("expr") or marks["target"]["rawSql"]
            of = marks["datasource"]["type"]
            found.append(Asked(name, marks["name"], of, text, is_range=True))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                query = variable["query"]
                text = query if isinstance(query, str) else query["rawSql"]
                of = variable["datasource"]["type"]
                found.append(Asked(name, variable["name"], of, text, is_variable=True))
    return [each for each in found if each.plugin == plugin]


def as_promql(text: str, chosen: Mapping[str, str], *, seconds: int, step: int) -> str:
    """Put an expression: ``.*`` for all values, regular expressions for those that are chosen."""
    text = text.replace("$__range", f"{seconds}s").replace("$__interval", f"{step}s")
    for name, value in chosen.items():
        regex = ".*" if value == ALL else _SPECIAL.sub(lambda found: rf"\\{found[0]}", value)
        text = text.replace(f"${name}", regex)
    assert "$" not in text, text
    return text
