"""Write the SQL that the boards for ClickHouse ask.

It reads the roll-ups that ``enforcer store init`` makes, so that it costs what they cost and not
what all log records cost; of the collector's own tables only the traces are read. What begins
with a dollar sign is put in by Grafana and its plugin for ClickHouse.
"""

from typing import Final

_SECOND: Final = 1_000_000_000
_HOUR: Final = 3_600
_DAY: Final = 86_400

_FROM: Final = "toUnixTimestamp($__fromTime)"
_TO: Final = "toUnixTimestamp($__toTime)"
_BUCKET: Final = "toIntervalSecond($__interval_s)"


def _chosen(*variables: str) -> str:
    """Keep what is chosen at the top of the dashboard."""
    return " AND ".join(
        f"$__conditionalAll({name} IN (${{{name}:singlequote}}), ${name})" for name in variables
    )


_DEPLOYED: Final = _chosen("service", "environment")
_CHOSEN: Final = _chosen("service", "environment", "rule")

_HOURS: Final = f"""
    enforcer_use_by_hour
WHERE hour BETWEEN intDiv({_FROM}, {_HOUR}) AND intDiv({_TO}, {_HOUR})
    AND NOT probe AND {_CHOSEN}"""
"""Uses by the hour, of whole hours."""

_EARLIER: Final = f"{_FROM} - ({_TO} - {_FROM})"
_HOURS_BEFORE: Final = f"""
    enforcer_use_by_hour
WHERE hour BETWEEN intDiv({_EARLIER}, {_HOUR}) AND intDiv({_FROM}, {_HOUR}) - 1
    AND NOT probe AND {_CHOSEN}"""
"""The same of the period of the same length before the time range."""

_EVER: Final = f"enforcer_use_ever WHERE NOT probe AND {_CHOSEN}"


def _present(since: str, until: str) -> str:
    """Select the processes that watched in a time."""
    return f"""(
    SELECT process, service, version, environment, min(since) AS began, max(till) AS written
    FROM enforcer_process WHERE {_DEPLOYED}
    GROUP BY process, service, version, environment
    HAVING written >= ({since}) * {_SECOND} AND began <= {until} * {_SECOND}
)"""


_PRESENT: Final = _present(_FROM, _TO)

_PRESENT_IDS: Final = f"(SELECT process FROM {_PRESENT})"

_SITES: Final = """(
    SELECT site, any(path) AS path, any(file) AS file, any(line) AS line,
        any(function) AS function, any(module) AS module, any(mechanism) AS mechanism,
        any(names) AS names, any(via) AS via, any(relation) AS relation,
        any(distribution) AS distribution
    FROM enforcer_site GROUP BY site
)"""
"""Call sites, each once: rows that are the same are merged only in time."""


def _time(nanoseconds: str) -> str:
    return f"fromUnixTimestamp64Nano({nanoseconds})"


SERVICES: Final = "SELECT DISTINCT service FROM enforcer_process ORDER BY service"
ENVIRONMENTS: Final = """
SELECT DISTINCT environment FROM enforcer_process WHERE environment != '' ORDER BY environment
"""
RULES: Final = """
SELECT rule FROM enforcer_watched UNION DISTINCT SELECT rule FROM enforcer_use_ever ORDER BY rule
"""


def _known(value: str, *, before: bool = False) -> str:
    """Aggregate uses, to nothing where nobody watched: a zero would say that all is well."""
    present = _present(_EARLIER, _FROM) if before else _PRESENT
    hours = _HOURS_BEFORE if before else _HOURS
    watched = f"(SELECT count() FROM {present})"
    return f"SELECT if(count() = 0 AND {watched} = 0, NULL, {value}) FROM {hours}"


RULES_WATCHED: Final = f"""
SELECT if((SELECT count() FROM {_PRESENT}) = 0, NULL, uniqExact(rule)) FROM enforcer_watched
WHERE {_chosen("rule")} AND process IN {_PRESENT_IDS}
"""
_USED, _SUM, _COUNTED = "uniqExact(rule)", "sum(count)", "uniqExact(site)"
_BLOCKED: Final = "sumIf(count, outcome = 'blocked')"
RULES_USED: Final = _known(_USED)
USES: Final = _known(_SUM)
CALL_SITES: Final = _known(_COUNTED)
REFUSED: Final = _known(_BLOCKED)
RULES_USED_BEFORE: Final = _known(_USED, before=True)
USES_BEFORE: Final = _known(_SUM, before=True)
CALL_SITES_BEFORE: Final = _known(_COUNTED, before=True)
REFUSED_BEFORE: Final = _known(_BLOCKED, before=True)

_COUNTS_OF_LOST: Final = """(
    SELECT DISTINCT process, error, is_sum, start, time, toInt64(value) AS value FROM enforcer_drop
)"""
LOST: Final = f"""
SELECT if((SELECT count() FROM {_PRESENT}) = 0, NULL, sum(lost)) FROM (
    SELECT if(is_sum,
        maxIf(value, time <= {_TO} * {_SECOND}) - maxIf(value, time < {_FROM} * {_SECOND}),
        sumIf(value, time BETWEEN {_FROM} * {_SECOND} AND {_TO} * {_SECOND})) AS lost
    FROM {_COUNTS_OF_LOST} WHERE process IN {_PRESENT_IDS}
    GROUP BY process, error, is_sum, start
)
"""

_MOST_USED: Final = f"(SELECT rule FROM {_HOURS} GROUP BY rule ORDER BY sum(count) DESC LIMIT 20)"
USES_IN_TIME: Final = f"""
SELECT toStartOfInterval(toDateTime(hour * {_HOUR}), {_BUCKET}) AS time,
    if(rule IN {_MOST_USED}, toString(rule), 'all others') AS path, sum(count) AS uses
FROM {_HOURS} GROUP BY time, path ORDER BY time
"""
USES_IN_TIME_BY_VERSION: Final = f"""
SELECT toStartOfInterval(toDateTime(hour * {_HOUR}), {_BUCKET}) AS time,
    trim(concat(service, ' ', version)) AS deployment, sum(count) AS uses
FROM {_HOURS} GROUP BY time, deployment ORDER BY time
"""
SITES_IN_TIME: Final = f"""
SELECT toDateTime(day * {_DAY}) AS time, rule, uniqExact(site) AS sites
FROM enforcer_use_by_day
WHERE day BETWEEN intDiv({_FROM}, {_DAY}) AND intDiv({_TO}, {_DAY}) AND NOT probe AND {_CHOSEN}
GROUP BY time, rule ORDER BY time
"""
NEW_SITES_IN_TIME: Final = f"""
SELECT toDateTime(intDiv(first, {_DAY * _SECOND}) * {_DAY}) AS time, rule, count() AS sites
FROM (SELECT rule, site, min(first_seen) AS first FROM {_EVER} GROUP BY rule, site)
WHERE first BETWEEN {_FROM} * {_SECOND} AND {_TO} * {_SECOND}
GROUP BY time, rule ORDER BY time
"""

USES_BY_SERVICE: Final = f"""
SELECT rule, service, environment, version, sum(count) AS uses, uniqExact(site) AS sites,
    {_time("max(last_seen)")} AS last
FROM {_HOURS} GROUP BY rule, service, environment, version ORDER BY uses DESC LIMIT 1000
"""
SERVICES_RANKED: Final = f"""
SELECT service, sum(count) AS uses FROM {_HOURS} GROUP BY service ORDER BY uses DESC LIMIT 20
"""
_NAMED_CALLER: Final = "if(site.relation = 'own', 'own code', site.distribution)"
CALLERS_RANKED: Final = f"""
SELECT if({_NAMED_CALLER} = '', 'unknown', {_NAMED_CALLER}) AS caller, sum(uses.found) AS total
FROM (SELECT site, sum(count) AS found FROM {_HOURS} GROUP BY site) AS uses
INNER JOIN {_SITES} AS site ON site.site = uses.site
GROUP BY caller ORDER BY total DESC LIMIT 20
"""
NEW_SITES: Final = f"""
SELECT {_time("ever.first")} AS first, ever.rule AS rule, site.file AS file, site.line AS line,
    site.function AS function, ever.services AS services, ever.uses AS uses
FROM (
    SELECT rule, site, min(first_seen) AS first, sum(count) AS uses,
        arrayStringConcat(arraySort(groupUniqArray(service)), ', ') AS services
    FROM {_EVER} GROUP BY rule, site
    HAVING first BETWEEN {_FROM} * {_SECOND} AND {_TO} * {_SECOND}
) AS ever INNER JOIN {_SITES} AS site ON site.site = ever.site
ORDER BY first DESC LIMIT 1000
"""

DEPLOYS: Final = f"""
SELECT {_time("first")} AS time, trim(concat(service, ' ', version, ' ', environment)) AS text,
    'deploy' AS tags
FROM (
    SELECT service, version, environment, min(since) AS first FROM enforcer_process
    WHERE version != '' AND {_DEPLOYED} GROUP BY service, version, environment
)
WHERE first BETWEEN {_FROM} * {_SECOND} AND {_TO} * {_SECOND} ORDER BY time LIMIT 200
"""
REMOVAL_DAYS: Final = f"""
SELECT toDateTime(assumeNotNull(toDateOrNull(planned)), 'UTC') AS time,
    concat(rule, ' is to be removed') AS text, 'removal' AS tags
FROM (
    SELECT rule, argMax(removal, since) AS planned
    FROM (SELECT * FROM enforcer_watched WHERE {_chosen("rule")}) AS seen
    INNER JOIN enforcer_process AS process ON process.process = seen.process
    GROUP BY rule
)
WHERE toDateOrNull(planned) BETWEEN toDate($__fromTime) AND toDate($__toTime)
ORDER BY time LIMIT 200
"""

_DAYS_LEFT: Final = "dateDiff('day', toDate(now('UTC')), toDateOrNull(watched.removal))"
RULES_LISTED: Final = f"""
SELECT watched.rule AS rule, watched.canonical AS canonical, watched.stage AS stage,
    watched.removal AS removal, {_DAYS_LEFT} AS days,
    watched.processes AS processes, used.uses AS uses, used.sites AS sites,
    if(used.last = 0, NULL, {_time("used.last")}) AS last
FROM (
    SELECT rule, argMax(canonical, began) AS canonical, argMax(stage, began) AS stage,
        argMax(removal, began) AS removal, uniqExact(process) AS processes
    FROM (SELECT * FROM enforcer_watched WHERE {_chosen("rule")}) AS seen
    INNER JOIN {_PRESENT} AS present ON present.process = seen.process
    GROUP BY rule
) AS watched
LEFT JOIN (
    SELECT rule, sum(count) AS uses, uniqExact(site) AS sites, max(last_seen) AS last
    FROM {_HOURS} GROUP BY rule
) AS used ON used.rule = watched.rule
"""
RULES_TO_BE_REMOVED: Final = f"""
SELECT rule, canonical, stage, removal, days, uses, sites, last FROM ({RULES_LISTED})
WHERE removal != '' ORDER BY days IS NULL, days, removal
"""


def _day_ago(days: int) -> str:
    return f"toUInt32(toUnixTimestamp(now()) / {_DAY}) - {days}"


RULES_QUIET: Final = f"""
SELECT watched.rule AS rule, watched.canonical AS canonical, watched.days AS watched_days,
    used.within90 AS uses90, if(used.last = 0, NULL, {_time("used.last")}) AS last
FROM (
    SELECT rule, argMax(canonical, since) AS canonical,
        intDiv(toUnixTimestamp(now()) - intDiv(min(since), {_SECOND}), {_DAY}) AS days,
        max(till) AS heard
    FROM (SELECT * FROM enforcer_watched WHERE {_chosen("rule")}) AS seen
    INNER JOIN enforcer_process AS process ON process.process = seen.process
    GROUP BY rule HAVING heard >= (toUnixTimestamp(now()) - 90 * {_DAY}) * {_SECOND}
) AS watched
LEFT JOIN (
    SELECT rule, sumIf(count, day > {_day_ago(30)}) AS within30, sum(count) AS within90,
        max(last_seen) AS last
    FROM enforcer_use_by_day WHERE day > {_day_ago(90)} AND NOT probe GROUP BY rule
) AS used ON used.rule = watched.rule
WHERE used.within30 = 0
ORDER BY uses90, watched_days DESC, rule
"""
"""Of fixed periods, and of the whole fleet: a filter must not make a path look unused."""

_MINUTES: Final = f"""
        enforcer_minute
    WHERE minute BETWEEN intDiv({_FROM}, 60) AND intDiv({_TO}, 60) AND process IN {_PRESENT_IDS}"""
"""A row for each minute in which a process told that it watched: many, so each is read once."""

PROCESSES_IN_TIME: Final = f"""
SELECT toDateTime(bucket * $__interval_s) AS time, service, uniqExact(heard.process) AS processes
FROM (
    SELECT process, arrayJoin(groupUniqArray(intDiv(minute * 60, $__interval_s))) AS bucket
    FROM {_MINUTES} GROUP BY process
) AS heard INNER JOIN {_PRESENT} AS present ON present.process = heard.process
GROUP BY time, service ORDER BY time
"""
_SILENCES: Final = f"""(
    SELECT process, 60 * arrayMax(arrayDifference(arraySort(groupArray(minute)))) AS longest
    FROM {_MINUTES} GROUP BY process
)"""
SERVICES_LISTED: Final = f"""
SELECT present.service AS service, present.environment AS environment, present.version AS version,
    uniqExact(present.process) AS processes, {_time("min(present.began)")} AS began,
    {_time("max(present.written)")} AS heard,
    dateDiff('second', heard, now64(9)) AS silent,
    max(silence.longest) AS longest
FROM {_PRESENT} AS present LEFT JOIN {_SILENCES} AS silence ON silence.process = present.process
GROUP BY service, environment, version ORDER BY silent DESC
"""
LOST_IN_TIME: Final = f"""
SELECT toStartOfInterval({_time("told")}, {_BUCKET}) AS time, error, sum(lost) AS records
FROM (
    SELECT time AS told, error, if(is_sum, value - lagInFrame(value) OVER (
        PARTITION BY process, error, is_sum, start ORDER BY time
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    ), value) AS lost
    FROM {_COUNTS_OF_LOST} WHERE process IN {_PRESENT_IDS}
)
WHERE told BETWEEN {_FROM} * {_SECOND} AND {_TO} * {_SECOND}
GROUP BY time, error ORDER BY time
"""

SITES_LISTED: Final = f"""
SELECT used.rule AS rule, site.path AS path, site.file AS file, site.line AS line,
    site.function AS function, site.module AS module, site.mechanism AS mechanism,
    site.names AS names, site.relation AS relation, site.distribution AS distribution,
    site.via AS via, used.outcome AS outcome, used.services AS services, used.uses AS uses,
    {_time("used.last")} AS last
FROM (
    SELECT rule, site, outcome, sum(count) AS uses, max(last_seen) AS last,
        arrayStringConcat(arraySort(groupUniqArray(service)), ', ') AS services
    FROM {_HOURS} GROUP BY rule, site, outcome
) AS used INNER JOIN {_SITES} AS site ON site.site = used.site
ORDER BY uses DESC LIMIT 1000
"""
FILES_RANKED: Final = f"""
SELECT site.file AS file, sum(used.found) AS total
FROM (SELECT site, sum(count) AS found FROM {_HOURS} GROUP BY site) AS used
INNER JOIN {_SITES} AS site ON site.site = used.site
GROUP BY file ORDER BY total DESC LIMIT 20
"""
MECHANISMS_RANKED: Final = f"""
SELECT site.mechanism AS mechanism, sum(used.found) AS total
FROM (SELECT site, sum(count) AS found FROM {_HOURS} GROUP BY site) AS used
INNER JOIN {_SITES} AS site ON site.site = used.site
GROUP BY mechanism ORDER BY total DESC
"""
TRACES: Final = f"""
SELECT Timestamp AS time, ServiceName AS service,
    SpanAttributes['deprecated_import.rule'] AS rule, SpanAttributes['code.file.path'] AS file,
    SpanAttributes['code.line.number'] AS line,
    SpanAttributes['code.function.name'] AS function, TraceId AS trace
FROM (
    SELECT *, ServiceName AS service, SpanAttributes['deprecated_import.rule'] AS rule,
        ResourceAttributes['deployment.environment.name'] AS environment
    FROM otel_traces
    WHERE $__timeFilter(Timestamp) AND SpanName = 'resolve deprecated_import'
)
WHERE {_CHOSEN}
ORDER BY time DESC LIMIT 100
"""
