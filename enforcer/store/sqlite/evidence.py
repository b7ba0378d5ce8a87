"""The SQL of a SQLite store's evidence for verdicts: lives of processes, uses, pauses, losses.

None of it depends on a filter: a verdict is a fact of a rule.
"""

from typing import Final

from enforcer.recording.use import PROBE
from enforcer.store.sqlite.schema import DAY, HOUR

LIVES: Final = """
SELECT process.key, id, service, version, environment, digest, written, ending, silence, started
FROM process JOIN deployment ON deployment.key = deployment JOIN map ON map.key = map
WHERE written >= :since AND pid
ORDER BY process.key
"""

SPANS: Final = """
SELECT process, heartbeat.since, till FROM heartbeat JOIN process ON process.key = process
WHERE written >= :since AND pid
ORDER BY process, heartbeat.since
"""

_PLACE = """
place AS MATERIALIZED (
    SELECT key, min(key) OVER (PARTITION BY service, environment) AS place FROM deployment
)
"""

# Summed by integers before the join with the long texts of call sites and services.
USES: Final = f"""
WITH {_PLACE}
SELECT legacy, path, file, line, function, mechanism, relation, distribution, outcome,
       service, environment, count, first_seen, last_seen
FROM (
    SELECT tally, place, sum(count) AS count,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM use_ever JOIN place ON place.key = deployment
    GROUP BY tally, place
) AS found
JOIN tally ON tally.key = found.tally JOIN rule ON rule.key = tally.rule
JOIN call_site ON call_site.key = tally.site JOIN deployment ON deployment.key = place
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


# Callers and places are compared as integers: over a year there are a million rows, and long texts
# took three times as long.
_PLACES = f"""
{_PLACE}, wanted AS MATERIALIZED (
    SELECT key FROM rule WHERE legacy IN (SELECT value FROM json_each(:legacies))
)
"""  # noqa: S608 - made of constants
_LONGEST = "coalesce(max(pause), 0)"

PAUSES_OF_SERVICES: Final = f"""
WITH {_PLACES}, used AS (
    SELECT rule, place, day FROM rule_by_day JOIN place ON place.key = deployment
    WHERE rule IN wanted AND count > 0 GROUP BY rule, place, day
), paused AS (
    SELECT rule, place, day - lag(day) OVER (PARTITION BY rule, place ORDER BY day) AS pause
    FROM used
), seen AS (
    SELECT tally.rule AS rule, place,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM use_ever JOIN tally ON tally.key = tally JOIN place ON place.key = deployment
    JOIN call_site ON call_site.key = tally.site
    WHERE tally.rule IN wanted AND mechanism <> '{PROBE}' GROUP BY tally.rule, place
)
SELECT legacy, service, environment, '', '', count(*), {_LONGEST} * {DAY}, first_seen, last_seen
FROM paused JOIN seen USING (rule, place) JOIN rule ON rule.key = rule
JOIN deployment ON deployment.key = place
GROUP BY rule, place ORDER BY legacy, service, environment
"""  # noqa: S608 - made of constants

PAUSES_OF_CALLERS: Final = f"""
WITH {_PLACES}, caller AS MATERIALIZED (
    SELECT key, min(key) OVER (PARTITION BY file, function) AS caller FROM call_site
    WHERE mechanism <> '{PROBE}'
), used AS (
    SELECT rule, place, caller, day,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM use_by_day JOIN place ON place.key = deployment JOIN caller ON caller.key = site
    WHERE rule IN wanted GROUP BY rule, place, caller, day
), paused AS (
    -- Not first_seen of the later day: a process counts from its first use of the call site on.
    SELECT *, last_seen - lag(last_seen) OVER (PARTITION BY rule, place, caller ORDER BY day)
              AS pause
    FROM used
), summed AS (
    SELECT rule, place, caller, count(*) AS days, {_LONGEST} AS longest,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen
    FROM paused GROUP BY rule, place, caller
)
SELECT legacy, service, environment, file, function, days, longest, first_seen, last_seen
FROM summed JOIN rule ON rule.key = rule JOIN deployment ON deployment.key = place
JOIN call_site ON call_site.key = caller
ORDER BY legacy, service, environment, file, function
"""  # noqa: S608 - made of constants
