"""Ask ClickHouse through Grafana's plugin for it, and name what it answers for people."""

import textwrap
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery

from dashboards import clickhouse_sql as sql
from dashboards.annotations import DEPLOYED, REMOVED, Marks
from dashboards.boards import addresses, board, chosen, chosen_source, source
from dashboards.columns import link, transformed

OVERVIEW: Final = "deprecated-imports-clickhouse"
CALL_SITES: Final = "deprecated-imports-call-sites"
"""What stands in the addresses of the dashboards."""

_PLUGIN: Final = "grafana-clickhouse-datasource"
SOURCE: Final = source(_PLUGIN)
_TIME_SERIES, _TABLE = 0, 1

_NAMES: Final = {
    "rule": "Legacy path",
    "canonical": "Canonical path",
    "path": "Path",
    "stage": "Stage",
    "removal": "Removal",
    "days": "Days left",
    "service": "Service",
    "services": "Services",
    "environment": "Environment",
    "version": "Version",
    "processes": "Processes",
    "uses": "Uses",
    "uses90": "Uses in 90 days",
    "watched_days": "Days watched",
    "sites": "Call sites",
    "first": "First seen",
    "last": "Last seen",
    "file": "File",
    "line": "Line",
    "function": "Function",
    "module": "Module",
    "mechanism": "Mechanism",
    "names": "Names",
    "relation": "Relation",
    "distribution": "Distribution",
    "via": "Via",
    "outcome": "Outcome",
    "began": "Since",
    "heard": "Last heard of",
    "silent": "Silent for",
    "longest": "Longest gap",
    "time": "Time",
    "trace": "Trace",
}
"""What people call a column."""

TIDY: Final = transformed("organize", excludeByName={}, indexByName={}, renameByName=_NAMES)
ONE_PATH: Final = link("Call sites of this path", CALL_SITES, "rule")
ONE_SERVICE: Final = link("Only this service", OVERVIEW, "service")


class Query(Builder[Dataquery]):
    """A query for Grafana's ClickHouse plugin, which the SDK does not know."""

    def __init__(self, text: str, *, shape: int = _TABLE) -> None:
        """Ask for the rows of a statement."""
        self._fields: dict[str, Any] = _target(text, shape) | {
            "datasource": {"type": _PLUGIN, "uid": "${datasource}"},
        }

    def build(self) -> Dataquery:
        """Give what stands in the JSON."""
        return UnknownDataquery(self._fields)


def _statement(text: str) -> dict[str, object]:
    return {"editorType": "sql", "rawSql": textwrap.dedent(text).strip()}


def _target(text: str, shape: int) -> dict[str, object]:
    return _statement(text) | {
        "refId": "A",
        "format": shape,
        "queryType": "table" if shape == _TABLE else "timeseries",
    }


def over_time(text: str) -> Query:
    """Ask for series: a time, what tells them apart, and a value."""
    return Query(text, shape=_TIME_SERIES)


def begin(uid: str, title: str, description: str) -> dashboard.Dashboard:
    """Begin a dashboard with all that can be chosen."""
    made = board(uid, title, description, tags=["clickhouse"], since="now-30d")
    marks = {DEPLOYED: sql.DEPLOYS, REMOVED: sql.REMOVAL_DAYS}
    return made.annotations(
        [
            Marks(name, SOURCE, target=_target(statement, _TABLE))
            for name, statement in marks.items()
        ]
    ).variables(
        [
            chosen_source(_PLUGIN, "ClickHouse"),
            _chosen("service", "Service", sql.SERVICES),
            _chosen("environment", "Environment", sql.ENVIRONMENTS),
            _chosen("rule", "Legacy path", sql.RULES),
            *addresses(),
        ]
    )


def _chosen(name: str, label: str, statement: str) -> dashboard.QueryVariable:
    description = f"Show only some values of {label.lower()}."
    return chosen(name, label, description, _statement(statement), of=SOURCE)
