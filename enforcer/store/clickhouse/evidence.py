"""The SQL of ClickHouse's evidence for verdicts: lives of processes, uses, pauses, losses.

None of it depends on a filter: a verdict is a fact of a rule.
"""

from enforcer.store.clickhouse import presence
from enforcer.store.clickhouse.presence import ids, processes, rule_sets
from enforcer.store.clickhouse.records import SITE_FIELDS
from enforcer.store.clickhouse.sources import Sources
from enforcer.store.sqlite.schema import HOUR

_SITE = ", ".join(field for field in SITE_FIELDS if field not in ("module", "names", "via"))
_ADD_UP = "sum(count) AS count, min(first_seen) AS first_seen, max(last_seen) AS last_seen"


def lives(sources: Sources) -> str:
    """Return the query for the fields of ``ProcessLife``, with its first heartbeat for spans."""
    return f"""
SELECT found.process, service, version, environment, digest, began, written, final
FROM ({processes(sources)}) AS found
LEFT JOIN (SELECT process, digest FROM ({rule_sets(sources)})) AS map ON map.process = found.process
LEFT JOIN (
    SELECT process, argMax(ending, ended) AS final FROM {sources.endings} GROUP BY process
) AS last ON last.process = found.process
ORDER BY began, found.process
"""  # noqa: S608 - made of constants


def silences(sources: Sources) -> str:
    """Return the query for the long silences of processes: process, beginning and end."""
    return (
        f"SELECT process, before, since FROM ({presence.silences(sources)}) ORDER BY process, since"  # noqa: S608 - constants
    )


def uses(sources: Sources) -> str:
    """Return the query for the fields of ``DeployedUses``."""
    return f"""
SELECT rule, {_SITE}, outcome, service, environment, count, first_seen, last_seen
FROM (
    SELECT rule, site, outcome, service, environment, {_ADD_UP}
    FROM {sources.ever or sources.hours} WHERE probe = 0
    GROUP BY rule, site, outcome, service, environment
) AS found ANY LEFT JOIN (SELECT * FROM {sources.sites}) AS place USING site
ORDER BY rule, file, line, outcome, service, environment
"""  # noqa: S608 - made of constants


def pauses(sources: Sources, *, by_service: bool) -> str:
    """Return the query for the fields of ``UsePause``, by function or by service."""
    table, day = sources.days or sources.hours, "day" if sources.days else "intDiv(hour, 24)"
    caller = "'' AS file, '' AS function" if by_service else "file, function"
    return f"""
SELECT rule, service, environment, file, function, length(used),
       arrayMax(arrayMap(
           (later, earlier) -> if(later.3 > earlier.3, later.3 - earlier.3, 0),
           if(length(used) > 1, arrayPopFront(used), used),
           if(length(used) > 1, arrayPopBack(used), used)
       )) AS longest, used[1].2, used[-1].3
FROM (
    SELECT rule, service, environment, file, function,
           arraySort(groupArray((used_on, first_seen, last_seen))) AS used
    FROM (
        SELECT rule, service, environment, {caller}, {day} AS used_on,
               min(first_seen) AS first_seen, max(last_seen) AS last_seen
        FROM (
            SELECT * FROM {table}
            WHERE probe = 0
                AND rule IN (SELECT arrayJoin(JSONExtract({{legacies:String}}, 'Array(String)')))
        ) AS each ANY LEFT JOIN (SELECT * FROM {sources.sites}) AS place USING site
        GROUP BY rule, service, environment, file, function, used_on
    )
    GROUP BY rule, service, environment, file, function
)
ORDER BY rule, service, environment, file, function
"""  # noqa: S608 - made of constants


def lost(sources: Sources) -> str:
    """Return the query for the fields of ``LostUses``.

    What the process counts as lost: since it began (temporality cumulative), or since the count
    before (delta). And what its log events miss, because somebody samples them, or drops them.
    """
    counter = "process, error, is_sum, start"
    return f"""
SELECT service, environment, hour * {HOUR}, sum(lost) FROM (
SELECT service, environment, hour, lost FROM (
    SELECT process, hour, if(is_sum, toInt64(top) - toInt64(lagInFrame(top, 1, 0) OVER (
        PARTITION BY {counter} ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )), toInt64(added)) AS lost
    FROM (
        SELECT {counter}, hour, max(value) AS top, sum(value) AS added FROM (
            SELECT {counter}, time, intDiv(time, {HOUR}) AS hour, any(value) AS value
            FROM {sources.drops} GROUP BY {counter}, time
        ) GROUP BY {counter}, hour
    )
) AS found INNER JOIN ({processes(sources)}) AS process USING process
UNION ALL {_missing(sources)}
) WHERE hour >= {{hour:Int64}}
GROUP BY service, environment, hour HAVING sum(lost) > 0 ORDER BY hour, service, environment
"""  # noqa: S608 - made of constants


def _missing(sources: Sources) -> str:
    """Return the query for the uses that come before others of their call site, and never came.

    The id of a log event has the process, the call site, and after how many of its uses it begins:
    the next one begins where it ends.
    """
    return f"""
SELECT any(service) AS service, any(environment) AS environment,
       intDiv(max(last_seen), {HOUR}) AS hour,
       toInt64(max(begin + count)) - toInt64(min(begin)) - toInt64(sum(count)) AS lost
FROM (
    SELECT *, toUInt64(splitByChar('-', id)[3]) AS begin FROM {sources.uses}
    WHERE last_seen >= {{since:Int64}} AND match(id, '^[0-9a-f]+-[0-9a-f]{{16}}-[0-9]+$')
)
GROUP BY process, splitByChar('-', id)[2] HAVING lost > 0
"""  # noqa: S608 - made of constants


def notices(sources: Sources) -> str:
    """Return the query for the fields of ``ProcessNotice``."""
    return f"""
SELECT process, service, environment, kind, subject, text, written
FROM (
    SELECT DISTINCT process, kind, subject, text FROM {sources.notices}
    WHERE kind IN (SELECT arrayJoin(JSONExtract({{kinds:String}}, 'Array(String)')))
        AND process IN ({ids(sources)})
) AS noted INNER JOIN ({processes(sources)}) AS found USING process
ORDER BY written DESC, process, kind, subject
"""  # noqa: S608 - made of constants
