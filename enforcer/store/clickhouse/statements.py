"""The SQL of ClickHouse's answers: uses, call sites and rules by span, filter and roll-up.

Each has the fields of a span as parameters, and its :func:`~enforcer.store.spans.bounds`; further
``{now:Int64}`` and ``{limit:Int64}``: after how long a silence a process is gone.
"""

from enforcer.store.clickhouse.records import SITE_FIELDS
from enforcer.store.clickhouse.schema import by_hour
from enforcer.store.clickhouse.sources import Sources
from enforcer.store.queries import DAY, HOUR, WEEK, Span, bucket_start

_SITE = ", ".join(SITE_FIELDS)
_DEPLOYMENT = "service, version, environment"
_KEY = f"rule, site, stage, outcome, probe, {_DEPLOYMENT}"
_ADD_UP = "sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen"
_OF_SERVICES = (
    "({services:String} = '' OR position({services:String}, char(10) || service || char(10)) > 0)"
)
MINE = f"""
({{service:String}} = '' OR service = {{service:String}})
AND ({{version:String}} = '' OR version = {{version:String}})
AND ({{environment:String}} = '' OR environment = {{environment:String}})
AND {_OF_SERVICES}
"""
"""Condition on deployments: those of a span."""
_OF_RULE = "({legacy:String} = '' OR rule = {legacy:String})"
# Telemetry does not carry the `enforcer run`: a span of one run is empty here.
_NO_RUN = "{run:String} = ''"


def _is_within(since: str, until: str) -> str:
    return f"{until} >= {{since:Int64}} AND ({{until:Int64}} = 0 OR {since} < {{until:Int64}})"


def _part(table: str, unit: str, first: str, last: str) -> str:
    return f"""
SELECT {_KEY}, {_ADD_UP} FROM {table}
WHERE {unit} BETWEEN {{{first}:Int64}} AND {{{last}:Int64}} AND {MINE} AND {_OF_RULE} AND {_NO_RUN}
GROUP BY {unit}, {_KEY} HAVING {_is_within("first_seen", "last_seen")}
"""  # noqa: S608 - made of constants


def _head_hours(sources: Sources) -> str:
    """Select hours without the uses of processes that ended before the span begins.

    An hour's row sums all processes of a deployment, so the first hour is summed again.
    """
    columns = f"hour, {_KEY}, count, first_seen, last_seen"
    first = f"""
SELECT * FROM {sources.uses}
WHERE intDiv(last_seen, {HOUR}) = {{hour:Int64}}
    AND (last_seen >= {{since:Int64}} OR process NOT IN (
        SELECT process FROM {sources.processes} GROUP BY process HAVING max(till) < {{since:Int64}}
    ))
"""  # noqa: S608 - made of constants
    return f"""(
SELECT {columns} FROM {sources.hours} WHERE hour > {{hour:Int64}}
UNION ALL SELECT {columns} FROM ({by_hour(f"({first})")})
)"""  # noqa: S608 - made of constants


def _counts(sources: Sources, span: Span) -> str:
    """Choose the tables that answer for a span with the fewest rows."""
    if sources.ever and not span.since and not span.until:
        return f"""
SELECT {_KEY}, count, first_seen, last_seen FROM {sources.ever}
WHERE {MINE} AND {_OF_RULE} AND {_NO_RUN}
"""  # noqa: S608 - made of constants
    head = _head_hours(sources) if span.since % HOUR else sources.hours
    if not sources.days:
        return _part(head, "hour", "hour", "last_hour")
    return " UNION ALL ".join(
        [
            _part(head, "hour", "hour", "last_hour_of_head"),
            _part(sources.days, "day", "whole_day", "last_whole_day"),
            _part(sources.hours, "hour", "hour_of_tail", "last_hour"),
        ]
    )


def uses(sources: Sources, span: Span) -> str:
    """Return the query for the fields of ``SiteUses``."""
    return f"""
SELECT rule, {_SITE}, outcome, count, first_seen, last_seen
FROM (
    SELECT rule, site, outcome, {_ADD_UP} FROM ({_counts(sources, span)})
    GROUP BY rule, site, outcome
) AS found ANY LEFT JOIN (SELECT * FROM {sources.sites}) AS place USING site
ORDER BY rule, file, line, outcome
"""  # noqa: S608 - made of constants


def rule_uses(sources: Sources, span: Span) -> str:
    """Return the query for the fields of ``RuleUses``."""
    return f"""
SELECT rule, sumIf(count, probe = 0), sumIf(count, probe = 1), uniqExactIf(site, probe = 0),
       minIf(first_seen, probe = 0), maxIf(last_seen, probe = 0)
FROM ({_counts(sources, span)}) GROUP BY rule ORDER BY rule
"""  # noqa: S608 - made of constants


def uses_in_time(sources: Sources, bucket: int) -> str:
    """Return the query for the fields of ``UsesInTime``; ``start`` is in buckets.

    Raises:
        ValueError: if the bucket is not an hour, a day or a week.

    """
    if bucket not in (HOUR, DAY, WEEK):
        message = f"a bucket is an hour, a day or a week, not {bucket} ns"
        raise ValueError(message)
    origin = bucket_start(0, bucket)
    start = f"intDiv(hour - {origin // HOUR}, {bucket // HOUR})"
    table, when = sources.hours, "hour BETWEEN {day:Int64} * 24 AND {last_day:Int64} * 24 + 23"
    if bucket == HOUR:
        when = "hour BETWEEN {hour:Int64} AND {last_hour:Int64}"
    elif sources.days:
        start = f"intDiv(day - {origin // DAY}, {bucket // DAY})"
        table, when = sources.days, "day BETWEEN {day:Int64} AND {last_day:Int64}"
    return f"""
SELECT {start} AS start, rule, sum(count) FROM {table}
WHERE {when} AND probe = 0 AND {MINE} AND {_OF_RULE} AND {_NO_RUN}
GROUP BY start, rule ORDER BY start, rule
"""  # noqa: S608 - made of constants


def sites_in_time(sources: Sources) -> str:
    """Return the query for the fields of ``SitesInTime``; ``start`` is in days."""
    table, start = sources.days or sources.hours, "day" if sources.days else "intDiv(hour, 24)"
    return f"""
SELECT {start} AS start, rule, uniqExact(site) FROM {table}
WHERE start BETWEEN {{day:Int64}} AND {{last_day:Int64}}
    AND probe = 0 AND {MINE} AND {_OF_RULE} AND {_NO_RUN}
GROUP BY start, rule ORDER BY start, rule
"""  # noqa: S608 - made of constants


def active_sites(sources: Sources) -> str:
    """Return the query for the days and the sums of ``SitesInTime``."""
    return f"""
SELECT start, sum(sites) FROM (
    SELECT start, sites FROM ({sites_in_time(sources)}) AS each (start, rule, sites)
) GROUP BY start ORDER BY start
"""  # noqa: S608 - made of constants


def new_sites(sources: Sources) -> str:
    """Return the query for the fields of ``SiteUses`` of call sites never seen before the span.

    Whoever used a call site before counts, whatever is filtered: but not beyond what a reader may
    know.
    """
    ever = sources.ever or sources.hours
    return f"""
SELECT rule, {_SITE}, outcome, count, first_seen, last_seen
FROM (
    SELECT rule, site, outcome, {_ADD_UP} FROM {ever}
    WHERE {MINE} AND {_NO_RUN} AND (rule, site) IN (
        SELECT rule, site FROM {ever} WHERE probe = 0 AND {_OF_SERVICES} GROUP BY rule, site
        HAVING {_is_within("min(first_seen)", "min(first_seen)")}
    )
    GROUP BY rule, site, outcome
) AS found ANY LEFT JOIN (SELECT * FROM {sources.sites}) AS place USING site
ORDER BY first_seen DESC, rule, file, line, outcome
"""  # noqa: S608 - made of constants


def service_uses(sources: Sources, span: Span) -> str:
    """Return the query for the fields of ``ServiceUses``."""
    return f"""
SELECT rule, {_DEPLOYMENT}, sum(count), uniqExact(site), min(first_seen), max(last_seen)
FROM ({_counts(sources, span)}) WHERE probe = 0
GROUP BY rule, {_DEPLOYMENT} ORDER BY rule, {_DEPLOYMENT}
"""  # noqa: S608 - made of constants


def site_service_uses(sources: Sources, span: Span) -> str:
    """Return the query for the fields of ``SiteServiceUses``."""
    return f"""
SELECT rule, file, line, function, {_DEPLOYMENT}, {_ADD_UP}
FROM (
    SELECT rule, site, {_DEPLOYMENT}, {_ADD_UP} FROM ({_counts(sources, span)})
    WHERE probe = 0 GROUP BY rule, site, {_DEPLOYMENT}
) AS found ANY LEFT JOIN (SELECT * FROM {sources.sites}) AS place USING site
GROUP BY rule, file, line, function, {_DEPLOYMENT}
ORDER BY rule, file, line, function, {_DEPLOYMENT}
"""  # noqa: S608 - made of constants
