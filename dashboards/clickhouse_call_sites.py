"""Make the dashboard of call sites, which only ClickHouse knows."""

from grafana_foundation_sdk.builders import dashboard

from dashboards import clickhouse_sql as sql
from dashboards.boards import lay_out
from dashboards.clickhouse_queries import (
    CALL_SITES,
    ONE_PATH,
    SOURCE,
    TIDY,
    Query,
    begin,
    over_time,
)
from dashboards.columns import bar, unit, wide
from dashboards.panels import (
    WIDTH,
    Shown,
    in_time,
    ranking,
    rows,
)


def make() -> dashboard.Dashboard:
    """Make the dashboard of call sites, of one legacy path or of all."""
    return lay_out(
        begin(
            CALL_SITES,
            "Call sites of deprecated imports (ClickHouse)",
            "The lines of code that use a legacy import path. Choose one at the top.",
        ),
        {"": _panels()},
    )


def _panels() -> list[Shown]:
    return [
        rows(
            "Call sites",
            "Each line of code that used a legacy path in this time range, those with most uses "
            "first, at most 1,000. Via is the call that led to an import by import_module, pickle "
            "or an entry point.",
            Query(sql.SITES_LISTED),
            of=SOURCE,
            columns={
                "Legacy path": [ONE_PATH],
                "Line": [unit("none"), wide(70)],
                "Uses": [unit("short"), *bar()],
            },
            transformations=[TIDY],
        ),
        in_time(
            "Uses by service and version",
            "Whether a newer version is free of it.",
            over_time(sql.USES_IN_TIME_BY_VERSION),
            of=SOURCE,
            name="deployment",
            stacked=True,
            every="1h",
        ),
        ranking(
            "Uses by file",
            "Where to begin.",
            Query(sql.FILES_RANKED),
            of=SOURCE,
            rows=True,
            span=WIDTH // 4,
        ),
        ranking(
            "Uses by mechanism",
            "An import statement is easy to rewrite; import_module, pickle and entry points have "
            "the path in a string, in stored data or in metadata.",
            Query(sql.MECHANISMS_RANKED),
            of=SOURCE,
            rows=True,
            span=WIDTH // 4,
        ),
        rows(
            "Traces with a first use",
            "The newest 100. Each process makes one span for each call site; sampled as your "
            "traces are, so this is no count.",
            Query(sql.TRACES),
            of=SOURCE,
            columns={"Legacy path": [ONE_PATH], "Line": [unit("none"), wide(70)]},
            transformations=[TIDY],
        ),
    ]
