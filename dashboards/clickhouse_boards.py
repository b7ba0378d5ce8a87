"""Make the dashboards for ClickHouse: the same questions, exact, and down to the call sites."""

import textwrap
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery

from dashboards import clickhouse_sql as sql
from dashboards import panels
from dashboards.panels import (
    Shown,
    bar,
    board,
    chosen,
    in_time,
    link,
    number,
    ranking,
    rows,
    running_out,
    transformed,
    unit,
)

UID: Final = "deprecated-imports-clickhouse"
SITES_UID: Final = "deprecated-imports-call-sites"

_PLUGIN: Final = "grafana-clickhouse-datasource"
_SOURCE: Final = panels.source(_PLUGIN)
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

_TIDY: Final = transformed("organize", excludeByName={}, indexByName={}, renameByName=_NAMES)
_ONE_PATH: Final = link("Call sites of this path", SITES_UID, "rule")
_ONE_SERVICE: Final = link("Only this service", UID, "service")


class _Query(Builder[Dataquery]):
    """A query for Grafana's ClickHouse plugin, which the SDK does not know."""

    def __init__(self, text: str, *, shape: int = _TABLE) -> None:
        self._fields: dict[str, Any] = _statement(text) | {
            "refId": "A",
            "format": shape,
            "queryType": "table" if shape == _TABLE else "timeseries",
            "datasource": {"type": _PLUGIN, "uid": "${datasource}"},
        }

    def build(self) -> Dataquery:
        """Give what stands in the JSON."""
        return UnknownDataquery(self._fields)


def _statement(text: str) -> dict[str, object]:
    return {"editorType": "sql", "rawSql": textwrap.dedent(text).strip()}


def _over_time(text: str) -> _Query:
    return _Query(text, shape=_TIME_SERIES)


def make() -> dashboard.Dashboard:
    """Make the overview."""
    return panels.lay_out(
        _begun(
            UID,
            "Deprecated imports (ClickHouse)",
            "Who still uses which legacy import path, whether that goes down, what is to be "
            "removed next, and whether everything was watched. Exact, from the roll-ups that "
            "`enforcer store init` makes of what a collector wrote.",
        ),
        {
            "": _numbers(),
            "Is it going down?": _trend(),
            "Who still uses which path?": _users(),
            "What is about to be removed?": _removals(),
            "Is everything watched, and was anything lost?": _health(),
        },
    )


def make_sites() -> dashboard.Dashboard:
    """Make the dashboard of call sites, of one legacy path or of all."""
    return panels.lay_out(
        _begun(
            SITES_UID,
            "Call sites of deprecated imports (ClickHouse)",
            "The lines of code that use a legacy import path. Choose one at the top.",
        ),
        {"": _sites()},
    )


def _begun(uid: str, title: str, description: str) -> dashboard.Dashboard:
    return board(uid, title, description, tags=["clickhouse"], since="now-30d").variables(
        [
            panels.chosen_source(_PLUGIN, "ClickHouse"),
            _chosen("service", "Service", sql.SERVICES),
            _chosen("environment", "Environment", sql.ENVIRONMENTS),
            _chosen("rule", "Legacy path", sql.RULES),
        ]
    )


def _chosen(name: str, label: str, statement: str) -> dashboard.QueryVariable:
    description = f"Show only some values of {label.lower()}."
    return chosen(name, label, description, _statement(statement), of=_SOURCE)


def _numbers() -> list[Shown]:
    return [
        number(
            "Legacy paths watched",
            "Rules that at least one process watched in this time range.",
            _Query(sql.RULES_WATCHED),
            of=_SOURCE,
        ),
        number(
            "Legacy paths in use",
            "Rules with a use in this time range. The others are quiet; whether one is safe to "
            "delete, `enforcer report` says.",
            _Query(sql.RULES_USED),
            of=_SOURCE,
            colour="green",
            above_zero="orange",
        ),
        number(
            "Uses",
            "Executed imports and look-ups through legacy paths, in all hours that this time "
            "range touches.",
            _Query(sql.USES),
            of=_SOURCE,
        ),
        number(
            "Number of call sites",
            "Lines of code that used a legacy path in this time range.",
            _Query(sql.CALL_SITES),
            of=_SOURCE,
        ),
        number(
            "Refused",
            "Uses that raised LegacyImportError: of rules in stage strict or removed, at call "
            "sites that the baseline does not tolerate.",
            _Query(sql.REFUSED),
            of=_SOURCE,
            colour="green",
            above_zero="red",
        ),
        number(
            "Lost records",
            "Records that could not be kept or sent in this time range. While this is not 0, "
            "counts are too low, and no rule may be called safe to delete.",
            _Query(sql.LOST),
            of=_SOURCE,
            colour="green",
            above_zero="red",
        ),
    ]


def _trend() -> list[Shown]:
    return [
        in_time(
            "Uses by legacy path",
            "How many uses each bar's time brought, an hour at least.",
            _over_time(sql.USES_IN_TIME),
            of=_SOURCE,
            name="rule",
            stacked=True,
            every="1h",
        ),
        in_time(
            "Active call sites by legacy path",
            "How many lines of code used each legacy path on each day (UTC). On a day without a "
            "bar nobody used a path, or nobody watched: see below.",
            _over_time(sql.SITES_IN_TIME),
            of=_SOURCE,
            name="rule",
            calculated=panels.LEVEL,
            stacked=True,
            every="1d",
        ),
        in_time(
            "New call sites by legacy path",
            "Call sites that were never seen before, by the day (UTC) they were first seen. "
            "Strict mode in tests keeps this at zero.",
            _over_time(sql.NEW_SITES_IN_TIME),
            of=_SOURCE,
            name="rule",
            stacked=True,
            every="1d",
        ),
        rows(
            "New call sites",
            "The newest first; their uses are those of all time.",
            _Query(sql.NEW_SITES),
            of=_SOURCE,
            columns={"Legacy path": [_ONE_PATH], "Uses": [unit("short")]},
            transformations=[_TIDY],
            span=panels.WIDTH // 2,
        ),
    ]


def _users() -> list[Shown]:
    return [
        rows(
            "Uses by legacy path and service",
            "Click a legacy path to see its call sites, or a service to see it alone.",
            _Query(sql.USES_BY_SERVICE),
            of=_SOURCE,
            columns={
                "Legacy path": [_ONE_PATH],
                "Service": [_ONE_SERVICE],
                "Uses": [unit("short"), *bar()],
            },
            transformations=[_TIDY],
        ),
        ranking(
            "Uses by service",
            "Whom to talk to.",
            _Query(sql.SERVICES_RANKED),
            of=_SOURCE,
            rows=True,
            span=panels.WIDTH // 2,
        ),
        ranking(
            "Uses by caller",
            "Own code can be changed; a third-party distribution has to be upgraded, or keeps "
            "the path alive.",
            _Query(sql.CALLERS_RANKED),
            of=_SOURCE,
            rows=True,
            span=panels.WIDTH // 2,
        ),
    ]


def _removals() -> list[Shown]:
    return [
        rows(
            "Legacy paths with a removal",
            "What was announced to go, the next one first, and who will notice. A removal is a "
            "date or a version; only dates have days left.",
            _Query(sql.RULES_TO_BE_REMOVED),
            of=_SOURCE,
            columns={
                "Legacy path": [_ONE_PATH],
                "Days left": running_out(14),
                "Uses": [unit("short"), *bar()],
            },
            transformations=[_TIDY],
            span=2 * panels.WIDTH // 3,
        ),
        rows(
            "Legacy paths without a use",
            "Candidates to delete, those that most processes watched first. Ask `enforcer report` "
            "before: it also looks at gaps, lost records and services that nobody watched.",
            _Query(sql.RULES_QUIET),
            of=_SOURCE,
            columns={"Legacy path": [_ONE_PATH]},
            transformations=[_TIDY],
            span=panels.WIDTH // 3,
        ),
    ]


def _health() -> list[Shown]:
    return [
        in_time(
            "Processes that watch, by service",
            "A gap is a time in which nobody watched: no use in it proves nothing.",
            _over_time(sql.PROCESSES_IN_TIME),
            of=_SOURCE,
            name="service",
            calculated=panels.LEVEL,
            every="2m",
        ),
        in_time(
            "Lost records over time",
            "By why they were lost. Any of them forbids to call a rule safe to delete.",
            _over_time(sql.LOST_IN_TIME),
            of=_SOURCE,
            name="error",
            stacked=True,
            every="2m",
        ),
        rows(
            "Services, and when they were last heard of",
            "A deployment that stopped being watched stands first. The longest gap is how long "
            "one of its processes told nothing and then went on: more than twice the export "
            "interval means that it was not watched.",
            _Query(sql.SERVICES_LISTED),
            of=_SOURCE,
            columns={
                "Service": [_ONE_SERVICE],
                "Silent for": [unit("s")],
                "Longest gap": [unit("s")],
            },
            transformations=[_TIDY],
        ),
    ]


def _sites() -> list[Shown]:
    return [
        rows(
            "Call sites",
            "Each line of code that used a legacy path in this time range, those with most uses "
            "first, at most 1,000. Via is the call that led to an import by import_module, pickle "
            "or an entry point.",
            _Query(sql.SITES_LISTED),
            of=_SOURCE,
            columns={
                "Legacy path": [_ONE_PATH],
                "Line": [unit("none"), panels.wide(70)],
                "Uses": [unit("short"), *bar()],
            },
            transformations=[_TIDY],
        ),
        in_time(
            "Uses by service and version",
            "Whether a newer version is free of it.",
            _over_time(sql.USES_IN_TIME_BY_VERSION),
            of=_SOURCE,
            name="deployment",
            stacked=True,
            every="1h",
        ),
        ranking(
            "Uses by file",
            "Where to begin.",
            _Query(sql.FILES_RANKED),
            of=_SOURCE,
            rows=True,
            span=panels.WIDTH // 4,
        ),
        ranking(
            "Uses by mechanism",
            "An import statement is easy to rewrite; import_module, pickle and entry points have "
            "the path in a string, in stored data or in metadata.",
            _Query(sql.MECHANISMS_RANKED),
            of=_SOURCE,
            rows=True,
            span=panels.WIDTH // 4,
        ),
        rows(
            "Traces with a first use",
            "The newest 100. Each process makes one span for each call site; sampled as your "
            "traces are, so this is no count.",
            _Query(sql.TRACES),
            of=_SOURCE,
            columns={"Legacy path": [_ONE_PATH], "Line": [unit("none"), panels.wide(70)]},
            transformations=[_TIDY],
        ),
    ]
