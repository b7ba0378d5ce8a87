"""The SQL of presence in ClickHouse: which processes watched, how they ended, what is missing.

Each export of a process's metrics names the rules that it watches. A process that exported nothing
for longer than ``{limit:Int64}`` nanoseconds was gone meanwhile.
"""

from enforcer.recording.notice import BLIND_KINDS
from enforcer.recording.process import CLOCKS_DIFFER
from enforcer.store.clickhouse.sources import Sources
from enforcer.store.clickhouse.statements import MINE
from enforcer.store.sqlite.schema import DAY

_DEPLOYMENT = "service, version, environment"
_FIELDS = "service, version, environment, host, pid, python, command"


def processes(sources: Sources) -> str:
    """Return the query for the processes that were alive in a span, with all their fields."""
    # Telemetry carries no `enforcer run`, so a question about one finds no process.
    newest = ", ".join(f"argMax({field}, till) AS {field}" for field in _FIELDS.split(", "))
    return f"""
SELECT process, {_FIELDS}, began, written FROM (
    SELECT process, {newest}, min(since) AS began, max(till) AS written
    FROM {sources.processes} WHERE {{run:String}} = '' GROUP BY process
)
WHERE written >= {{since:Int64}} AND ({{until:Int64}} = 0 OR began < {{until:Int64}})
    AND {MINE}
"""  # noqa: S608 - made of constants


def ids(sources: Sources) -> str:
    """Return the query for the ids of the processes that were alive in a span."""
    return f"SELECT process FROM ({processes(sources)})"  # noqa: S608 - constants


def count(sources: Sources) -> str:
    """Return the query for the number of processes, and the last heartbeat."""
    return f"SELECT count(), max(written) FROM ({processes(sources)})"  # noqa: S608 - constants


def services(sources: Sources) -> str:
    """Return the query for the fields of ``ServiceWatch``."""
    return f"""
SELECT {_DEPLOYMENT}, count(), greatest(min(began), {{since:Int64}}), max(written) AS till
FROM ({processes(sources)}) GROUP BY {_DEPLOYMENT} ORDER BY till DESC, {_DEPLOYMENT}
"""  # noqa: S608 - made of constants


def silences(sources: Sources) -> str:
    """Return the query for the silences that were too long, by process.

    There are many minutes, so each is read once. Of spans in any order, even if some overlap, the
    n-th that ends is followed by a silence if the next one in order of their beginnings is later.
    """
    return f"""
SELECT process, silence.1 AS since, silence.2 AS before FROM (
    SELECT process, arrayFilter(each -> each.1 - each.2 > {{limit:Int64}}, arrayZip(
        arrayPopFront(arraySort(groupArray(since))), arrayPopBack(arraySort(groupArray(till)))
    )) AS silences
    FROM {sources.minutes} WHERE process IN ({ids(sources)}) GROUP BY process
) ARRAY JOIN silences AS silence
"""  # noqa: S608 - made of constants


def gaps(sources: Sources) -> str:
    """Return the query for how many processes have gaps in a span, and the longest one."""
    return f"""
SELECT uniqExact(process), max(since - before) FROM ({silences(sources)})
WHERE since >= {{since:Int64}} AND ({{until:Int64}} = 0 OR before < {{until:Int64}})
"""  # noqa: S608 - made of constants


def endings(sources: Sources) -> str:
    """Return the query for how many processes ended in which way.

    If no process ever sent an ending, it is unknown how the silent ones ended.
    """
    return f"SELECT ending, count() FROM ({_with_endings(sources)}) GROUP BY ending"  # noqa: S608 - constants


# The last word on the end of a process counts unless it was heard of for long afterwards: it may
# have disabled the enforcer and enabled it again.
def _with_endings(sources: Sources) -> str:
    return f"""
SELECT found.*, multiIf(
    last.final != '' AND last.time + {{limit:Int64}} >= found.written, last.final,
    found.written + {{limit:Int64}} >= {{now:Int64}}
        AND found.written <= {{now:Int64}} + {CLOCKS_DIFFER}, 'running',
    (SELECT count() FROM {sources.endings}) > 0, 'vanished', 'unknown'
) AS ending
FROM ({processes(sources)}) AS found LEFT JOIN (
    SELECT process, argMax(ending, ended) AS final, max(ended) AS time
    FROM {sources.endings} GROUP BY process
) AS last ON last.process = found.process
"""  # noqa: S608 - made of constants


def rules(sources: Sources) -> str:
    """Return the query for each rule, as the process that began last had it."""
    return f"""
SELECT rule, argMax(canonical, began), argMax(stage, began), argMax(removal, began)
FROM {sources.watched} AS watched INNER JOIN ({processes(sources)}) AS found USING process
GROUP BY rule ORDER BY rule
"""  # noqa: S608 - made of constants


# Telemetry carries no digest of a map, so the database makes one of its rules. A family is the same
# without the stages, which are the third field.
def rule_sets(sources: Sources) -> str:
    """Return the query for the set of rules of each process."""
    return f"""
SELECT process, arraySort(groupUniqArray((rule, canonical, stage, removal))) AS rules,
       lower(hex(sipHash128(rules))) AS digest,
       lower(hex(sipHash128(arrayMap(each -> (each.1, each.2, each.4), rules)))) AS family
FROM {sources.watched} GROUP BY process
"""  # noqa: S608 - made of constants


def maps(sources: Sources) -> str:
    """Return the query for the sets of rules that services watched, with the rules' stages."""
    return f"""
SELECT digest, '', {_DEPLOYMENT}, count(), min(began), max(written) AS till,
       arrayMap(each -> each.3, any(rules)), any(family)
FROM ({processes(sources)}) AS found INNER JOIN ({rule_sets(sources)}) AS map USING process
GROUP BY digest, {_DEPLOYMENT} ORDER BY till DESC, {_DEPLOYMENT}, digest
"""  # noqa: S608 - made of constants


def hosts(sources: Sources) -> str:
    """Return the query for the fields of ``HostMap``, for hosts that were alive on the last day."""
    return f"""
SELECT service, environment, host, argMax(digest, began)
FROM ({processes(sources)}) AS found INNER JOIN ({rule_sets(sources)}) AS map USING process
WHERE written >= (
    SELECT max(written) FROM ({processes(sources)})
    WHERE written <= {{now:Int64}} + {CLOCKS_DIFFER}
) - {DAY}
GROUP BY service, environment, host ORDER BY service, environment, host
"""  # noqa: S608 - made of constants


def map_rules(sources: Sources) -> str:
    """Return the query for the rules of one set."""
    return f"""
SELECT each.1, each.2, each.3, each.4 FROM (
    SELECT arrayJoin(rules) AS each FROM ({rule_sets(sources)})
    WHERE digest = {{digest:String}} LIMIT 1 BY digest, each
) ORDER BY each.1
"""  # noqa: S608 - made of constants


def watches(sources: Sources) -> str:
    """Return the query for the fields of ``ProcessWatch`` without blind spots and lost uses."""
    return f"""
SELECT process, {_DEPLOYMENT}, host, pid, python, command, '', digest, began, written, ending,
       gaps, longest
FROM ({_with_endings(sources)}) AS found
LEFT JOIN (SELECT process, digest FROM ({rule_sets(sources)})) AS map USING process
LEFT JOIN (
    SELECT process, count() AS gaps, max(since - before) AS longest FROM ({silences(sources)})
    GROUP BY process
) AS silence USING process
ORDER BY written DESC, process LIMIT {{rows:Int64}} OFFSET {{offset:Int64}}
"""  # noqa: S608 - made of constants


def dropped(sources: Sources) -> str:
    """Return the query for how many uses each process lost, exact to the hour.

    A count covers what was lost since its process began (temporality cumulative), or since the
    count before (delta).
    """
    # An export that a collector sent twice is two rows of the same moment: any() reads one.
    hour = 3_600_000_000_000
    return f"""
SELECT process, sum(lost) FROM (
    SELECT process, error, is_sum, start, if(is_sum,
        toInt64(maxIf(value, hour <= {{last_hour:Int64}}) - maxIf(value, hour < {{hour:Int64}})),
        toInt64(sumIf(value, hour BETWEEN {{hour:Int64}} AND {{last_hour:Int64}}))) AS lost
    FROM (
        SELECT process, error, is_sum, start, time, intDiv(time, {hour}) AS hour,
               any(value) AS value
        FROM {sources.drops} GROUP BY process, error, is_sum, start, time
    )
    GROUP BY process, error, is_sum, start
)
WHERE process IN ({ids(sources)}) GROUP BY process HAVING sum(lost) > 0
"""  # noqa: S608 - made of constants


def notices(sources: Sources) -> str:
    """Return the query for the fields of ``NoticeOf``."""
    return f"""
SELECT kind, subject, text, uniqExact(process) FROM {sources.notices}
WHERE process IN ({ids(sources)}) GROUP BY kind, subject, text ORDER BY kind, subject, text
"""  # noqa: S608 - made of constants


def blind(sources: Sources) -> str:
    """Return the query for each process's blind spots."""
    return f"""
SELECT process, groupUniqArray(text) FROM (
    SELECT process, subject, text FROM {sources.notices}
    WHERE kind IN {BLIND_KINDS} ORDER BY subject
) WHERE process IN ({ids(sources)}) GROUP BY process
"""  # noqa: S608 - made of constants
