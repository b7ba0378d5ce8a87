"""The SQL of a SQLite store's answers: uses, call sites and rules by span, filter and roll-up.

Each statement has the fields of a span as parameters, and its :func:`~enforcer.store.spans.bounds`.
"""

from typing import Final

from enforcer.recording.use import PROBE, CallSite
from enforcer.rules.model import DECLARED
from enforcer.store.queries import DAY, HOUR, WEEK, Span, bucket_start
from enforcer.store.spans import is_filtered

_OF_SERVICES = "(:services = '' OR instr(:services, char(10) || service || char(10)))"

DEPLOYMENTS: Final = f"""
SELECT key FROM deployment
WHERE :service IN ('', service) AND :version IN ('', version)
    AND :environment IN ('', environment) AND {_OF_SERVICES}
"""  # noqa: S608 - made of constants

PROCESSES: Final = f"""
SELECT key FROM process
WHERE written >= :since AND (:until = 0 OR started < :until) AND :run IN ('', run)
    AND deployment IN ({DEPLOYMENTS})
"""  # noqa: S608 - made of constants

_PROBE_SITES = f"SELECT key FROM call_site WHERE mechanism = '{PROBE}'"  # noqa: S608 - constants

RUNS: Final = "SELECT DISTINCT run FROM process ORDER BY run DESC"

_RULE = ", ".join(("legacy", "kind", *DECLARED))

_SITE = ", ".join(CallSite.__slots__)

RULES: Final = f"""
WITH newest AS (
    SELECT map, max(started) AS started FROM process WHERE key IN ({PROCESSES}) GROUP BY map
)
SELECT {_RULE}, max(started)
FROM newest JOIN declaration USING (map) JOIN rule ON rule.key = declaration.rule
GROUP BY rule.key
"""  # noqa: S608 - made of constants

MAP_RULES: Final = f"""
SELECT {_RULE}
FROM map JOIN declaration ON map = map.key JOIN rule ON rule.key = declaration.rule
WHERE digest = :digest ORDER BY legacy
"""  # noqa: S608 - made of constants

FIRST_HOUR: Final = "SELECT value FROM state WHERE name = 'first_hour'"

DROPPED: Final = f"""
SELECT coalesce(sum(count), 0) FROM dropped
WHERE hour BETWEEN :hour AND :last_hour AND process IN ({PROCESSES})
"""  # noqa: S608 - made of constants

LAST_WRITTEN: Final = f"""
SELECT coalesce(max(written), 0) FROM process WHERE key IN ({PROCESSES})
"""  # noqa: S608 - made of constants

NOTICES: Final = f"""
SELECT kind, subject, text, count(*) FROM notice WHERE process IN ({PROCESSES})
GROUP BY kind, subject, text ORDER BY kind, subject
"""  # noqa: S608 - made of constants

_COUNTS = "tally, deployment, count, first_seen, last_seen"

_BOUNDS = "last_seen >= :since AND (:until = 0 OR first_seen < :until)"

_OF_RULE = """
tally IN (SELECT tally.key FROM tally JOIN rule ON rule.key = tally.rule WHERE legacy = :legacy)
"""

# The rows of days are ordered by day and rule: one look-up per day skips all other rules.
_DAYS_OF_RULE = f"""
SELECT {_COUNTS} FROM (
    WITH RECURSIVE each (day) AS (
        SELECT max(:whole_day, (SELECT min(day) FROM use_by_day))
        UNION ALL
        SELECT day + 1 FROM each
        WHERE day < min(:last_whole_day, (SELECT max(day) FROM use_by_day))
    )
    SELECT use_by_day.* FROM each CROSS JOIN use_by_day USING (day)
    WHERE rule = (SELECT key FROM rule WHERE legacy = :legacy)
)
"""  # noqa: S608 - made of constants


# An hour's row sums all processes of a deployment. In the first hour of a span, the uses of
# processes that ended before the span begins are known one by one, and are subtracted.
_HEAD_HOURS = f"""
(
    SELECT hour, tally, deployment, first_seen, last_seen,
           count - CASE WHEN hour = :hour THEN coalesce(before, 0) ELSE 0 END AS count
    FROM use_by_hour LEFT JOIN (
        SELECT tally, deployment, sum(count) AS before
        FROM process JOIN use ON use.process = process.key
        WHERE written >= :hour * {HOUR} AND written < :since AND first_seen >= :hour * {HOUR}
        GROUP BY tally, deployment
    ) USING (tally, deployment)
)
"""  # noqa: S608 - made of constants


def _bounds(span: Span) -> str:
    # A filter that leaves nothing out is omitted: it would be checked for thousands of rows.
    return f"{_BOUNDS} AND deployment IN ({DEPLOYMENTS})" if is_filtered(span) else _BOUNDS


def _counts(span: Span, legacy: str = "") -> str:
    """Choose the tables that answer for a span with the fewest rows."""
    bounds = _bounds(span)
    only = f"{bounds} AND {_OF_RULE}" if legacy else bounds
    if span.run:
        return f"""
SELECT {_COUNTS}
FROM use JOIN process ON process.key = use.process WHERE run = :run AND {only}
"""  # noqa: S608 - made of constants
    if not span.since and not span.until:
        return f"SELECT {_COUNTS} FROM use_ever WHERE {only}"  # noqa: S608 - constants
    parts = [
        (
            _HEAD_HOURS if span.since % HOUR else "use_by_hour",
            "hour BETWEEN :hour AND :last_hour_of_head AND count > 0",
        ),
        ("use_by_hour", "hour BETWEEN :hour_of_tail AND :last_hour"),
    ]
    if not legacy:
        parts += [
            ("use_by_day", "day BETWEEN :whole_day AND :last_day_of_head"),
            ("use_by_month", "month BETWEEN :month AND :last_month"),
            ("use_by_day", "day BETWEEN :day_of_tail AND :last_whole_day"),
        ]
    selects = [f"SELECT {_COUNTS} FROM {table} WHERE {when} AND {only}" for table, when in parts]  # noqa: S608 - constants
    if legacy:
        selects.append(f"{_DAYS_OF_RULE} WHERE {bounds}")
    return " UNION ALL ".join(selects)


def _per(keys: str, span: Span, legacy: str = "") -> str:
    if keys == "tally" and not (span.since or span.until or is_filtered(span)):
        only = _OF_RULE if legacy else "true"
        return f"SELECT {keys}, count, first_seen, last_seen FROM total_ever WHERE {only}"  # noqa: S608 - constants
    return f"""
SELECT {keys}, sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM ({_counts(span, legacy)}) GROUP BY {keys}
"""  # noqa: S608 - made of constants


def uses(span: Span, legacy: str) -> str:
    """Return the query for the fields of ``SiteUses``."""
    # Summed before the join with the long texts of call sites, which would be sorted with the rows.
    return f"""
SELECT legacy, {_SITE}, outcome, count, first_seen, last_seen
FROM (
    SELECT rule, site, outcome,
           sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM ({_per("tally", span, legacy)}) JOIN tally ON tally.key = tally
    GROUP BY rule, site, outcome
) JOIN rule ON rule.key = rule JOIN call_site ON call_site.key = site
"""  # noqa: S608 - made of constants


def rule_uses(span: Span) -> str:
    """Return the query for the fields of ``RuleUses``."""
    is_use = f"mechanism <> '{PROBE}'"
    return f"""
SELECT legacy, coalesce(sum(count) FILTER (WHERE {is_use}), 0),
       coalesce(sum(count) FILTER (WHERE NOT {is_use}), 0),
       count(DISTINCT tally.site) FILTER (WHERE {is_use}),
       coalesce(min(first_seen) FILTER (WHERE {is_use}), 0),
       coalesce(max(last_seen) FILTER (WHERE {is_use}), 0)
FROM ({_per("tally", span)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = tally.rule JOIN call_site ON call_site.key = tally.site
GROUP BY tally.rule ORDER BY legacy
"""  # noqa: S608 - made of constants


def uses_in_time(span: Span, bucket: int) -> str:
    """Return the query for the fields of ``UsesInTime``; ``start`` is in buckets.

    Raises:
        ValueError: if the bucket is not an hour, a day or a week.

    """
    if bucket not in (HOUR, DAY, WEEK):
        message = f"a bucket is an hour, a day or a week, not {bucket} ns"
        raise ValueError(message)
    origin = bucket_start(0, bucket)
    if span.run:
        counts = f"""
SELECT (last_seen - {origin}) / {bucket} AS start, tally.rule AS rule, sum(count) AS count
FROM ({_counts(span)}) JOIN tally ON tally.key = tally
WHERE site NOT IN ({_PROBE_SITES}) GROUP BY 1, 2
"""  # noqa: S608 - made of constants
    elif bucket == HOUR:
        counts = f"""
SELECT hour AS start, rule, sum(count) AS count FROM rule_by_hour
WHERE hour BETWEEN :hour AND :last_hour AND deployment IN ({DEPLOYMENTS}) GROUP BY hour, rule
"""  # noqa: S608 - made of constants
    else:
        table = f"rule_by_day WHERE deployment IN ({DEPLOYMENTS})"
        if not is_filtered(span):
            table = "total_by_day WHERE true"
        counts = f"""
SELECT (day - {origin // DAY}) / {bucket // DAY} AS start, rule, sum(count) AS count FROM {table}
    AND day BETWEEN :day AND :last_day GROUP BY 1, 2
"""  # noqa: S608 - made of constants
    return f"""
SELECT start, legacy, count FROM ({counts}) JOIN rule ON rule.key = rule
WHERE count > 0 AND :legacy IN ('', legacy) ORDER BY start, legacy
"""  # noqa: S608 - made of constants


def sites_in_time(span: Span) -> str:
    """Return the query for the fields of ``SitesInTime``; ``start`` is in days."""
    return f"""
SELECT start, legacy, sites FROM ({_sites_per_day(span)}) JOIN rule ON rule.key = rule
WHERE sites > 0 ORDER BY start, legacy
"""  # noqa: S608 - made of constants


def active_sites(span: Span) -> str:
    """Return the query for the days and the sums of ``SitesInTime``."""
    return f"""
SELECT start, sum(sites) FROM ({_sites_per_day(span)}) JOIN rule ON rule.key = rule
WHERE sites > 0 AND :legacy IN ('', legacy) GROUP BY start ORDER BY start
"""  # noqa: S608 - made of constants


def _sites_per_day(span: Span) -> str:
    if span.run:
        return f"""
SELECT last_seen / {DAY} AS start, tally.rule AS rule, count(DISTINCT site) AS sites
FROM ({_counts(span)}) JOIN tally ON tally.key = tally
WHERE site NOT IN ({_PROBE_SITES}) GROUP BY 1, 2
"""  # noqa: S608 - made of constants
    if is_filtered(span):
        return f"""
SELECT day AS start, rule, count(DISTINCT site) AS sites FROM use_by_day
WHERE day BETWEEN :day AND :last_day AND deployment IN ({DEPLOYMENTS})
    AND site NOT IN ({_PROBE_SITES})
GROUP BY day, rule
"""  # noqa: S608 - made of constants
    return """
SELECT day AS start, rule, sites FROM total_by_day WHERE day BETWEEN :day AND :last_day
"""


def new_sites(span: Span) -> str:
    """Return the query for the fields of ``SiteUses`` of call sites never seen before the span.

    Whoever used a call site before counts, whatever is filtered: but not beyond what a reader may
    know.
    """
    ever, known = "total_ever", "true"
    if span.services:
        ever = "use_ever"
        known = f"deployment IN (SELECT key FROM deployment WHERE {_OF_SERVICES})"  # noqa: S608 - constants
    return f"""
WITH fresh AS (
    SELECT rule, site FROM {ever} JOIN tally ON tally.key = tally
    WHERE site NOT IN ({_PROBE_SITES}) AND {known}
    GROUP BY rule, site
    HAVING min(first_seen) >= :since AND (:until = 0 OR min(first_seen) < :until)
)
SELECT legacy, {_SITE}, outcome, sum(count), min(first_seen), max(last_seen)
FROM fresh JOIN tally USING (rule, site) JOIN use_ever ON tally = tally.key
JOIN rule ON rule.key = tally.rule JOIN call_site ON call_site.key = tally.site
WHERE deployment IN ({DEPLOYMENTS})
GROUP BY tally.rule, tally.site, outcome ORDER BY min(first_seen) DESC
"""  # noqa: S608 - made of constants


def service_uses(span: Span, legacy: str) -> str:
    """Return the query for the fields of ``ServiceUses``."""
    return f"""
SELECT legacy, service, version, environment, sum(count), count(DISTINCT site),
       min(first_seen), max(last_seen)
FROM ({_per("tally, deployment", span, legacy)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = rule JOIN deployment ON deployment.key = deployment
WHERE site NOT IN ({_PROBE_SITES})
GROUP BY rule.key, deployment.key ORDER BY legacy, service, version, environment
"""  # noqa: S608 - made of constants


def site_service_uses(span: Span, legacy: str) -> str:
    """Return the query for the fields of ``SiteServiceUses``."""
    return f"""
SELECT legacy, file, line, function, service, version, environment, sum(count),
       min(first_seen), max(last_seen)
FROM ({_per("tally, deployment", span, legacy)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = rule JOIN deployment ON deployment.key = deployment
JOIN call_site ON call_site.key = site
WHERE mechanism <> '{PROBE}'
GROUP BY file, line, function, deployment.key
ORDER BY file, line, function, service, version, environment
"""  # noqa: S608 - made of constants
