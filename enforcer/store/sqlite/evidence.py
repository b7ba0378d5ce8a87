"""The SQL of a SQLite store's evidence for verdicts: lives of processes, uses, pauses, losses.

None of it depends on a filter: a verdict is a fact of a rule.
"""

from typing import Final

from enforcer.recording.use import PROBE
from enforcer.store.sqlite.schema import HOUR

LIVES: Final = """
SELECT process.key, id, service, version, environment, digest, written, ending, silence
FROM process JOIN deployment ON deployment.key = deployment JOIN map ON map.key = map
WHERE written >= :since AND pid
ORDER BY process.key
"""

SPANS: Final = """
SELECT process, heartbeat.since, till FROM heartbeat JOIN process ON process.key = process
WHERE written >= :since AND pid
ORDER BY process, heartbeat.since
"""

# Summed by integers before the join with the long texts of call sites.
USES: Final = f"""
SELECT legacy, path, file, line, function, mechanism, relation, distribution, outcome,
       found.service, found.environment, count, first_seen, last_seen
FROM (
    SELECT tally, service, environment, sum(count) AS count,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM use_ever JOIN deployment ON deployment.key = deployment
    GROUP BY tally, service, environment
) AS found
JOIN tally ON tally.key = found.tally JOIN rule ON rule.key = tally.rule
JOIN call_site ON call_site.key = tally.site
WHERE mechanism <> '{PROBE}'
"""  # noqa: S608 - made of constants

LOST: Final = f"""
SELECT service, environment, hour * {HOUR}, sum(count)
FROM dropped JOIN process ON process.key = process JOIN deployment ON deployment.key = deployment
WHERE hour >= :since / {HOUR}
GROUP BY service, environment, hour ORDER BY hour, service, environment
"""  # noqa: S608 - made of constants

NOTICES: Final = """
SELECT id, service, environment, kind, subject, text, max(written, noted)
FROM notice JOIN process ON process.key = process JOIN deployment ON deployment.key = deployment
WHERE max(written, noted) >= :since AND kind IN (SELECT value FROM json_each(:kinds))
ORDER BY max(written, noted) DESC, id, kind, subject
"""


def pauses(*, by_service: bool) -> str:
    """Return the query for the fields of ``UsePause``, by function or by service.

    Args:
        by_service: whether all callers of a service are one.

    """
    caller = "'' AS file, '' AS function" if by_service else "file, function"
    key = "rule, service, environment, file, function"
    return f"""
WITH used AS (
    SELECT rule.key AS rule, legacy, service, environment, {caller}, day,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM use_by_day JOIN rule ON rule.key = use_by_day.rule
    JOIN deployment ON deployment.key = deployment
    JOIN call_site ON call_site.key = site
    WHERE legacy IN (SELECT value FROM json_each(:legacies)) AND mechanism <> '{PROBE}'
    GROUP BY 1, service, environment, 5, 6, day
)
SELECT legacy, service, environment, file, function, count(*),
       coalesce(max(pause), 0), min(first_seen), max(last_seen)
FROM (
    -- Not first_seen of the later day: a process counts from its first use of the call site on.
    SELECT *, last_seen - lag(last_seen) OVER (PARTITION BY {key} ORDER BY day) AS pause
    FROM used
)
GROUP BY {key} ORDER BY legacy, service, environment, file, function
"""  # noqa: S608 - made of constants
