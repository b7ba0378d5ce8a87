"""Make the overview for ClickHouse: the same questions as for Prometheus, with exact answers."""

from grafana_foundation_sdk.builders import dashboard

from dashboards import clickhouse_sql as sql
from dashboards.boards import lay_out
from dashboards.clickhouse_queries import (
    ONE_PATH,
    ONE_SERVICE,
    OVERVIEW,
    SOURCE,
    TIDY,
    Query,
    begin,
    over_time,
)
from dashboards.columns import bar, running_out, unit
from dashboards.panels import (
    LEVEL,
    WIDTH,
    Shown,
    in_time,
    number,
    ranking,
    rows,
)


def make() -> dashboard.Dashboard:
    """Make the overview."""
    return lay_out(
        begin(
            OVERVIEW,
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


def _numbers() -> list[Shown]:
    return [
        number(
            "Legacy paths watched",
            "Rules that at least one process watched in this time range.",
            Query(sql.RULES_WATCHED),
            of=SOURCE,
        ),
        number(
            "Legacy paths in use",
            "Rules with a use in this time range. Whether one of the others is safe to "
            "delete, `enforcer verdict` says.",
            Query(sql.RULES_USED),
            of=SOURCE,
            colour="green",
            above_zero="orange",
        ),
        number(
            "Uses",
            "Executed imports and look-ups through legacy paths, in all hours that this time "
            "range touches.",
            Query(sql.USES),
            of=SOURCE,
        ),
        number(
            "Number of call sites",
            "Lines of code that used a legacy path in this time range.",
            Query(sql.CALL_SITES),
            of=SOURCE,
        ),
        number(
            "Refused",
            "Uses that raised LegacyImportError: of rules in stage strict or removed, at call "
            "sites that the baseline does not tolerate.",
            Query(sql.REFUSED),
            of=SOURCE,
            colour="green",
            above_zero="red",
        ),
        number(
            "Lost records",
            "Records that could not be kept or sent in this time range. While this is not 0, "
            "counts are too low, and no rule may be called safe to delete.",
            Query(sql.LOST),
            of=SOURCE,
            colour="green",
            above_zero="red",
        ),
        number(
            "Legacy paths in use, the period before",
            "Rules with a use in the period of the same length before this time range; "
            "no data if nobody watched then.",
            Query(sql.RULES_USED_BEFORE),
            of=SOURCE,
            span=WIDTH // 4,
        ),
        number(
            "Uses, the period before",
            "Uses in the period of the same length before this time range; "
            "no data if nobody watched then.",
            Query(sql.USES_BEFORE),
            of=SOURCE,
            span=WIDTH // 4,
        ),
        number(
            "Number of call sites, the period before",
            "Call sites in the period of the same length before this time range; "
            "no data if nobody watched then.",
            Query(sql.CALL_SITES_BEFORE),
            of=SOURCE,
            span=WIDTH // 4,
        ),
        number(
            "Refused, the period before",
            "Refused uses in the period of the same length before this time range; "
            "no data if nobody watched then.",
            Query(sql.REFUSED_BEFORE),
            of=SOURCE,
            span=WIDTH // 4,
        ),
    ]


def _trend() -> list[Shown]:
    return [
        in_time(
            "Uses by legacy path",
            "How many uses each bar's time brought, an hour at least. The 20 legacy paths with "
            "most uses stand alone.",
            over_time(sql.USES_IN_TIME),
            of=SOURCE,
            name="path",
            stacked=True,
            every="1h",
        ),
        in_time(
            "Active call sites by legacy path",
            "How many lines of code used each legacy path on each day (UTC). On a day without a "
            "bar nobody used a path, or nobody watched: see below.",
            over_time(sql.SITES_IN_TIME),
            of=SOURCE,
            name="rule",
            calculated=LEVEL,
            stacked=True,
            every="1d",
        ),
        in_time(
            "New call sites by legacy path",
            "Call sites that were never seen before, by the day (UTC) they were first seen. "
            "Strict mode in tests keeps this at zero.",
            over_time(sql.NEW_SITES_IN_TIME),
            of=SOURCE,
            name="rule",
            stacked=True,
            every="1d",
        ),
        rows(
            "New call sites",
            "The newest first; their uses are those of all time.",
            Query(sql.NEW_SITES),
            of=SOURCE,
            columns={"Legacy path": [ONE_PATH], "Uses": [unit("short")]},
            transformations=[TIDY],
            span=WIDTH // 2,
        ),
    ]


def _users() -> list[Shown]:
    return [
        rows(
            "Uses by legacy path and service",
            "Click a legacy path to see its call sites, or a service to see it alone.",
            Query(sql.USES_BY_SERVICE),
            of=SOURCE,
            columns={
                "Legacy path": [ONE_PATH],
                "Service": [ONE_SERVICE],
                "Uses": [unit("short"), *bar()],
            },
            transformations=[TIDY],
        ),
        ranking(
            "Uses by service",
            "Whom to talk to.",
            Query(sql.SERVICES_RANKED),
            of=SOURCE,
            rows=True,
            span=WIDTH // 2,
        ),
        ranking(
            "Uses by caller",
            "Own code can be changed; a third-party distribution has to be upgraded, or keeps "
            "the path alive.",
            Query(sql.CALLERS_RANKED),
            of=SOURCE,
            rows=True,
            span=WIDTH // 2,
        ),
    ]


def _removals() -> list[Shown]:
    return [
        rows(
            "Legacy paths with a removal",
            "What was announced to go, the next one first, and who will notice. A removal is a "
            "date or a version; only dates have days left.",
            Query(sql.RULES_TO_BE_REMOVED),
            of=SOURCE,
            columns={
                "Legacy path": [ONE_PATH],
                "Days left": running_out(14),
                "Uses": [unit("short"), *bar()],
            },
            transformations=[TIDY],
            span=2 * WIDTH // 3,
        ),
        rows(
            "Legacy paths without a use in 30 days",
            "Candidates to delete, those without a use in 90 days first; of the whole fleet, "
            "whatever time range and services are chosen. Fewer days watched than 30 prove "
            "nothing. Ask `enforcer verdict` before: it also looks at gaps, lost records, "
            "services that nobody watched, and the source.",
            Query(sql.RULES_QUIET),
            of=SOURCE,
            columns={"Legacy path": [ONE_PATH], "Uses in 90 days": [unit("short")]},
            transformations=[TIDY],
            span=WIDTH // 3,
        ),
    ]


def _health() -> list[Shown]:
    return [
        in_time(
            "Processes that watch, by service",
            "A gap is a time in which nobody watched: no use in it proves nothing.",
            over_time(sql.PROCESSES_IN_TIME),
            of=SOURCE,
            name="service",
            calculated=LEVEL,
            every="2m",
        ),
        in_time(
            "Lost records over time",
            "By why they were lost. Any of them forbids to call a rule safe to delete.",
            over_time(sql.LOST_IN_TIME),
            of=SOURCE,
            name="error",
            stacked=True,
            every="2m",
        ),
        rows(
            "Services, and when they were last heard of",
            "A deployment that stopped being watched stands first. The longest gap is how long "
            "one of its processes told nothing and then went on, to the minute: more than twice "
            "the export interval means that it was not watched.",
            Query(sql.SERVICES_LISTED),
            of=SOURCE,
            columns={
                "Service": [ONE_SERVICE],
                "Silent for": [unit("s")],
                "Longest gap": [unit("s")],
            },
            transformations=[TIDY],
        ),
    ]
