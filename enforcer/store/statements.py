"""Write the SQL that answers what is asked of a SQLite store.

Each statement takes the fields of a span as values, and its :func:`bounds`.
"""

from enforcer.recording.use import PROBE
from enforcer.store.queries import DAY, HOUR, Span

_END = 2**63
_DAY = DAY // HOUR


def bounds(span: Span, first_hour: int) -> dict[str, int]:
    """Give the hours and the days that a span touches, and which of the days are whole.

    Before the first whole day comes a head of hours, after the last one a tail.

    Args:
        span: the span.
        first_hour: from when on hours are kept; before that, all days are whole.

    """
    hour, last_hour = span.since // HOUR, ((span.until or _END) - 1) // HOUR
    day, last_day = hour // _DAY, last_hour // _DAY
    if hour < first_hour:
        hour = day * _DAY
    if last_hour < first_hour:
        last_hour = last_day * _DAY + _DAY - 1
    whole_day, last_whole_day = -(-hour // _DAY), (last_hour + 1) // _DAY - 1
    return {
        "hour": hour,
        "last_hour": last_hour,
        "day": day,
        "last_day": last_day,
        "whole_day": whole_day,
        "last_whole_day": last_whole_day,
        "last_hour_of_head": min(whole_day * _DAY - 1, last_hour),
        "hour_of_tail": max(last_whole_day + 1, whole_day) * _DAY,
    }


DEPLOYMENTS = """
SELECT key FROM deployment
WHERE :service IN ('', service) AND :version IN ('', version)
    AND :environment IN ('', environment)
"""

PROCESSES = f"""
SELECT key FROM process
WHERE written >= :since AND (:until = 0 OR started < :until) AND :run IN ('', run)
    AND deployment IN ({DEPLOYMENTS})
"""  # noqa: S608 - made of constants

_PROBE_SITES = f"SELECT key FROM call_site WHERE mechanism = '{PROBE}'"  # noqa: S608 - constants

_BOUNDS = f"""
last_seen >= :since AND (:until = 0 OR first_seen < :until) AND deployment IN ({DEPLOYMENTS})
"""

_RULE = "legacy, kind, canonical, stage, reason, since, remove_after, removal, owner, link"

_SITE = """
path, file, line, function, module, mechanism, names, via, relation, distribution
"""

RULES = f"""
WITH newest AS (
    SELECT map, max(started) AS started FROM process WHERE key IN ({PROCESSES}) GROUP BY map
)
SELECT {_RULE}, max(started)
FROM newest JOIN declaration USING (map) JOIN rule ON rule.key = declaration.rule
GROUP BY rule.key
"""  # noqa: S608 - made of constants

FIRST_HOUR = "SELECT value FROM state WHERE name = 'first_hour'"

MAP_RULES = f"""
SELECT {_RULE}
FROM map JOIN declaration ON map = map.key JOIN rule ON rule.key = declaration.rule
WHERE digest = :digest ORDER BY legacy
"""  # noqa: S608 - made of constants

DROPPED = f"""
SELECT coalesce(sum(count), 0) FROM dropped
WHERE hour BETWEEN :hour AND :last_hour AND process IN ({PROCESSES})
"""  # noqa: S608 - made of constants

LAST_WRITTEN = f"""
SELECT coalesce(max(written), 0) FROM process WHERE key IN ({PROCESSES})
"""  # noqa: S608 - made of constants

NOTICES = f"""
SELECT kind, subject, text, count(*) FROM notice WHERE process IN ({PROCESSES})
GROUP BY kind, subject, text ORDER BY kind, subject
"""  # noqa: S608 - made of constants


_COUNTS = "tally, deployment, count, first_seen, last_seen"


def _counts(span: Span) -> str:
    """Choose the smallest table that has what a span needs."""
    if span.run:
        return f"""
SELECT {_COUNTS}
FROM use JOIN process ON process.key = use.process WHERE run = :run AND {_BOUNDS}
"""  # noqa: S608 - made of constants
    if not span.since and not span.until:
        return f"SELECT {_COUNTS} FROM use_ever WHERE {_BOUNDS}"  # noqa: S608 - constants
    return f"""
SELECT {_COUNTS} FROM use_by_hour WHERE hour BETWEEN :hour AND :last_hour_of_head AND {_BOUNDS}
UNION ALL
SELECT {_COUNTS} FROM use_by_day WHERE day BETWEEN :whole_day AND :last_whole_day AND {_BOUNDS}
UNION ALL
SELECT {_COUNTS} FROM use_by_hour WHERE hour BETWEEN :hour_of_tail AND :last_hour AND {_BOUNDS}
"""  # noqa: S608 - made of constants


def _per(keys: str, span: Span) -> str:
    return f"""
SELECT {keys}, sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM ({_counts(span)}) GROUP BY {keys}
"""  # noqa: S608 - made of constants


def uses(span: Span) -> str:
    """Write the query for the fields of ``SiteUses``."""
    return f"""
SELECT legacy, {_SITE}, outcome, sum(count), min(first_seen), max(last_seen)
FROM ({_per("tally", span)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = tally.rule JOIN call_site ON call_site.key = tally.site
WHERE :legacy IN ('', legacy)
GROUP BY tally.rule, tally.site, outcome
"""  # noqa: S608 - made of constants


def rule_uses(span: Span) -> str:
    """Write the query for the fields of ``RuleUses``."""
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
    """Write the query for the fields of ``UsesInTime``; ``start`` is in buckets."""
    if span.run:
        counts = f"""
SELECT last_seen / {bucket} AS start, tally.rule AS rule, sum(count) AS count
FROM ({_counts(span)}) JOIN tally ON tally.key = tally
WHERE site NOT IN ({_PROBE_SITES}) GROUP BY 1, 2
"""  # noqa: S608 - made of constants
    else:
        name = "day" if is_by_day(bucket) else "hour"
        counts = f"""
SELECT {name} AS start, rule, sum(count) AS count FROM rule_by_{name}
WHERE {name} BETWEEN :{name} AND :last_{name} AND deployment IN ({DEPLOYMENTS})
GROUP BY {name}, rule
"""  # noqa: S608 - made of constants
    return f"""
SELECT start, legacy, count FROM ({counts}) JOIN rule ON rule.key = rule
WHERE count > 0 AND :legacy IN ('', legacy) ORDER BY start, legacy
"""  # noqa: S608 - made of constants


def sites_in_time(span: Span) -> str:
    """Write the query for the fields of ``SitesInTime``; ``start`` is in days."""
    if span.run:
        counts = f"""
SELECT last_seen / {DAY} AS start, tally.rule AS rule, count(DISTINCT site) AS sites
FROM ({_counts(span)}) JOIN tally ON tally.key = tally
WHERE site NOT IN ({_PROBE_SITES}) GROUP BY 1, 2
"""  # noqa: S608 - made of constants
    else:
        counts = f"""
SELECT day AS start, rule, count(DISTINCT site) AS sites FROM use_by_day
WHERE day BETWEEN :day AND :last_day AND deployment IN ({DEPLOYMENTS})
    AND site NOT IN ({_PROBE_SITES})
GROUP BY day, rule
"""  # noqa: S608 - made of constants
    return f"""
SELECT start, legacy, sites FROM ({counts}) JOIN rule ON rule.key = rule ORDER BY start, legacy
"""  # noqa: S608 - made of constants


NEW_SITES = f"""
WITH fresh AS (
    SELECT rule, site FROM use_ever JOIN tally ON tally.key = tally
    WHERE site NOT IN ({_PROBE_SITES})
    GROUP BY rule, site
    HAVING min(first_seen) >= :since AND (:until = 0 OR min(first_seen) < :until)
)
SELECT legacy, {_SITE}, outcome, sum(count), min(first_seen), max(last_seen)
FROM fresh JOIN tally USING (rule, site) JOIN use_ever ON tally = tally.key
JOIN rule ON rule.key = tally.rule JOIN call_site ON call_site.key = tally.site
WHERE deployment IN ({DEPLOYMENTS})
GROUP BY tally.rule, tally.site, outcome ORDER BY min(first_seen) DESC
"""  # noqa: S608 - made of constants


def service_uses(span: Span) -> str:
    """Write the query for the fields of ``ServiceUses``."""
    return f"""
SELECT legacy, service, version, environment, sum(count), count(DISTINCT site),
       min(first_seen), max(last_seen)
FROM ({_per("tally, deployment", span)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = rule JOIN deployment ON deployment.key = deployment
WHERE :legacy IN ('', legacy) AND site NOT IN ({_PROBE_SITES})
GROUP BY rule.key, deployment.key ORDER BY legacy, service, version, environment
"""  # noqa: S608 - made of constants


def site_service_uses(span: Span) -> str:
    """Write the query for the fields of ``SiteServiceUses``."""
    return f"""
SELECT legacy, file, line, function, service, version, environment, sum(count),
       min(first_seen), max(last_seen)
FROM ({_per("tally, deployment", span)}) JOIN tally ON tally.key = tally
JOIN rule ON rule.key = rule JOIN deployment ON deployment.key = deployment
JOIN call_site ON call_site.key = site
WHERE :legacy = legacy AND mechanism <> '{PROBE}'
GROUP BY file, line, function, deployment.key
ORDER BY file, line, function, service, version, environment
"""  # noqa: S608 - made of constants


def is_by_day(bucket: int) -> bool:
    """Tell whether a bucket is a day, and not an hour.

    Raises:
        ValueError: if it is neither.

    """
    if bucket not in (HOUR, DAY):
        message = f"a bucket is an hour or a day, not {bucket} ns"
        raise ValueError(message)
    return bucket == DAY
